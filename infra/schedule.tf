resource "google_cloud_scheduler_job" "job" {
  for_each         = local.jobs
  name             = "${var.environment}-${each.key}"
  region           = var.region
  description      = each.value.description
  schedule         = each.value.trigger.cron
  time_zone        = each.value.trigger.timeZone
  attempt_deadline = "${max(each.value.trigger.attemptDeadlineSeconds, local.timeout_seconds[each.key])}s"

  # Not retried: the next run follows soon and does whatever this one left.
  retry_config {
    retry_count = 0
  }

  http_target {
    uri         = google_cloudfunctions2_function.function[each.key].service_config[0].uri
    http_method = "POST"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")
    oidc_token {
      service_account_email = google_service_account.account["scheduler"].email
      audience              = google_cloudfunctions2_function.function[each.key].service_config[0].uri
    }
  }

  depends_on = [google_cloud_run_service_iam_member.scheduler]
}
