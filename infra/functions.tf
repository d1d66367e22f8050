resource "google_storage_bucket" "artefacts" {
  name                        = "${var.project}-${var.environment}-functions"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # All objects can be built again from the sources.
  force_destroy = true
  depends_on    = [google_project_service.api]
}

# The name contains the zip's hash, so a changed artefact is a new object and makes Terraform deploy its function again.
resource "google_storage_bucket_object" "artefact" {
  for_each = local.functions
  bucket   = google_storage_bucket.artefacts.name
  name     = "${each.key}/${var.artefacts[each.key].sha256}.zip"
  source   = "${path.module}/../${var.artefacts[each.key].path}"

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_artifact_registry_repository" "containers" {
  repository_id = "${var.environment}-functions"
  location      = var.region
  format        = "DOCKER"
  description   = "Containers of the functions, as Cloud Build makes them."

  # A revision needs its image until it is replaced; two older ones are kept for a rollback.
  cleanup_policies {
    id     = "keep-three"
    action = "KEEP"
    most_recent_versions {
      keep_count = 3
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }
  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "build_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.account["build"].member
}

resource "google_artifact_registry_repository_iam_member" "build" {
  location   = google_artifact_registry_repository.containers.location
  repository = google_artifact_registry_repository.containers.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.account["build"].member
}

# Before building, the Functions API copies a source into a bucket of its own (gcf-v2-sources-…), in a folder named
# after the function. The build may read only the folders of this environment.
resource "google_project_iam_member" "build_sources" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.account["build"].member

  condition {
    title      = "compute-api ${var.environment}: its sources"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\") && resource.name.extract(\"/objects/{function}/\").startsWith(\"${var.environment}-\")"
  }
}

locals {
  # The sweep has an instance for each of its jobs, and one for a run that is late.
  _instances_max = {
    for name, entry in local.functions : name => max(entry.runtime.maxInstances, name == "reconciler-sweep" ? var.sweep.runs_at_once + 1 : 0)
  }
  _environment_variables = merge({ for name, value in {
    DATASTORE_DATABASE = local.database_id == "(default)" ? "" : local.database_id
    # The label of the deployment's VMs, so that deployments in one project leave each other's VMs alone.
    DEPLOYMENT                 = var.environment
    FAILED_SIGN_INS_PER_MINUTE = tostring(var.failed_sign_ins_per_minute)
    FORWARDED_HOPS             = tostring(local.forwarded_hops)
    GOOGLE_CLOUD_PROJECT       = var.project
    INSTANCE_ID_PREFIX         = local.id_prefixes.compute
    JWT_AUDIENCE               = try(var.jwt.audience, "")
    JWT_ISSUER                 = try(var.jwt.issuer, "")
    JWT_JWKS_URI               = try(var.jwt.jwks_uri, "")
    LOG_EXECUTION_ID           = "true"
    LOG_LEVEL                  = var.log_level
    OPERATIONS_TOPIC           = google_pubsub_topic.topic["operations"].name
    ORPHAN_KEPT_DAYS           = tostring(var.orphan_kept_days)
    RESOURCE_ID_PREFIX         = local.id_prefixes.resource
    SWEEP_RUN_SECONDS          = tostring(var.sweep.run_seconds)
    SWEEP_SLICE_MACHINES       = tostring(var.sweep.slice_machines)
    SWEEP_SLICES_AT_ONCE       = tostring(var.sweep.slices_at_once)
    } : name => value if value != "" }, {
    # When the database was created: a backup that is restored into another database contradicts this time.
    DATABASE_EPOCH = google_firestore_database.main.create_time
  })
}

resource "google_cloudfunctions2_function" "function" {
  for_each    = local.functions
  name        = "${var.environment}-${each.key}"
  location    = var.region
  description = each.value.description

  build_config {
    runtime           = "nodejs24"
    entry_point       = each.value.entryPoint
    docker_repository = google_artifact_registry_repository.containers.id
    service_account   = google_service_account.account["build"].id
    source {
      storage_source {
        bucket = google_storage_bucket.artefacts.name
        object = google_storage_bucket_object.artefact[each.key].name
      }
    }
    automatic_update_policy {}
  }

  service_config {
    available_cpu                    = tostring(each.value.runtime.cpu)
    available_memory                 = "${try(coalesce(var.function_overrides[each.key].memory_mb), each.value.runtime.memoryMb)}Mi"
    max_instance_request_concurrency = try(coalesce(var.function_overrides[each.key].concurrency), each.value.runtime.concurrency)
    timeout_seconds                  = local.timeout_seconds[each.key]
    min_instance_count               = lookup(var.min_instances, each.key, each.value.runtime.minInstances)
    max_instance_count               = min(local._instances_max[each.key], coalesce(var.max_instances, local._instances_max[each.key]))
    service_account_email            = google_service_account.account[each.value.identity].email
    environment_variables            = local._environment_variables

    # Pub/Sub and Cloud Scheduler of the same project count as internal for Cloud Run, API Gateway does not
    # (https://cloud.google.com/run/docs/securing/ingress). In addition, only callers with roles/run.invoker are let in.
    ingress_settings               = each.value.kind == "http" ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision = true

    dynamic "secret_environment_variables" {
      for_each = { for name, secret in var.secrets : name => secret if secret.version != null && contains(secret.identities, each.value.identity) }
      content {
        key        = secret_environment_variables.value.variable
        project_id = var.project
        secret     = google_secret_manager_secret.secret[secret_environment_variables.key].secret_id
        version    = secret_environment_variables.value.version
      }
    }
  }

  # A build that starts before its permissions exist fails; a revision that serves before its permissions or indexes
  # exist refuses requests.
  depends_on = [
    google_artifact_registry_repository_iam_member.build,
    google_firestore_index.index,
    google_project_iam_member.build_logs,
    google_project_iam_member.build_sources,
    google_project_iam_member.datastore,
    google_project_iam_member.machines,
    google_pubsub_topic_iam_member.publisher,
    google_secret_manager_secret_iam_member.reader,
  ]
}

# Only the intended caller may call a function: the gateway, Pub/Sub or the scheduler.
resource "google_cloud_run_service_iam_member" "gateway" {
  for_each = local.api_functions
  location = var.region
  service  = google_cloudfunctions2_function.function[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.account["gateway"].member
}

resource "google_cloud_run_service_iam_member" "push" {
  for_each = local.push_functions
  location = var.region
  service  = google_cloudfunctions2_function.function[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.account["push"].member
}

resource "google_cloud_run_service_iam_member" "scheduler" {
  for_each = local.jobs
  location = var.region
  service  = google_cloudfunctions2_function.function[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.account["scheduler"].member
}
