# Everything that can be chosen, for a company with several plants.
project = "my-project"
region  = "europe-west3"
name    = "plantpulse"
labels  = { cost_center = "4711", owner = "operations" }

config_file     = "../../../examples/several_plants.yaml"
deployment_file = "../../../build/deployment.json"
bundles_dir     = "../../../build/bundles/gcp"
memory_mb       = { live_pulse = 1024 }
vcpu_quota      = 20

supabase_url    = "https://abcdefghijklmnop.supabase.co"
secrets_version = 1 # raise it after a rotation; 0 keeps the values out of Terraform's hands

network = {
  ingress        = "all" # callers are authenticated either way
  static_address = true
}
invokers = ["group:operations@example.com"]

alarms = {
  emails = ["operations@example.com", "it@example.com"]
  topic  = "projects/my-project/topics/incidents"
}

log_retention_days  = 365
kms_key             = "projects/my-project/locations/europe-west3/keyRings/plantpulse/cryptoKeys/plantpulse"
deletion_protection = true
