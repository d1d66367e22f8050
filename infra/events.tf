# What happens to our machines behind our back: somebody stops one in the console, a host fails, spot capacity is taken
# back. A sink hands on beta calls (the console's) and system events as well, which an Eventarc trigger would miss.
resource "google_logging_project_sink" "compute_events" {
  name                   = "${var.environment}-compute-events"
  description            = "Ends of Compute Engine's operations on our machines, for the reconciler."
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.topic["compute-events"].id}"
  unique_writer_identity = true

  # Long operations are logged twice; system events only once, and without the mark of the last entry.
  filter = <<-EOT
    resource.type="gce_instance"
    protoPayload.resourceName=~"/instances/${var.instance_id_prefix}-[0-9a-f]{6}-[0-9a-f]{8}$"
    (
      (protoPayload.methodName=~"compute\.instances\.(insert|start|stop|suspend|resume|reset|delete)$" AND operation.last=true)
      OR log_id("cloudaudit.googleapis.com/system_event")
    )
  EOT

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "compute_events" {
  topic  = google_pubsub_topic.topic["compute-events"].name
  role   = "roles/pubsub.publisher"
  member = google_logging_project_sink.compute_events.writer_identity
}
