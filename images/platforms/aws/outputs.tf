output "image_id" {
  description = "The registered image."
  value       = aws_ami.image.id
}

output "instance_id" {
  description = "The instance."
  value       = aws_instance.agent.id
}

output "address" {
  description = "What peers dial, if they are in the same network: `advertise` of node.toml."
  value       = "${aws_instance.agent.private_ip}:${var.port}"
}
