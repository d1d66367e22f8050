locals {
  _charts = [
    { title = "Requests per second, by function", filter = "${local._api_series} AND metric.type = \"run.googleapis.com/request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group = ["resource.label.service_name"] },
    { title = "Requests per second, by answer", filter = "${local._api_series} AND metric.type = \"run.googleapis.com/request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group = ["metric.label.response_code_class"] },
    { title = "Latency, 95th percentile (ms)", filter = "${local._api_series} AND metric.type = \"run.googleapis.com/request_latencies\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", group = ["resource.label.service_name"] },
    { title = "Cold starts, 95th percentile (ms)", filter = "${local._api_series} AND metric.type = \"run.googleapis.com/container/startup_latencies\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", group = ["resource.label.service_name"] },
    { title = "Age of the oldest pending operation (s)", filter = local._oldest_operation_series, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", group = [] },
    { title = "Age of the oldest message (s), by subscription", filter = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = starts_with(\"${var.environment}-\") AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\"", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", group = ["resource.label.subscription_id"] },
    { title = "Sweeps of the reconciler", filter = local._counter_series.sweeps, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group = [] },
    { title = "Changes by the cloud", filter = local._counter_series.cloud_changes, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group = [] },
    { title = "Orphans found", filter = local._counter_series.orphans, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group = [] },
    { title = "Quota drift", filter = local._counter_series.quota_drift, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group = [] },
    { title = "Dead letters", filter = local._counter_series.dead_letters, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group = [] },
    { title = "Instances of functions", filter = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = starts_with(\"${var.environment}-\") AND metric.type = \"run.googleapis.com/container/instance_count\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group = ["resource.label.service_name"] },
  ]
}

resource "google_monitoring_dashboard" "main" {
  dashboard_json = jsonencode({
    displayName = "compute-api ${var.environment}"
    mosaicLayout = {
      columns = 12
      tiles = [for index, chart in local._charts : {
        xPos   = (index % 2) * 6
        yPos   = floor(index / 2) * 4
        width  = 6
        height = 4
        widget = {
          title = chart.title
          xyChart = {
            dataSets = [{
              plotType = "LINE"
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = chart.filter
                  aggregation = {
                    alignmentPeriod    = "60s"
                    perSeriesAligner   = chart.aligner
                    crossSeriesReducer = chart.reducer
                    groupByFields      = chart.group
                  }
                }
              }
            }]
          }
        }
      }]
    }
  })
  depends_on = [google_project_service.api]
}
