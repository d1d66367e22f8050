# The network of customers' VMs, separate from everything else in the project. Inbound traffic is blocked unless a
# firewall rule for one of the VM's tags allows it.
resource "google_compute_network" "machines" {
  name                    = "${var.environment}-machines"
  description             = "Virtual machines of compute-api's customers."
  auto_create_subnetworks = false
  depends_on              = [google_project_service.api]
}

resource "google_compute_subnetwork" "machines" {
  name                     = "${var.environment}-machines"
  network                  = google_compute_network.machines.id
  region                   = var.region
  ip_cidr_range            = var.network.range
  private_ip_google_access = true
}

# The tags are those of the catalogue's security groups.
resource "google_compute_firewall" "allow" {
  for_each = { for tag, rule in {
    http-server  = { port = "80", ranges = ["0.0.0.0/0"] }
    https-server = { port = "443", ranges = ["0.0.0.0/0"] }
    ssh-server   = { port = "22", ranges = var.network.ssh_ranges }
    # A rule without ranges would allow every address, so it is left out.
  } : tag => rule if length(rule.ranges) > 0 }
  name          = "${var.environment}-machines-${each.key}"
  description   = "Lets port ${each.value.port} of machines with the tag ${each.key} be reached."
  network       = google_compute_network.machines.id
  direction     = "INGRESS"
  source_ranges = each.value.ranges
  target_tags   = [each.key]
  allow {
    protocol = "tcp"
    ports    = [each.value.port]
  }
}

# VMs of bids may reach each other by their private addresses, as nodes of a cluster need. The tag only says that a VM
# belongs to some bid, so VMs of other customers' bids can reach them too; guests must protect their own ports.
resource "google_compute_firewall" "bids" {
  count       = var.network.between_bids ? 1 : 0
  name        = "${var.environment}-machines-bids"
  description = "Lets machines of bids reach each other by their private addresses."
  network     = google_compute_network.machines.id
  direction   = "INGRESS"
  source_tags = ["bid"]
  target_tags = ["bid"]
  allow {
    protocol = "all"
  }
}

resource "google_compute_router" "nat" {
  count   = var.network.nat ? 1 : 0
  name    = "${var.environment}-machines-nat"
  network = google_compute_network.machines.id
  region  = var.region
}

resource "google_compute_router_nat" "nat" {
  count                              = var.network.nat ? 1 : 0
  name                               = "${var.environment}-machines-nat"
  router                             = google_compute_router.nat[0].name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
