# The objectives of README.md in Cloud Monitoring, and alerts on how fast their error budgets are used up.
locals {
  # A create that fails because a zone has no capacity is no outage of the API, so it does not count.
  _not_ours = "NOT jsonPayload.outcome=\"zone_exhausted\""

  # Cloud Run itself refuses a request when it may start no further instance; the function never receives it.
  _no_instance = "(log_id(\"run.googleapis.com/requests\") AND httpRequest.status=429 AND textPayload:\"no available instance\")"

  _gateway_requests = "resource.type=\"apigateway.googleapis.com/Gateway\" AND resource.labels.gateway_id=\"${google_api_gateway_gateway.gateway.gateway_id}\" AND log_id(\"apigateway.googleapis.com/requests\")"

  _request_metrics = {
    failures = {
      description = "API requests that failed by our fault, or that no instance was left for."
      filter      = "${local._own} AND ((jsonPayload.message=\"request failed\" AND ${local._not_ours}) OR ${local._no_instance})"
    }
    gateway_failures = {
      description = "Requests that the gateway answered with 5xx by itself: no function has answered them."
      filter      = "${local._gateway_requests} AND httpRequest.status>=500 AND NOT jsonPayload.responseDetails=\"via_upstream\""
    }
    gateway_requests = {
      description = "Requests that reached the gateway."
      filter      = local._gateway_requests
    }
    requests = {
      description = "API requests that a function answered, or that no instance was left for."
      filter      = "${local._own} AND (jsonPayload.message=\"request served\" OR jsonPayload.message=\"request failed\" OR ${local._no_instance})"
    }
  }

  _function_series = { for name, metric in google_logging_metric.request :
    name => "metric.type=\"logging.googleapis.com/user/${metric.name}\" resource.type=\"cloud_run_revision\""
  }
  _gateway_series = { for name, metric in google_logging_metric.request :
    name => "metric.type=\"logging.googleapis.com/user/${metric.name}\" resource.type=\"apigateway.googleapis.com/Gateway\""
  }

  _objectives = {
    availability = {
      title = "99.9 % of API requests do not fail by our fault", goal = 0.999
      bad   = local._function_series.failures, total = local._function_series.requests
    }
    gateway = {
      title = "99.9 % of requests are not failed by the gateway itself", goal = 0.999
      bad   = local._gateway_series.gateway_failures, total = local._gateway_series.gateway_requests
    }
    latency = {
      title  = "95 % of requests that do not wait on purpose take less than a second", goal = 0.95
      series = "metric.type=\"run.googleapis.com/request_latencies\" ${local._quick_series}", max_ms = 1000
    }
  }

  # Error budgets are for 30 days: at 14.4 times the allowed rate 2 % is used in an hour, at 6 times 5 % in six hours.
  # The short window ends the alert soon after the errors have ended.
  _burns = {
    fast = { factor = 14.4, long = "3600s", short = "300s", severity = "CRITICAL" }
    slow = { factor = 6, long = "21600s", short = "1800s", severity = "ERROR" }
  }
  _burn_alerts = merge([for objective in keys(local._objectives) : {
    for speed, burn in local._burns : "${objective}-${speed}" => merge(burn, { objective = objective, speed = speed })
  }]...)
}

resource "google_logging_metric" "request" {
  for_each    = local._request_metrics
  name        = "${var.environment}/${each.key}"
  description = each.value.description
  filter      = each.value.filter
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
  depends_on = [google_project_service.api]
}

resource "google_monitoring_custom_service" "api" {
  service_id   = "${var.environment}-compute-api"
  display_name = "compute-api ${var.environment}"
  user_labels  = local.labels
  depends_on   = [google_project_service.api]
}

resource "google_monitoring_slo" "objective" {
  for_each            = local._objectives
  service             = google_monitoring_custom_service.api.service_id
  slo_id              = each.key
  display_name        = each.value.title
  goal                = each.value.goal
  rolling_period_days = 30

  request_based_sli {
    dynamic "good_total_ratio" {
      for_each = can(each.value.bad) ? [each.value] : []
      content {
        bad_service_filter   = good_total_ratio.value.bad
        total_service_filter = good_total_ratio.value.total
      }
    }
    dynamic "distribution_cut" {
      for_each = can(each.value.series) ? [each.value] : []
      content {
        distribution_filter = distribution_cut.value.series
        range {
          min = 0
          max = distribution_cut.value.max_ms
        }
      }
    }
  }
}

resource "google_monitoring_alert_policy" "burn" {
  for_each              = local._burn_alerts
  display_name          = "compute-api ${var.environment}: Error budget of ${each.value.objective}, ${each.value.speed}"
  combiner              = "AND"
  severity              = each.value.severity
  notification_channels = google_monitoring_notification_channel.email[*].name
  user_labels           = local.labels

  dynamic "conditions" {
    for_each = [each.value.long, each.value.short]
    content {
      display_name = "Burn rate over ${conditions.value}"
      condition_threshold {
        filter          = "select_slo_burn_rate(\"${google_monitoring_slo.objective[each.value.objective].name}\", \"${conditions.value}\")"
        comparison      = "COMPARISON_GT"
        threshold_value = each.value.factor
        duration        = "0s"
      }
    }
  }

  documentation {
    content   = "The error budget of ${each.value.objective} is used ${each.value.factor} times as fast as it lasts. Runbook: infra/README.md, Error budgets."
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "3600s"
  }
}

# Checks the API from outside, through domain name, certificate, gateway and function. A check cannot read headers, so
# it looks for the body's member that comes with x-error-id, which the gateway's own 401 lacks.
resource "google_monitoring_uptime_check_config" "api" {
  display_name = "compute-api ${var.environment}"
  timeout      = "10s"
  period       = "60s"
  user_labels  = local.labels

  http_check {
    path         = "/api/compute/v1/templates"
    port         = 443
    use_ssl      = true
    validate_ssl = true
    accepted_response_status_codes {
      status_value = 401
    }
  }

  content_matchers {
    content = "\"credentials_missing\""
    matcher = "MATCHES_JSON_PATH"
    json_path_matcher {
      json_path    = "$.reason"
      json_matcher = "EXACT_MATCH"
    }
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project
      host       = trimprefix(local.address, "https://")
    }
  }

  # A changed host makes a new check; the alert is switched to the new one before the old one is deleted.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_monitoring_alert_policy" "uptime" {
  display_name          = "compute-api ${var.environment}: API unreachable"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = google_monitoring_notification_channel.email[*].name
  user_labels           = local.labels

  conditions {
    display_name = "API unreachable"
    condition_threshold {
      filter          = "resource.type = \"uptime_url\" AND metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id = \"${google_monitoring_uptime_check_config.api.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "120s"
      aggregations {
        alignment_period     = "120s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }

  documentation {
    content   = "From more than one place of the world the API does not answer as it should. Runbook: infra/README.md, API unreachable."
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "3600s"
  }
}
