# Values that are refused, each by its variable.
mock_provider "aws" {}

variables {
  region          = "eu-central-1"
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
    region       = "eu-central-1a"
    name         = "plantpulse-in-frankfurt"
    labels       = { "aws:cost" = "4711" }
    architecture = "riscv"
  }

  expect_failures = [var.region, var.name, var.labels, var.architecture]
}

run "files_and_amounts" {
  command = plan

  variables {
    config_file        = "nowhere.yaml"
    memory_mb          = { live_pulse = 64 }
    secrets_version    = 1.5
    log_retention_days = 91
  }

  expect_failures = [var.config_file, var.memory_mb, var.secrets_version, var.log_retention_days]
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
    invokers = ["*"]
    network  = { ingress = "public", static_address = true, existing = { subnet_ids = [], security_group_ids = [] } }
  }

  expect_failures = [var.invokers, var.network]
}
