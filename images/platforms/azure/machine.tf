resource "azurerm_network_interface" "agent" {
  name                = var.name
  resource_group_name = var.resource_group
  location            = var.location

  ip_configuration {
    name                          = "primary"
    subnet_id                     = var.subnet_id
    private_ip_address_allocation = "Dynamic"
  }
}

resource "azurerm_network_security_group" "agent" {
  name                = var.name
  resource_group_name = var.resource_group
  location            = var.location

  security_rule {
    name                       = "channels"
    description                = "Attested channels"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefixes    = var.peers
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_range     = var.port
  }
}

resource "azurerm_network_interface_security_group_association" "agent" {
  network_interface_id      = azurerm_network_interface.agent.id
  network_security_group_id = azurerm_network_security_group.agent.id
}

resource "azurerm_managed_disk" "system" {
  name                       = var.name
  resource_group_name        = var.resource_group
  location                   = var.location
  storage_account_type       = "StandardSSD_LRS"
  create_option              = "FromImage"
  gallery_image_reference_id = azurerm_shared_image_version.agent.id
  hyper_v_generation         = "V2"
  os_type                    = "Linux"
  security_type              = "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey"
}

# From a disk and not from the image itself: the image has no login and no agent of the provider's,
# and a machine from a disk is given no administrator and waits for no report from inside.
resource "azurerm_linux_virtual_machine" "agent" {
  name                  = var.name
  resource_group_name   = var.resource_group
  location              = var.location
  size                  = var.size
  network_interface_ids = [azurerm_network_interface.agent.id]
  os_managed_disk_id    = azurerm_managed_disk.system.id
  user_data             = filebase64(var.node_toml)

  # Security type ConfidentialVM: guest state (of the virtual TPM) is encrypted, and only that. The
  # disk needs no encryption, it holds nothing but the measured image.
  vtpm_enabled               = true
  secure_boot_enabled        = false
  allow_extension_operations = false

  os_disk {
    caching                  = "ReadOnly"
    security_encryption_type = "VMGuestStateOnly"
  }
}
