resource "google_storage_bucket_object" "disk" {
  name   = "cloister/${var.name}/${filesha256(var.disk_archive)}.tar.gz"
  bucket = var.bucket
  source = var.disk_archive
}

resource "google_compute_image" "agent" {
  name = var.name

  raw_disk {
    source = "https://storage.googleapis.com/${google_storage_bucket_object.disk.bucket}/${google_storage_bucket_object.disk.name}"
  }

  guest_os_features {
    type = "UEFI_COMPATIBLE"
  }

  guest_os_features {
    type = "GVNIC"
  }

  guest_os_features {
    type = "SEV_SNP_CAPABLE"
  }

  guest_os_features {
    type = "TDX_CAPABLE"
  }
}
