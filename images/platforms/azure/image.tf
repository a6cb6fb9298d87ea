data "azurerm_storage_account" "images" {
  name                = var.storage_account
  resource_group_name = var.resource_group
}

resource "azurerm_storage_blob" "disk" {
  name                   = "${var.name}-${filesha256(var.vhd)}.vhd"
  storage_account_name   = data.azurerm_storage_account.images.name
  storage_container_name = var.storage_container
  type                   = "Page"
  source                 = var.vhd
}

# Security type ConfidentialVMSupported: the gallery's word for a disk without guest state, which
# starts as a confidential VM. `confidential_vm_enabled` is for disks captured from one.
resource "azurerm_shared_image" "agent" {
  name                      = var.name
  gallery_name              = var.gallery
  resource_group_name       = var.resource_group
  location                  = var.location
  os_type                   = "Linux"
  architecture              = "x64"
  hyper_v_generation        = "V2"
  specialized               = true
  confidential_vm_supported = true

  identifier {
    publisher = "cloister"
    offer     = "agent"
    sku       = var.name
  }
}

resource "azurerm_shared_image_version" "agent" {
  name                = var.image_version
  gallery_name        = var.gallery
  image_name          = azurerm_shared_image.agent.name
  resource_group_name = var.resource_group
  location            = var.location
  blob_uri            = azurerm_storage_blob.disk.url
  storage_account_id  = data.azurerm_storage_account.images.id

  target_region {
    name                   = var.location
    regional_replica_count = 1
  }
}
