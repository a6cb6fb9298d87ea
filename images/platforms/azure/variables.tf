variable "name" {
  description = "Name of the image and of the machine."
  type        = string
}

variable "image_version" {
  description = "Version of the image in the gallery: three numbers."
  type        = string
}

variable "vhd" {
  description = "Path of disk.img as a VHD of fixed size; README.md says how to make one."
  type        = string
}

variable "node_toml" {
  description = "Path of node.toml, at most 64 KiB. It becomes user data, which the provider reads: no secrets."
  type        = string
}

variable "resource_group" {
  description = "An existing resource group."
  type        = string
}

variable "location" {
  description = "A region with the size below."
  type        = string
}

variable "storage_account" {
  description = "An existing storage account in the resource group, for the VHD."
  type        = string
}

variable "storage_container" {
  description = "An existing, private container of the storage account."
  type        = string
}

variable "gallery" {
  description = "An existing compute gallery in the resource group."
  type        = string
}

variable "size" {
  description = "A size of a confidential VM: DCas and ECas are SEV-SNP, DCes and ECes are TDX."
  type        = string
  default     = "Standard_DC2as_v5"

  validation {
    condition     = can(regex("^Standard_(DC|EC)[0-9]+(a|e)[a-z]*s_v[0-9]+$", var.size))
    error_message = "Confidential VMs are of the sizes DCas, DCads, ECas, ECads (SEV-SNP), DCes, DCeds, ECes and ECeds (TDX)."
  }
}

variable "subnet_id" {
  description = "The subnet."
  type        = string
}

variable "peers" {
  description = "Address ranges that may open channels to this machine."
  type        = list(string)
}

variable "port" {
  description = "The TCP port of `listen` in node.toml."
  type        = number
  default     = 4443
}
