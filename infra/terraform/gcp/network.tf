# A way out through an address that the plant's firewall can name. Only the functions that read SQL Server or
# devices take it, or all of them with network.all_functions.
locals {
  connector = var.network.static_address ? google_vpc_access_connector.this[0].id : var.network.existing
  egress    = var.network.egress == "private" ? "PRIVATE_RANGES_ONLY" : "ALL_TRAFFIC"
  networks  = var.network.static_address ? 1 : 0
  # Which functions take it, if there is one.
  joins = { for name, function in local.functions : name => function.joins_network || var.network.all_functions }
}

resource "google_compute_network" "this" {
  #checkov:skip=CKV2_GCP_18:Only the connector is in it, whose rules Google keeps; everything else that comes in is denied by default
  count = local.networks

  name                    = var.name
  auto_create_subnetworks = false

  depends_on = [google_project_service.needed]
}

resource "google_compute_subnetwork" "connector" {
  count = local.networks

  name                     = "${var.name}-connector"
  region                   = var.region
  network                  = google_compute_network.this[0].id
  ip_cidr_range            = "10.8.0.0/28" # a connector takes a /28 and nothing else
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.5
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_vpc_access_connector" "this" {
  count = local.networks

  name          = var.name
  region        = var.region
  machine_type  = "e2-micro"
  min_instances = 2
  max_instances = 3

  subnet {
    name = google_compute_subnetwork.connector[0].name
  }

  lifecycle {
    create_before_destroy = true # the functions leave before it goes
  }
}

resource "google_compute_address" "egress" {
  count = local.networks

  name        = "${var.name}-egress"
  region      = var.region
  description = "What the plant's firewall sees plantpulse come from"

  depends_on = [google_project_service.needed]
}

resource "google_compute_router" "this" {
  count = local.networks

  name    = var.name
  region  = var.region
  network = google_compute_network.this[0].id
}

resource "google_compute_router_nat" "this" {
  count = local.networks

  name                               = var.name
  region                             = var.region
  router                             = google_compute_router.this[0].name
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = [google_compute_address.egress[0].self_link]
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  # A port serves one connection to one destination at a time, and Supabase is one destination. A connector has
  # three machines at most, and an address has 64,512 ports; the default is 64 for each machine.
  # Source: docs.cloud.google.com/nat/docs/ports-and-addresses.
  min_ports_per_vm = 4096

  subnetwork {
    name                    = google_compute_subnetwork.connector[0].id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
