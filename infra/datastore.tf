resource "google_firestore_database" "main" {
  name        = local.database_id
  location_id = coalesce(var.database.location, var.region)
  type        = "DATASTORE_MODE"

  # Every write is conditional on the version that was read, so nothing waits for locks.
  concurrency_mode                  = "OPTIMISTIC"
  point_in_time_recovery_enablement = var.database.point_in_time_recovery ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"

  # The database holds customers' records: neither a mistake in these files nor `destroy` removes it.
  delete_protection_state = "DELETE_PROTECTION_ENABLED"
  deletion_policy         = "ABANDON"
  depends_on              = [google_project_service.api]
}

# Imports a database that exists already, from a destroyed deployment or created by hand.
import {
  for_each = var.adopt_database ? toset(["projects/${var.project}/databases/${local.database_id}"]) : toset([])
  to       = google_firestore_database.main
  id       = each.value
}

resource "google_firestore_index" "index" {
  for_each = { for index in local._datastore.indexes :
    join("-", concat([index.kind], [for property in index.properties : "${property.name}_${property.direction}"])) => index
  }
  database   = google_firestore_database.main.name
  collection = each.value.kind
  api_scope  = "DATASTORE_MODE_API"

  # The scope of queries without an ancestor; the provider's default is not valid in Datastore mode.
  query_scope = "COLLECTION_GROUP"
  density     = "SPARSE_ALL"

  dynamic "fields" {
    for_each = each.value.properties
    content {
      field_path = fields.value.name
      order      = fields.value.direction == "asc" ? "ASCENDING" : "DESCENDING"
    }
  }

  # Building an index over many rows takes hours, and the resource counts as created only when the index is READY.
  timeouts {
    create = "4h"
    delete = "4h"
  }

  # An index that is no longer needed is deleted after the functions that used it were replaced.
  lifecycle {
    create_before_destroy = true
  }
}

# A restored database has the indexes of its origin, and creating an index that exists fails, so these are imported.
import {
  for_each = var.adopt_indexes
  to       = google_firestore_index.index[each.key]
  id       = each.value
}

resource "google_firestore_field" "expiry" {
  for_each   = var.ttl_policies ? toset(local._datastore.expiringKinds) : toset([])
  database   = google_firestore_database.main.name
  collection = each.value
  field      = local._datastore.expiryProperty
  ttl_config {}

  # `destroy` leaves the policies along with the database, and rows keep expiring. To remove a policy the provider would
  # also reset the single-field indexes, which Datastore mode refuses.
  deletion_policy = "ABANDON"
}

resource "google_project_iam_member" "datastore" {
  for_each = local._clients.datastore
  project  = var.project
  role     = "roles/datastore.user"
  member   = google_service_account.account[each.value].member

  # Grants access to this database only, not to others of the project.
  condition {
    title = "compute-api ${var.environment}: its database"
    expression = join(" || ", [for id in concat([local.database_id], sort(var.also_databases)) :
      "resource.name == \"projects/${var.project}/databases/${id}\""
    ])
  }

  # While a deployment switches to another database, functions of both revisions run, so the former right is removed
  # last.
  lifecycle {
    create_before_destroy = true
  }
}
