# The gateway treats header x-api-key and query key/api_key of every request as an API key of its own and logs the
# value. The resource family's credential is in that header, so such entries are excluded from the project's _Default
# sink.
resource "google_logging_project_exclusion" "credentials" {
  name        = "${var.environment}-gateway-credentials"
  description = "The gateway's log entries that hold a caller's API key."
  filter      = local.log_filters.gatewayCredentials
  depends_on  = [google_project_service.api]
}

# Metrics also count excluded entries: this one shows whether the gateway writes such entries at all.
resource "google_logging_metric" "credentials" {
  name        = "${var.environment}/credentials_in_gateway_logs"
  description = "The gateway's log entries that hold a caller's API key; the exclusion keeps them from being stored."
  filter      = local.log_filters.gatewayCredentials
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
  depends_on = [google_project_service.api]
}

# A log-based alert sees only entries that reach a log bucket, so an entry here is a key that was stored.
resource "google_monitoring_alert_policy" "credentials" {
  display_name          = "compute-api ${var.environment}: API keys in logs"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = google_monitoring_notification_channel.email[*].name
  user_labels           = local.labels

  conditions {
    display_name = "API keys in logs"
    condition_matched_log {
      filter = local.log_filters.gatewayCredentials
    }
  }

  documentation {
    content   = "A log entry of the gateway with a caller's API key was stored. Runbook: infra/README.md, API keys in logs."
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "3600s"
    notification_rate_limit {
      period = "3600s"
    }
  }
  depends_on = [google_project_service.api]
}
