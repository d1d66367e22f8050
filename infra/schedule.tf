locals {
  # The function that each job calls. Several jobs call the sweep where one run a minute has not the processor time for all
  # machines; runs at the same time divide the slices.
  _called = merge({ for name, _ in local.jobs : name => name }, {
    for number in range(2, var.sweep.runs_at_once + 1) : "reconciler-sweep-${number}" => "reconciler-sweep"
  })
}

resource "google_cloud_scheduler_job" "job" {
  for_each         = local._called
  name             = "${var.environment}-${each.key}"
  region           = var.region
  description      = local.jobs[each.value].description
  schedule         = local.jobs[each.value].trigger.cron
  time_zone        = local.jobs[each.value].trigger.timeZone
  attempt_deadline = "${max(local.jobs[each.value].trigger.attemptDeadlineSeconds, local.timeout_seconds[each.value])}s"

  # Not retried: the next run follows soon and does whatever this one left.
  retry_config {
    retry_count = 0
  }

  http_target {
    uri         = google_cloudfunctions2_function.function[each.value].service_config[0].uri
    http_method = "POST"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")
    oidc_token {
      service_account_email = google_service_account.account["scheduler"].email
      audience              = google_cloudfunctions2_function.function[each.value].service_config[0].uri
    }
  }

  depends_on = [google_cloud_run_service_iam_member.scheduler]
}
