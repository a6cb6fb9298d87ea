# Whoever gets in at the network gets as far as the attested channel, and no further without a
# lease: this keeps strangers from costing handshakes.
resource "aws_security_group" "instance" {
  name        = var.name
  description = "Channels to a Cloister agent"
  vpc_id      = var.vpc_id

  ingress {
    description = "Attested channels"
    protocol    = "tcp"
    from_port   = var.port
    to_port     = var.port
    cidr_blocks = var.peers
  }

  egress {
    description = "The Verifier, and peers"
    protocol    = "tcp"
    from_port   = 0
    to_port     = 65535
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "agent" {
  ami                         = aws_ami.image.id
  instance_type               = var.instance_type
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = [aws_security_group.instance.id]
  user_data                   = file(var.node_toml)
  user_data_replace_on_change = true

  # Cannot be switched on later: without it, the instance is no confidential VM.
  cpu_options {
    amd_sev_snp = "enabled"
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  tags = {
    Name = var.name
  }
}
