# One service account per role. Its permissions stand in the files of the resources that they concern; README.md has the
# whole table.
locals {
  _accounts = {
    api         = "Runs API functions that do not talk to Compute Engine."
    api-compute = "Runs API functions that talk to Compute Engine."
    build       = "Builds the functions' containers."
    gateway     = "Signs the gateway's requests to API functions."
    push        = "Signs Pub/Sub's deliveries to workers."
    reconciler  = "Runs the reconciler."
    scheduler   = "Signs the scheduler's requests to jobs."
    worker      = "Runs the workers that carry out operations."
  }
}

resource "google_service_account" "account" {
  for_each     = local._accounts
  account_id   = "${var.environment}-${each.key}"
  display_name = "compute-api ${var.environment}: ${each.key}"
  description  = each.value
  depends_on   = [google_project_service.api]
}

# Exactly the permissions that the calls in shared/gce/compute.ts need.
resource "google_project_iam_custom_role" "machines" {
  role_id     = "computeApi.${replace(var.environment, "-", "_")}${var.role_id_suffix}"
  title       = "compute-api ${var.environment}: virtual machines"
  description = "The calls to Compute Engine that compute-api makes, and nothing else."
  permissions = distinct(flatten(values(jsondecode(file("${path.module}/generated/permissions.json")).compute)))
  depends_on  = [google_project_service.api]
}

resource "google_project_iam_member" "machines" {
  for_each = local._clients.compute
  project  = var.project
  role     = google_project_iam_custom_role.machines.id
  member   = google_service_account.account[each.value].member
}
