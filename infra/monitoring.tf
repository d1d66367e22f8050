locals {
  _service = { for name in keys(local.functions) : name => "${var.environment}-${name}" }

  # Counts log lines by their message, which never changes; a test looks up each message in the sources.
  _log_counters = {
    cloud_changes  = { message = "the cloud changed an instance", description = "Changes of instances that no operation of ours explains." }
    brake          = { message = "too many VMs without a record", description = "Sweeps that found so many machines without a record that they touched none." }
    cache_rejected = { message = "the shipped code cache was rejected", description = "Starts of function instances that compiled their code because V8 refused the cache built for them." }
    dead_letters   = { message = "a message ended in the dead letter topic", description = "Messages that could not be handled in all their attempts." }
    foreign_sweeps = { message = "the database was restored from another one, or is another one; nothing is swept", description = "Sweeps that did nothing, because the database is not the one that the environment was made with." }
    failed_parts   = { message = "a part of the sweep failed; the next sweep tries again", description = "Parts of reconciler sweeps that failed." }
    orphans        = { message = "a VM without a record was found; it will be stopped, and deleted after some days", description = "Virtual machines of ours that nobody has on record." }
    quota_drift    = { message = "quota usage was not what the customer has", description = "Customers whose counted quota differs from their instances or volumes." }
    stuck_machines = { message = "a VM without a record could not be stopped or deleted yet", description = "Failed attempts to stop or delete virtual machines that must go." }
    sweeps         = { message = "sweep ended", description = "Runs of the reconciler that came to their end." }
  }

  _own = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${join(" OR ", [for service in values(local._service) : "\"${service}\""])})"

  # A filter of an alert has at most 2,048 characters, so functions are matched by the beginning of their names: the API
  # family.
  _api_families = distinct([for name in keys(local.api_functions) : split("-", name)[0]])
  _api_series   = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = monitoring.regex.full_match(\"${var.environment}-(${join("|", local._api_families)})-.*\")"

  # Endpoints with a longer deadline than the others wait on purpose, so they are left out of latency alerts.
  _quick_series = join(" AND ", concat([local._api_series], [
    for name, entry in local.api_functions : "resource.labels.service_name != \"${local._service[name]}\"" if entry.runtime.deadlineSeconds > 60
  ]))

  _counter_series = { for name, metric in google_logging_metric.counter :
    name => "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${metric.name}\""
  }
  _oldest_operation_series = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.oldest_operation.name}\""

  _alerts = {
    "Brake of the sweep" = {
      severity = "CRITICAL", filter = local._counter_series.brake, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM"
      above    = 0, period = "300s", duration = "0s"
      help     = "So many machines have no record that the sweep quarantines none: records may be lost."
    }
    "Code cache rejected" = {
      severity = "WARNING", filter = local._counter_series.cache_rejected, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM"
      above    = 0, period = "3600s", duration = "0s"
      help     = "Functions compile at every cold start: their Node.js is not the one that built them."
    }
    "Dead letters" = {
      severity = "ERROR", filter = local._counter_series.dead_letters, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM"
      above    = 0, period = "300s", duration = "0s"
      help     = "An operation failed in all its attempts and is recorded as failed."
    }
    "Dead letters that nobody records" = {
      severity = "ERROR", filter = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${google_pubsub_subscription.push["dead-letter-recorder"].name}\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      aligner  = "ALIGN_MAX", reducer = "REDUCE_MAX", above = var.alerts.unacknowledged_event_seconds, period = "60s", duration = "300s"
      help     = "dead-letter-recorder does not take its messages; after seven days they are lost, with the operations pending."
    }
    "Database is another one" = {
      severity = "CRITICAL", filter = local._counter_series.foreign_sweeps, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM"
      above    = 0, period = "300s", duration = "0s"
      help     = "The records name another database, or one made earlier: a backup was restored. Nothing is swept, so that old records neither repeat operations nor touch machines."
    }
    "Events that wait" = {
      severity = "WARNING", filter = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${google_pubsub_subscription.push["reconciler-sync"].name}\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      aligner  = "ALIGN_MAX", reducer = "REDUCE_MAX", above = var.alerts.unacknowledged_event_seconds, period = "60s", duration = "300s"
      help     = "Compute Engine's events are not handled; the sweep still finds what they would have told, a minute or more later."
    }
    "Latency" = {
      severity = "WARNING", filter = "${local._quick_series} AND metric.type = \"run.googleapis.com/request_latencies\""
      aligner  = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", above = var.alerts.latency_p95_ms, period = "300s", duration = "600s"
      help     = "The slowest twentieth of the requests takes longer than the objective allows."
    }
    "Oldest pending operation" = {
      severity = "ERROR", filter = local._oldest_operation_series, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99"
      above    = var.alerts.oldest_operation_seconds, period = "120s", duration = "120s"
      help     = "An accepted operation is neither completed nor failed after this time."
    }
    "Operations that wait" = {
      severity = "ERROR", filter = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${google_pubsub_subscription.push["power-worker"].name}\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      aligner  = "ALIGN_MAX", reducer = "REDUCE_MAX", above = var.alerts.unacknowledged_event_seconds, period = "60s", duration = "300s"
      help     = "power-worker does not take its messages: accepted operations are not carried out."
    }
    "Orphans found" = {
      severity = "WARNING", filter = local._counter_series.orphans, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM"
      above    = 0, period = "300s", duration = "0s"
      help     = "A virtual machine with our label has no record. It is stopped after ten minutes and deleted after ${var.orphan_kept_days} days, unless it is protected from deletion meanwhile."
    }
    "Orphans that stay" = {
      severity = "ERROR", filter = local._counter_series.stuck_machines, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM"
      above    = 3, period = "3600s", duration = "0s"
      help     = "A virtual machine that must go cannot be deleted, and bills. The log line has the reason."
    }
    "Quota drift" = {
      severity = "WARNING", filter = local._counter_series.quota_drift, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM"
      above    = 0, period = "300s", duration = "0s"
      help     = "A customer's quota counted more or fewer instances than there were; the log line has both numbers. The nightly recount repaired it, but something made it wrong."
    }
    "Reconcile age" = {
      severity = "CRITICAL", filter = local._counter_series.sweeps, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM"
      below    = 1, period = "${var.alerts.reconcile_age_seconds}s", duration = "60s"
      help     = "The reconciler has not come to its end for this long: nothing repairs what goes wrong."
    }
    "Sweeps with failures" = {
      severity = "WARNING", filter = local._counter_series.failed_parts, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM"
      above    = 5, period = "900s", duration = "0s"
      help     = "A part of the reconciler fails again and again; the log line names it."
    }
  }
}

