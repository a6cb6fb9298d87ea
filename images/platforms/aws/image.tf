resource "aws_s3_object" "disk" {
  bucket      = var.bucket
  key         = "cloister/${var.name}/${filesha256(var.disk_image)}.img"
  source      = var.disk_image
  source_hash = filesha256(var.disk_image)
}

resource "aws_ebs_snapshot_import" "disk" {
  description = var.name
  role_name   = var.import_role

  disk_container {
    format = "RAW"

    user_bucket {
      s3_bucket = aws_s3_object.disk.bucket
      s3_key    = aws_s3_object.disk.key
    }
  }
}

# What `aws ec2 register-image --boot-mode uefi --tpm-support v2.0` does.
resource "aws_ami" "image" {
  name                = var.name
  architecture        = "x86_64"
  virtualization_type = "hvm"
  root_device_name    = "/dev/xvda"
  ena_support         = true
  # SEV-SNP needs UEFI, and NitroTPM measures what UEFI starts.
  boot_mode    = "uefi"
  tpm_support  = "v2.0"
  imds_support = "v2.0"

  ebs_block_device {
    device_name = "/dev/xvda"
    snapshot_id = aws_ebs_snapshot_import.disk.id
    volume_type = "gp3"
  }
}
