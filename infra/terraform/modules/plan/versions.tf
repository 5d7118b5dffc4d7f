# No provider: this decodes build/deployment.json, which `make bundle` computes from plantpulse.yaml.
terraform {
  required_version = ">= 1.11"
}
