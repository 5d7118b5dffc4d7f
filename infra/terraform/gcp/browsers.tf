# The functions for browsers: the code of the closed ones as services that anybody may call, because a browser has no
# identity of Google's. They ask for the token of a Supabase user (entry/callers.py). As with the board, the check of
# callers is switched off, and nothing is granted to allUsers.
resource "google_cloud_run_v2_service" "open" {
  for_each = local.open

  name                 = local.slug[each.key]
  location             = var.region
  description          = each.value.purpose
  ingress              = "INGRESS_TRAFFIC_ALL"
  invoker_iam_disabled = true
  deletion_protection  = false # it holds nothing

  build_config {
    function_target          = "handle_http"
    source_location          = "gs://${google_storage_bucket.bundles.name}/${google_storage_bucket_object.bundle[each.value.code].name}"
    image_uri                = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}/${each.key}"
    base_image               = local.base_image
    enable_automatic_updates = true
    service_account          = google_service_account.builder.id
  }

  template {
    service_account                  = google_service_account.function[each.key].email
    timeout                          = "${each.value.timeout_s}s"
    max_instance_request_concurrency = 1 # as the closed ones
    encryption_key                   = var.kms_key

    scaling {
      min_instance_count = 0
      max_instance_count = local.instances[each.key]
    }

    dynamic "vpc_access" {
      for_each = local.joins[each.key] && local.connector != null ? [local.connector] : []

      content {
        connector = vpc_access.value
        egress    = local.egress
      }
    }

    containers {
      image          = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}/${each.key}"
      base_image_uri = local.base_image

      resources {
        cpu_idle = true
        limits   = { cpu = "1", memory = "${each.value.memory_mb}Mi" }
      }

      dynamic "env" {
        for_each = merge(each.value.environment, { SUPABASE_URL = var.supabase_url, LOG_EXECUTION_ID = "true", MANUAL_CALLS = each.value.callers })

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = each.value.secrets

        content {
          name = env.value

          value_source {
            secret_key_ref {
              secret  = google_secret_manager_secret.named[env.value].secret_id
              version = var.secrets_version == 0 ? "latest" : google_secret_manager_secret_version.named[env.value].version
            }
          }
        }
      }
    }
  }

  depends_on = [google_project_service.needed, time_sleep.grants]
}
