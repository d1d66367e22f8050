# Checks what a plan contains, with mock providers that invent every computed value.
mock_provider "google" {}
mock_provider "google-beta" {}

variables {
  project = "demo-project"
  region  = "europe-west1"
  artefacts = { for entry in jsondecode(file("generated/functions.json")).functions : entry.name => {
    path   = ".build/artefacts/${entry.name}.zip"
    sha256 = sha256(entry.name)
  } }
}

run "everything_is_made_from_the_generated_files" {
  assert {
    condition     = toset(keys(google_cloudfunctions2_function.function)) == toset(jsondecode(file("generated/functions.json")).functions[*].name)
    error_message = "One function per entry of functions.json."
  }
  assert {
    condition = alltrue([for entry in jsondecode(file("generated/functions.json")).functions : (
      google_cloudfunctions2_function.function[entry.name].build_config[0].runtime == "nodejs24" &&
      google_cloudfunctions2_function.function[entry.name].build_config[0].entry_point == entry.entryPoint &&
      google_cloudfunctions2_function.function[entry.name].service_config[0].available_memory == "${entry.runtime.memoryMb}Mi" &&
      google_cloudfunctions2_function.function[entry.name].service_config[0].max_instance_request_concurrency == entry.runtime.concurrency &&
      google_cloudfunctions2_function.function[entry.name].service_config[0].timeout_seconds == entry.runtime.timeoutSeconds &&
      google_cloudfunctions2_function.function[entry.name].service_config[0].min_instance_count == entry.runtime.minInstances &&
      google_cloudfunctions2_function.function[entry.name].service_config[0].service_account_email == google_service_account.account[entry.identity].email
    )])
    error_message = "A function runs as its entry says, under its own identity."
  }
  assert {
    condition     = length(google_pubsub_topic.topic) == length(jsondecode(file("generated/functions.json")).topics)
    error_message = "One topic per entry of functions.json."
  }
  assert {
    condition     = length(google_firestore_index.index) == length(jsondecode(file("generated/datastore.json")).indexes)
    error_message = "One index per entry of datastore.json."
  }
  assert {
    condition     = alltrue([for index in google_firestore_index.index : index.query_scope == "COLLECTION_GROUP" && index.api_scope == "DATASTORE_MODE_API"])
    error_message = "Indexes serve queries without an ancestor, in Datastore mode."
  }
  assert {
    condition     = length(google_firestore_field.expiry) == 0
    error_message = "TTL policies are the deploy command's."
  }
  assert {
    condition     = google_project_iam_custom_role.machines.permissions == toset(flatten(values(jsondecode(file("generated/permissions.json")).compute)))
    error_message = "The role for machines has exactly the permissions of the calls."
  }
}

run "only_its_own_caller_may_call_a_function" {
  assert {
    condition = toset(concat(
      keys(google_cloud_run_service_iam_member.gateway),
      keys(google_cloud_run_service_iam_member.push),
      keys(google_cloud_run_service_iam_member.scheduler),
    )) == toset(jsondecode(file("generated/functions.json")).functions[*].name)
    error_message = "Every function has a caller."
  }
  assert {
    condition     = toset(keys(google_cloud_run_service_iam_member.gateway)) == toset([for entry in jsondecode(file("generated/functions.json")).functions : entry.name if entry.kind == "http"])
    error_message = "The gateway calls API functions, and nothing else."
  }
  assert {
    condition     = alltrue([for member in google_cloud_run_service_iam_member.gateway : member.member == google_service_account.account["gateway"].member])
    error_message = "Nobody but the gateway calls API functions."
  }
  assert {
    condition     = alltrue([for member in google_cloud_run_service_iam_member.push : member.member == google_service_account.account["push"].member])
    error_message = "Nobody but Pub/Sub calls workers."
  }
  assert {
    condition     = !contains(keys(google_project_iam_member.machines), "api")
    error_message = "Functions that do not talk to Compute Engine may not."
  }
}

run "messages_are_neither_lost_nor_left" {
  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.push : subscription.expiration_policy[0].ttl == ""])
    error_message = "Subscriptions do not expire."
  }
  assert {
    condition     = google_pubsub_subscription.push["power-worker"].enable_message_ordering && google_pubsub_subscription.push["power-worker"].dead_letter_policy[0].max_delivery_attempts == 10
    error_message = "Operations are delivered in order, and given up after ten attempts."
  }
  assert {
    condition = alltrue([for name, subscription in google_pubsub_subscription.push :
      subscription.push_config[0].oidc_token[0].audience == google_cloudfunctions2_function.function[name].service_config[0].uri &&
      subscription.ack_deadline_seconds >= google_cloudfunctions2_function.function[name].service_config[0].timeout_seconds
    ])
    error_message = "A delivery is signed for its function, and not repeated while the function may still be at work."
  }
  assert {
    condition     = keys(google_pubsub_topic_iam_member.dead_letter) == ["operations-dead-letter"] && keys(google_pubsub_subscription_iam_member.dead_letter) == ["power-worker"]
    error_message = "Pub/Sub may forward what it cannot deliver."
  }
  assert {
    condition     = contains([for subscription in google_pubsub_subscription.push : subscription.topic], google_pubsub_topic.topic["operations-dead-letter"].id)
    error_message = "Dead letters have a subscription."
  }
}

