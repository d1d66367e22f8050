resource "google_secret_manager_secret" "secret" {
  for_each  = var.secrets
  secret_id = "${var.environment}-${each.key}"
  replication {
    auto {}
  }
  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = merge([for name, secret in var.secrets : {
    for identity in secret.identities : "${name}/${identity}" => { secret = name, identity = identity }
  }]...)
  secret_id = google_secret_manager_secret.secret[each.value.secret].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.account[each.value.identity].member
}
