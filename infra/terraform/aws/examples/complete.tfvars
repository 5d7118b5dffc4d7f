# Everything that can be chosen, for a company with several plants.
region = "eu-central-1"
name   = "plantpulse"
labels = { cost_center = "4711", owner = "operations" }

config_file     = "../../../examples/several_plants.yaml"
deployment_file = "../../../build/deployment.json"
bundles_dir     = "../../../build/bundles/aws"
architecture    = "x86_64"
memory_mb       = { live_pulse = 1024 }

open_concurrency = 5 # of each function that is open to the internet; AWS leaves at least 100 to the others

supabase_url    = "https://abcdefghijklmnop.supabase.co"
secrets_version = 1 # raise it after a rotation; 0 keeps the values out of Terraform's hands

network = {
  ingress        = "all" # callers are authenticated either way
  static_address = true
}
invokers = ["arn:aws:iam::123456789012:role/operations"]

alarms = {
  emails = ["operations@example.com", "it@example.com"]
}

log_retention_days  = 365
kms_key             = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
deletion_protection = true