run "the_gateway_knows_every_function" {
  assert {
    condition = !strcontains(base64decode(google_api_gateway_api_config.config.openapi_documents[0].document[0].contents), "$${") && alltrue([
      for entry in jsondecode(file("generated/functions.json")).functions :
      strcontains(base64decode(google_api_gateway_api_config.config.openapi_documents[0].document[0].contents), google_cloudfunctions2_function.function[entry.name].service_config[0].uri)
      if entry.kind == "http"
    ])
    error_message = "Every backend address is filled in."
  }
  assert {
    condition     = google_api_gateway_api_config.config.gateway_config[0].backend_config[0].google_service_account == google_service_account.account["gateway"].email
    error_message = "The gateway signs with its own account."
  }
}

run "records_outlive_a_destroy" {
  assert {
    condition     = google_firestore_database.main.name == "(default)" && google_firestore_database.main.deletion_policy == "ABANDON" && google_firestore_database.main.delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "The database stays."
  }
}

run "environments_in_one_project_share_nothing" {
  variables {
    environment    = "staging"
    gateway_region = "europe-west2"
    secrets = {
      mounted = { identities = ["worker"], variable = "MOUNTED", version = "1" }
      waiting = { identities = ["api"], variable = "WAITING" }
    }
    alerts  = { email = "operators@example.com" }
    network = { nat = false }
  }

  assert {
    condition     = google_firestore_database.main.name == "compute-api-staging" && google_cloudfunctions2_function.function["power-worker"].service_config[0].environment_variables["DATASTORE_DATABASE"] == "compute-api-staging"
    error_message = "Each has a database, and its functions use it."
  }
  assert {
    condition     = alltrue([for member in google_project_iam_member.datastore : endswith(member.condition[0].expression, "/databases/compute-api-staging\"")])
    error_message = "Its identities reach no other database."
  }
  assert {
    condition     = alltrue([for name, function in google_cloudfunctions2_function.function : function.name == "staging-${name}"])
    error_message = "Names begin with the environment."
  }
  assert {
    condition = (
      length(google_cloudfunctions2_function.function["power-worker"].service_config[0].secret_environment_variables) == 1 &&
      length(google_cloudfunctions2_function.function["reconciler-sweep"].service_config[0].secret_environment_variables) == 0 &&
      length(google_cloudfunctions2_function.function["compute-templates-list"].service_config[0].secret_environment_variables) == 0
    )
    error_message = "A secret is mounted by its identities alone, once it has a version."
  }
  assert {
    condition     = google_api_gateway_gateway.gateway.region == "europe-west2" && length(google_compute_router_nat.nat) == 0 && length(google_monitoring_notification_channel.email) == 1
    error_message = "Options are followed."
  }
}

run "functions_stay_below_a_quota_and_below_what_they_ask_for" {
  variables {
    max_instances = 20
  }

  assert {
    condition = alltrue([for entry in jsondecode(file("generated/functions.json")).functions :
      google_cloudfunctions2_function.function[entry.name].service_config[0].max_instance_count == min(entry.runtime.maxInstances, 20)
    ])
    error_message = "No function may have more instances than the quota allows, or than it asks for."
  }
}

run "without_a_quota_functions_have_what_they_ask_for" {
  assert {
    condition = alltrue([for entry in jsondecode(file("generated/functions.json")).functions :
      google_cloudfunctions2_function.function[entry.name].service_config[0].max_instance_count == entry.runtime.maxInstances
    ])
    error_message = "A function has the instances of its entry."
  }
}

run "what_a_provider_may_refuse_is_an_option" {
  variables {
    ttl_policies   = true
    role_id_suffix = "2"
  }

  assert {
    condition     = toset(keys(google_firestore_field.expiry)) == toset(jsondecode(file("generated/datastore.json")).expiringKinds)
    error_message = "One TTL policy per expiring kind."
  }
  assert {
    condition     = alltrue([for field in google_firestore_field.expiry : field.deletion_policy == "ABANDON"])
    error_message = "Rows of a database that is left go on expiring."
  }
  assert {
    condition     = google_project_iam_custom_role.machines.role_id == "computeApi.production2"
    error_message = "The role can have another id while that of a deleted one is blocked."
  }
}

run "a_database_that_is_taken_over_keeps_its_indexes" {
  command = plan
  variables {
    database_id   = "restored"
    adopt_indexes = { "InstanceEvent-instanceId_asc-sequence_desc" = "projects/demo-project/databases/restored/collectionGroups/InstanceEvent/indexes/CI1" }
  }

  assert {
    condition     = length(google_firestore_index.index) == length(jsondecode(file("generated/datastore.json")).indexes)
    error_message = "One index per entry of datastore.json, those that are there already among them."
  }
}

run "a_fraction_of_an_instance_is_refused" {
  command = plan
  variables {
    max_instances = 0.5
  }
  expect_failures = [var.max_instances]
}

run "a_project_id_with_a_domain_is_refused" {
  command = plan
  variables {
    project = "example.com:web"
  }
  expect_failures = [var.project]
}

run "an_artefact_that_is_missing_is_refused" {
  command = plan
  variables {
    artefacts = {}
  }
  expect_failures = [var.artefacts]
}

run "an_environment_with_a_bad_name_is_refused" {
  command = plan
  variables {
    environment = "Staging!"
  }
  expect_failures = [var.environment]
}