resource "google_logging_metric" "counter" {
  for_each    = local._log_counters
  name        = "${var.environment}/${each.key}"
  description = each.value.description
  filter      = "${local._own} AND jsonPayload.message=${jsonencode(each.value.message)}"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
  depends_on = [google_project_service.api]
}

resource "google_logging_metric" "oldest_operation" {
  name            = "${var.environment}/oldest_operation_seconds"
  description     = "Age of the oldest operation that is neither completed nor failed, as the reconciler's sweeps see it."
  filter          = "${local._own} AND jsonPayload.message=${jsonencode(local._log_counters.sweeps.message)}"
  value_extractor = "EXTRACT(jsonPayload.oldestOpenSeconds)"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
  }
  bucket_options {
    explicit_buckets {
      bounds = [1, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 86400]
    }
  }
  depends_on = [google_project_service.api]
}

resource "google_monitoring_notification_channel" "email" {
  count        = var.alerts.email == null ? 0 : 1
  type         = "email"
  display_name = "compute-api ${var.environment}"
  labels       = { email_address = var.alerts.email }
  depends_on   = [google_project_service.api]
}

resource "google_monitoring_alert_policy" "alert" {
  for_each              = local._alerts
  display_name          = "compute-api ${var.environment}: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = google_monitoring_notification_channel.email[*].name
  user_labels           = local.labels

  conditions {
    display_name = each.key
    condition_threshold {
      filter             = each.value.filter
      denominator_filter = try(each.value.denominator, null)
      comparison         = can(each.value.below) ? "COMPARISON_LT" : "COMPARISON_GT"
      threshold_value    = can(each.value.below) ? each.value.below : each.value.above
      duration           = each.value.duration

      # For alerts on too few entries, a missing count is what the alert is about.
      evaluation_missing_data = can(each.value.below) ? "EVALUATION_MISSING_DATA_ACTIVE" : null

      aggregations {
        alignment_period     = each.value.period
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
      }

      dynamic "denominator_aggregations" {
        for_each = can(each.value.denominator) ? [each.value] : []
        content {
          alignment_period     = denominator_aggregations.value.period
          per_series_aligner   = denominator_aggregations.value.aligner
          cross_series_reducer = denominator_aggregations.value.reducer
        }
      }
    }
  }

  documentation {
    content   = "${each.value.help} Runbook: infra/README.md, ${each.key}."
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "3600s"
  }
}
