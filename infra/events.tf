# Reports changes of the deployment's VMs that no operation made: a stop in the console, a host error, a preemption;
# another machine type, label, key, disk or address. The methods are those whose effect a record stores or an operation
# waits for. log-filters.json lists them, and the local cloud's sink reads the same file. A sink also forwards beta
# calls (the console's) and system events, which an Eventarc trigger would miss.
resource "google_logging_project_sink" "compute_events" {
  name                   = "${var.environment}-compute-events"
  description            = "Ends of Compute Engine's operations on our machines, for the reconciler."
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.topic["compute-events"].id}"
  unique_writer_identity = true

  # A long operation has two entries, of which the filter takes the last. A system event has one, without that mark.
  filter = local.log_filters.computeEvents

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "compute_events" {
  topic  = google_pubsub_topic.topic["compute-events"].name
  role   = "roles/pubsub.publisher"
  member = google_logging_project_sink.compute_events.writer_identity
}
