locals {
  shapes = {
    snp = { technology = "SEV_SNP", machine_type = "n2d-standard-2", cpu_platform = "AMD Milan" }
    tdx = { technology = "TDX", machine_type = "c3-standard-4", cpu_platform = "Intel Sapphire Rapids" }
  }
  shape = local.shapes[var.tee]
}

resource "google_compute_firewall" "channels" {
  name          = "${var.name}-channels"
  network       = var.network
  description   = "Attested channels"
  source_ranges = var.peers
  target_tags   = [var.name]

  allow {
    protocol = "tcp"
    ports    = [var.port]
  }
}

resource "google_compute_instance" "agent" {
  name             = var.name
  machine_type     = coalesce(var.machine_type, local.shape.machine_type)
  min_cpu_platform = local.shape.cpu_platform
  tags             = [var.name]

  confidential_instance_config {
    confidential_instance_type = local.shape.technology
  }

  # Confidential VMs of these kinds are not migrated.
  scheduling {
    on_host_maintenance = "TERMINATE"
    automatic_restart   = true
  }

  # The virtual TPM is the provider's and outside of the TEE: it is there for whoever wants its
  # event log, and no Evidence rests on it.
  shielded_instance_config {
    enable_vtpm                 = true
    enable_integrity_monitoring = false
    enable_secure_boot          = false
  }

  boot_disk {
    interface = "NVME"

    initialize_params {
      image = google_compute_image.agent.id
    }
  }

  network_interface {
    subnetwork = var.subnetwork
    nic_type   = "GVNIC"
  }

  # No service account: what the machine may do does not come from where it runs.
  metadata = {
    user-data              = file(var.node_toml)
    block-project-ssh-keys = "true"
    serial-port-enable     = "false"
  }
}
