terraform {
  # Import blocks with for_each need 1.7, ephemeral values 1.10.
  required_version = ">= 1.11, < 2.0"

  # The deploy command passes the bucket and the prefix.
  backend "gcs" {}

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "8.0.0"
    }
    # API Gateway and service identities exist only in the beta provider.
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "8.0.0"
    }
  }
}

provider "google" {
  project               = var.project
  region                = var.region
  billing_project       = var.project
  user_project_override = true
  default_labels        = local.labels
}

provider "google-beta" {
  project               = var.project
  region                = var.region
  billing_project       = var.project
  user_project_override = true
  default_labels        = local.labels
}
