output "image_id" {
  description = "The image."
  value       = google_compute_image.agent.id
}

output "instance_id" {
  description = "The instance."
  value       = google_compute_instance.agent.instance_id
}

output "address" {
  description = "What peers dial, if they are in the same network: `advertise` of node.toml."
  value       = "${google_compute_instance.agent.network_interface[0].network_ip}:${var.port}"
}
