resource "google_project_service" "api" {
  for_each = toset([
    "apigateway.googleapis.com",
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "compute.googleapis.com",
    "datastore.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "servicecontrol.googleapis.com",
    "servicemanagement.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
  ])
  service = each.value

  # Other parts of the project may use these APIs too.
  disable_on_destroy = false
}

# The service account of Pub/Sub itself, which forwards to dead letter topics and signs the tokens of push deliveries.
resource "google_project_service_identity" "pubsub" {
  provider = google-beta
  service  = google_project_service.api["pubsub.googleapis.com"].service
}
