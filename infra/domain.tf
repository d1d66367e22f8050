# The optional own domain: load balancer → serverless endpoint group → gateway. Recreating the gateway changes its name
# but not the domain. Cloud Armor refuses floods before they reach a function.
locals {
  _domain = var.domain == null ? {} : { main = var.domain }
}

resource "google_compute_global_address" "domain" {
  for_each   = local._domain
  name       = "${var.environment}-compute-api"
  depends_on = [google_project_service.api]
}

# API Gateway as a backend needs the beta provider.
resource "google_compute_region_network_endpoint_group" "gateway" {
  provider              = google-beta
  for_each              = local._domain
  name                  = "${var.environment}-compute-api"
  region                = coalesce(var.gateway_region, var.region)
  network_endpoint_type = "SERVERLESS"

  serverless_deployment {
    platform = "apigateway.googleapis.com"
    resource = google_api_gateway_gateway.gateway.gateway_id
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_security_policy" "domain" {
  for_each    = local._domain
  name        = "${var.environment}-compute-api"
  description = "Requests a minute from one address."

  rule {
    action      = "throttle"
    priority    = 1000
    description = "More than the limit is answered 429 before it reaches the gateway."
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = each.value.requests_per_minute_per_addr
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "Everything else."
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
  depends_on = [google_project_service.api]
}

resource "google_compute_backend_service" "gateway" {
  for_each              = local._domain
  name                  = "${var.environment}-compute-api"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.domain[each.key].id

  # The gateway accepts requests by its own host name; the load balancer would pass on the domain.
  custom_request_headers = ["Host: ${google_api_gateway_gateway.gateway.default_hostname}"]

  backend {
    group = google_compute_region_network_endpoint_group.gateway[each.key].id
  }
}

resource "google_compute_url_map" "domain" {
  for_each        = local._domain
  name            = "${var.environment}-compute-api"
  default_service = google_compute_backend_service.gateway[each.key].id
}

resource "google_compute_managed_ssl_certificate" "domain" {
  for_each = local._domain
  name     = "${var.environment}-compute-api-${substr(sha256(each.value.name), 0, 8)}"
  managed {
    domains = [each.value.name]
  }

  # The name contains a hash of the domain, because a certificate in use cannot be changed, only replaced.
  lifecycle {
    create_before_destroy = true
  }
  depends_on = [google_project_service.api]
}

resource "google_compute_target_https_proxy" "domain" {
  for_each         = local._domain
  name             = "${var.environment}-compute-api"
  url_map          = google_compute_url_map.domain[each.key].id
  ssl_certificates = [google_compute_managed_ssl_certificate.domain[each.key].id]
}

resource "google_compute_global_forwarding_rule" "domain" {
  for_each              = local._domain
  name                  = "${var.environment}-compute-api"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.domain[each.key].id
  port_range            = "443"
  target                = google_compute_target_https_proxy.domain[each.key].id
}
