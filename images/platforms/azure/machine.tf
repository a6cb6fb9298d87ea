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

data "azurerm_resource_group" "agent" {
  name = var.resource_group
}

# Through the resource manager's own interface: the image has no login and no agent of the provider's,
# so there is no administrator to name and no report from inside to wait for. A machine from a
# specialized image has no osProfile, and here it can be left out.
resource "azapi_resource" "agent" {
  type      = "Microsoft.Compute/virtualMachines@2024-07-01"
  name      = var.name
  parent_id = data.azurerm_resource_group.agent.id
  location  = var.location

  body = {
    properties = {
      hardwareProfile = {
        vmSize = var.size
      }

      networkProfile = {
        networkInterfaces = [{ id = azurerm_network_interface.agent.id }]
      }

      # Secure Boot is off: the UKI is not signed, it is measured.
      securityProfile = {
        securityType = "ConfidentialVM"
        uefiSettings = {
          secureBootEnabled = false
          vTpmEnabled       = true
        }
      }

      # Encrypted is the guest state, of the virtual TPM, and only that: the disk holds nothing but
      # the measured image.
      storageProfile = {
        imageReference = { id = azurerm_shared_image_version.agent.id }
        osDisk = {
          createOption = "FromImage"
          deleteOption = "Delete"
          caching      = "ReadOnly"
          managedDisk = {
            storageAccountType = "StandardSSD_LRS"
            securityProfile    = { securityEncryptionType = "VMGuestStateOnly" }
          }
        }
      }

      userData = filebase64(var.node_toml)
    }
  }

  response_export_values = ["properties.vmId"]
}
