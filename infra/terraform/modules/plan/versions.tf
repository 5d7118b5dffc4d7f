# No provider: everything here is computed from plantpulse.yaml.
terraform {
  required_version = ">= 1.11"
}
