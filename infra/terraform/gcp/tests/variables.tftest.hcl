# Values that are refused, each by its variable.
mock_provider "google" {}

variables {
  project         = "plant-project"
  region          = "europe-west3"
  config_file     = "../modules/plan/tests/files/one_plant.yaml"
  deployment_file = "../modules/plan/tests/files/one_plant.json"
  bundles_dir     = "tests/bundles"
  supabase_url    = "https://abcdefgh.supabase.co"
  secrets_version = 0
  alarms          = { emails = ["operations@example.com"] }
}

run "names" {
  command = plan

  variables {
    project = "Plant Project"
    region  = "europe-west3-a"
    name    = "plantpulse-in-frankfurt"
    labels  = { "Cost Center" = "4711" }
  }

  expect_failures = [var.project, var.region, var.name, var.labels]
}

run "files_and_amounts" {
  command = plan

  variables {
    config_file        = "nowhere.yaml"
    memory_mb          = { live_pulse = 128 }
    vcpu_quota         = 0
    secrets_version    = 1.5
    log_retention_days = 0
  }

  expect_failures = [var.config_file, var.memory_mb, var.vcpu_quota, var.secrets_version, var.log_retention_days]
}

run "addresses" {
  command = plan

  variables {
    supabase_url = "https://abcdefgh.supabase.co/rest/v1"
    alarms       = { emails = ["operations"], topic = "alarms" }
    kms_key      = "key"
  }

  expect_failures = [var.supabase_url, var.alarms, var.kms_key]
}

run "everybody" {
  command = plan

  variables {
    invokers = ["allUsers"]
    network  = { ingress = "public", static_address = true, existing = "connector" }
  }

  expect_failures = [var.invokers, var.network]
}
