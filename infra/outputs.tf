output "address" {
  description = "Where the API is."
  value       = local.address
}

output "alerts_go_to" {
  description = "E-mail address that alerts are sent to; empty while nobody is told."
  value       = coalesce(var.alerts.email, "-") == "-" ? "" : var.alerts.email
}

output "database" {
  description = "Id of the Datastore database."
  value       = google_firestore_database.main.name
}

output "deployment" {
  description = "Value of the label compute-api on this deployment's virtual machines."
  value       = var.environment
}

output "functions" {
  description = "Address of each function, by name; only its own caller is let in."
  value       = { for name, function in google_cloudfunctions2_function.function : name => function.service_config[0].uri }
}

output "gateway" {
  description = "Id of the gateway, by which its log entries are found, and its region."
  value       = { id = google_api_gateway_gateway.gateway.gateway_id, region = google_api_gateway_gateway.gateway.region }
}

output "load_balancer_address" {
  description = "Address that the domain's DNS record must name; null without a domain."
  value       = try(google_compute_global_address.domain["main"].address, null)
}

output "network" {
  description = "The network of customers' machines and its subnetwork, as a catalogue names them."
  value = {
    network    = "global/networks/${google_compute_network.machines.name}"
    region     = google_compute_subnetwork.machines.region
    subnetwork = "regions/${google_compute_subnetwork.machines.region}/subnetworks/${google_compute_subnetwork.machines.name}"
  }
}

output "service_accounts" {
  description = "E-mail address of each service account, by role."
  value       = { for role, account in google_service_account.account : role => account.email }
}
