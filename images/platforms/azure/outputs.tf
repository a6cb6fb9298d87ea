output "image_id" {
  description = "The version in the gallery."
  value       = azurerm_shared_image_version.agent.id
}

output "machine_id" {
  description = "The machine."
  value       = azapi_resource.agent.id
}

output "address" {
  description = "What peers dial, if they are in the same network: `advertise` of node.toml."
  value       = "${azurerm_network_interface.agent.private_ip_address}:${var.port}"
}
