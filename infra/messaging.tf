resource "google_pubsub_topic" "topic" {
  for_each                   = local.topics
  name                       = "${var.environment}-${each.key}"
  message_retention_duration = "${each.value.retentionHours * 3600}s"

  # Pub/Sub keeps messages of an ordering key in order only within one region.
  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = local._clients.pubsub
  topic    = google_pubsub_topic.topic["operations"].name
  role     = "roles/pubsub.publisher"
  member   = google_service_account.account[each.value].member
}

resource "google_pubsub_subscription" "push" {
  for_each                   = local.push_functions
  name                       = "${var.environment}-${each.key}"
  topic                      = google_pubsub_topic.topic[each.value.trigger.topic].id
  ack_deadline_seconds       = max(each.value.trigger.ackDeadlineSeconds, local.timeout_seconds[each.key])
  enable_message_ordering    = each.value.trigger.ordered
  message_retention_duration = "${local.topics[each.value.trigger.topic].retentionHours * 3600}s"

  push_config {
    push_endpoint = google_cloudfunctions2_function.function[each.key].service_config[0].uri
    oidc_token {
      service_account_email = google_service_account.account["push"].email
      audience              = google_cloudfunctions2_function.function[each.key].service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "${each.value.trigger.minimumBackoffSeconds}s"
    maximum_backoff = "${each.value.trigger.maximumBackoffSeconds}s"
  }

  # By default a subscription without traffic is deleted after 31 days.
  expiration_policy {
    ttl = ""
  }

  dynamic "dead_letter_policy" {
    for_each = each.value.trigger.deadLetterTopic == null ? [] : [each.value.trigger]
    content {
      dead_letter_topic     = google_pubsub_topic.topic[dead_letter_policy.value.deadLetterTopic].id
      max_delivery_attempts = dead_letter_policy.value.attemptsMax
    }
  }

  # A delivery before this permission exists would fail and be repeated.
  depends_on = [google_cloud_run_service_iam_member.push]
}

# Pub/Sub's own service account forwards undeliverable messages, so it needs to acknowledge them on the subscription and
# publish them to the dead letter topic.
resource "google_pubsub_topic_iam_member" "dead_letter" {
  for_each = toset([for entry in local.push_functions : entry.trigger.deadLetterTopic if entry.trigger.deadLetterTopic != null])
  topic    = google_pubsub_topic.topic[each.value].name
  role     = "roles/pubsub.publisher"
  member   = google_project_service_identity.pubsub.member
}

resource "google_pubsub_subscription_iam_member" "dead_letter" {
  for_each     = { for name, entry in local.push_functions : name => entry if entry.trigger.deadLetterTopic != null }
  subscription = google_pubsub_subscription.push[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = google_project_service_identity.pubsub.member
}

resource "google_service_account_iam_member" "push_tokens" {
  service_account_id = google_service_account.account["push"].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_project_service_identity.pubsub.member
}
