# One map of functions, which the code made of plantpulse.yaml; everything below follows from it.
module "plan" {
  source = "../modules/plan"

  config_file     = var.config_file
  deployment_file = var.deployment_file
  memory_mb       = var.memory_mb
  retry_waits_s   = [local.first_retry_s, 2 * local.first_retry_s, 4 * local.first_retry_s]
}

locals {
  functions = module.plan.functions
  closed    = { for name, function in local.functions : name => function if !function.is_open }
  open      = { for name, function in local.functions : name => function if function.is_open }
  labels    = merge(var.labels, { app = var.name })
  # Resource names take hyphens only.
  slug   = { for name in keys(local.functions) : name => "${var.name}-${replace(name, "_", "-")}" }
  bundle = { for name in keys(local.closed) : name => "${var.bundles_dir}/${name}.zip" }

  services = toset(concat(
    ["artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler", "iam", "logging", "monitoring", "run", "secretmanager", "storage"],
    var.network.static_address ? ["compute", "vpcaccess"] : [],
  ))
}

# Cloud Run refuses a service if its instances together may take more processors than the region's quota, which
# is 20 at first. Cloud Functions gives an instance a part of a processor by its memory.
# Source: googlecodelabs/feedback, issue 1856 ("CpuAllocPerProjectRegion ... allowed: 20000");
# docs.cloud.google.com/functions/docs/configuring/memory, the table of memory and CPU.
locals {
  vcpu      = { for name, function in local.functions : name => function.is_open ? 1 : [for step in local.vcpu_steps : step.vcpu if function.memory_mb <= step.up_to_mb][0] }
  room      = { for name, vcpu in local.vcpu : name => floor(var.vcpu_quota / vcpu) }
  instances = { for name, function in local.functions : name => max(1, min(function.max_instances, local.room[name])) }
  crowded   = [for name, function in local.functions : "${name} (${local.instances[name]} of ${function.max_instances})" if local.instances[name] < function.max_instances]

  vcpu_steps = [
    { up_to_mb = 128, vcpu = 0.0833 },
    { up_to_mb = 256, vcpu = 0.1667 },
    { up_to_mb = 512, vcpu = 0.3333 },
    { up_to_mb = 1024, vcpu = 0.5833 },
    { up_to_mb = 2048, vcpu = 1 },
    { up_to_mb = 8192, vcpu = 2 },
  ]
}

resource "google_project_service" "needed" {
  for_each = local.services

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false # others in the project may use it
}

resource "google_storage_bucket" "bundles" {
  #checkov:skip=CKV_GCP_62:Every access to the bundles is in the audit log already; an access log would need a bucket of its own
  name                        = "${var.project}-${var.name}-bundles"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 90
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]

    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.needed]
}

# A repository of our own for the images: the builder needs to write nowhere else, a key of one's own counts
# for them too (Cloud Functions takes one for both or none), and nothing of them outlives the deployment.
resource "google_artifact_registry_repository" "images" {
  location      = var.region
  repository_id = "${var.name}-images"
  description   = "Images of ${var.name}'s functions"
  format        = "DOCKER"
  kms_key_name  = var.kms_key

  # Every change of a setting is a new bundle and so a new image. The newest are kept, to go back to.
  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }

  cleanup_policies {
    id     = "delete-the-old"
    action = "DELETE"

    condition {
      older_than = "2592000s"
    }
  }

  depends_on = [google_project_service.needed]
}

# The content is in the name, so that a function is built anew when its bundle has changed, and only then.
resource "google_storage_bucket_object" "bundle" {
  for_each = local.closed

  bucket = google_storage_bucket.bundles.name
  name   = "${each.key}-${try(filemd5(local.bundle[each.key]), "missing")}.zip"
  source = local.bundle[each.key]

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = fileexists(local.bundle[each.key])
      error_message = "${local.bundle[each.key]} does not exist: run `make bundle`."
    }
  }
}

resource "google_cloudfunctions2_function" "this" {
  #checkov:skip=CKV_GCP_124:Ingress is internal unless network.ingress says all, which the scan does not work out; callers are authenticated either way
  for_each = local.closed

  name         = local.slug[each.key]
  location     = var.region
  description  = each.value.purpose
  kms_key_name = var.kms_key

  build_config {
    runtime           = "python${replace(module.plan.python_version, ".", "")}"
    entry_point       = "handle_http"
    service_account   = google_service_account.builder.id
    docker_repository = google_artifact_registry_repository.images.id

    source {
      storage_source {
        bucket = google_storage_bucket.bundles.name
        object = google_storage_bucket_object.bundle[each.key].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.function[each.key].email
    available_memory                 = "${each.value.memory_mb}Mi"
    timeout_seconds                  = each.value.timeout_s
    min_instance_count               = 0
    max_instance_count               = local.instances[each.key]
    max_instance_request_concurrency = 1 # pymssql's time-out is one for the whole process
    ingress_settings                 = var.network.ingress == "internal" ? "ALLOW_INTERNAL_ONLY" : "ALLOW_ALL"
    vpc_connector                    = local.joins[each.key] ? local.connector : null
    vpc_connector_egress_settings    = local.joins[each.key] && local.connector != null ? local.egress : null
    environment_variables            = merge(each.value.environment, { SUPABASE_URL = var.supabase_url, LOG_EXECUTION_ID = "true", MANUAL_CALLS = each.value.callers })

    dynamic "secret_environment_variables" {
      for_each = each.value.secrets

      content {
        key        = secret_environment_variables.value
        project_id = var.project
        secret     = google_secret_manager_secret.named[secret_environment_variables.value].secret_id
        version    = var.secrets_version == 0 ? "latest" : google_secret_manager_secret_version.named[secret_environment_variables.value].version
      }
    }
  }

  depends_on = [google_project_service.needed, time_sleep.grants]
}

check "plants" {
  assert {
    condition     = length(module.plan.unconfigured_plants) == 0
    error_message = "No SQL Server is configured for ${join(", ", module.plan.unconfigured_plants)}: polls there answer not_configured."
  }
}

check "instances" {
  assert {
    condition     = length(local.crowded) == 0
    error_message = "A processor quota of ${var.vcpu_quota} leaves fewer instances than calls may come at once: ${join(", ", local.crowded)}. A call without an instance is tried again. Ask Google for a higher CpuAllocPerProjectRegion of Cloud Run, then raise vcpu_quota."
  }
}

check "devices" {
  assert {
    condition     = var.network.existing != null || !anytrue([for function in local.functions : function.reads_devices])
    error_message = "Machine tags are read from devices with private addresses, and only network.existing leads to them. Name the network with the VPN there, or set tags.runs_on: edge."
  }
}

check "origins" {
  assert {
    condition     = length(local.open) == 0 || length(module.plan.allowed_origins) > 0
    error_message = "No page may call the functions for browsers: write the board's address (output dashboard_url) into manual_calls.allowed_origins, then deploy again."
  }
}

check "alarms" {
  assert {
    condition     = length(var.alarms.emails) > 0 || var.alarms.topic != null
    error_message = "Nobody hears the alarms: set alarms.emails or alarms.topic."
  }
}
