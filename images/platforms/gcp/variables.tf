variable "project" {
  description = "The project."
  type        = string
}

variable "zone" {
  description = "A zone that offers the TEE."
  type        = string
}

variable "name" {
  description = "Name of the image and of the instance: lower case, digits and dashes."
  type        = string
}

variable "tee" {
  description = "`snp` or `tdx`."
  type        = string

  validation {
    condition     = contains(["snp", "tdx"], var.tee)
    error_message = "The TEE is snp or tdx."
  }
}

variable "machine_type" {
  description = "Default: n2d-standard-2 for SEV-SNP, c3-standard-4 for TDX. The number of vCPUs is measured for SEV-SNP."
  type        = string
  default     = null
}

variable "disk_archive" {
  description = "Path of disk.img as disk.raw in a tar.gz; README.md says how to make one."
  type        = string
}

variable "node_toml" {
  description = "Path of node.toml, at most 256 KiB. It becomes metadata, which the provider reads: no secrets."
  type        = string
}

variable "bucket" {
  description = "An existing bucket that the archive is uploaded to."
  type        = string
}

variable "network" {
  description = "The network of the subnetwork."
  type        = string
}

variable "subnetwork" {
  description = "The subnetwork, in the zone's region."
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
