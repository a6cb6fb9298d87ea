variable "name" {
  description = "Name of the image and of the instance."
  type        = string
}

variable "disk_image" {
  description = "Path of disk.img, as `cloister image build --disk` wrote it."
  type        = string
}

variable "node_toml" {
  description = "Path of node.toml, at most 16 KiB. It becomes user data, which the provider reads: no secrets."
  type        = string
}

variable "bucket" {
  description = "An existing S3 bucket that disk.img is uploaded to, for the import."
  type        = string
}

variable "import_role" {
  description = "The role that VM Import assumes to read the bucket."
  type        = string
  default     = "vmimport"
}

variable "instance_type" {
  description = "An instance type that EC2 offers with AMD SEV-SNP. Its number of vCPUs is measured."
  type        = string
  default     = "m6a.large"

  validation {
    condition     = can(regex("^(m6a|c6a|r6a)\\.", var.instance_type))
    error_message = "EC2 offers AMD SEV-SNP with m6a, c6a and r6a instances."
  }
}

variable "vpc_id" {
  description = "The VPC of the subnet."
  type        = string
}

variable "subnet_id" {
  description = "The subnet, in a region that offers AMD SEV-SNP."
  type        = string
}

variable "peers" {
  description = "Address ranges that may open channels to this instance."
  type        = list(string)
}

variable "port" {
  description = "The TCP port of `listen` in node.toml."
  type        = number
  default     = 4443
}
