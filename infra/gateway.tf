resource "google_api_gateway_api" "api" {
  provider     = google-beta
  api_id       = "${var.environment}-compute-api"
  display_name = "Compute API (${var.environment})"
  depends_on   = [google_project_service.api]
}

# A config cannot be changed, only replaced; the gateway switches to the new one before the old one is deleted.
resource "google_api_gateway_api_config" "config" {
  provider             = google-beta
  api                  = google_api_gateway_api.api.api_id
  api_config_id_prefix = "${var.environment}-"
  display_name         = "Compute API (${var.environment})"

  openapi_documents {
    document {
      path = "gateway.json"
      contents = base64encode(templatefile("${path.module}/generated/openapi/gateway.json", {
        for name, entry in local.api_functions :
        replace(name, "-", "_") => google_cloudfunctions2_function.function[name].service_config[0].uri
      }))
    }
  }

  gateway_config {
    backend_config {
      google_service_account = google_service_account.account["gateway"].email
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_api_gateway_gateway" "gateway" {
  provider     = google-beta
  gateway_id   = "${var.environment}-compute-api"
  api_config   = google_api_gateway_api_config.config.id
  region       = coalesce(var.gateway_region, var.region)
  display_name = "Compute API (${var.environment})"
}
