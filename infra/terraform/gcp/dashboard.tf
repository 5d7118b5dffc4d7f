# The board's pages, for everybody: a service of its own, without schedule, secret, network or right to anything.
# It is built from a bundle as the functions are. Unlike a Cloud Function, a Cloud Run service can be open without
# a grant to allUsers, which many organisations forbid: the check of callers is switched off.
# Source: cloud.google.com/run/docs/authenticating/public; cloud.google.com/run/docs/deploy-functions.
locals {
  boards       = module.plan.dashboard == null ? 0 : 1
  board_slug   = "${var.name}-dashboard"
  board_bundle = "${var.bundles_dir}/dashboard.zip"
  board_image  = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}/dashboard"
  base_image   = "${var.region}-docker.pkg.dev/serverless-runtimes/google-22-full/runtimes/python${replace(module.plan.python_version, ".", "")}"
  # Where pages ask for a poll or a read; what the file says comes first.
  board_functions = { for name, service in google_cloud_run_v2_service.open : "DASHBOARD_${upper(local.open[name].code)}_URL" => service.uri }
  board_settings  = merge(local.board_functions, try(module.plan.dashboard.environment, {}), { SUPABASE_URL = var.supabase_url })
}

resource "google_service_account" "dashboard" {
  count = local.boards

  account_id   = local.board_slug
  display_name = "${var.name}: dashboard"
  description  = module.plan.dashboard.purpose

  depends_on = [google_project_service.needed]
}

resource "google_storage_bucket_object" "dashboard" {
  count = local.boards

  bucket = google_storage_bucket.bundles.name
  name   = "dashboard-${try(filemd5(local.board_bundle), "missing")}.zip"
  source = local.board_bundle

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = fileexists(local.board_bundle)
      error_message = "${local.board_bundle} does not exist: run `make dashboard`, then `make bundle`."
    }
  }
}

resource "google_cloud_run_v2_service" "dashboard" {
  count = local.boards

  name                 = local.board_slug
  location             = var.region
  description          = module.plan.dashboard.purpose
  ingress              = "INGRESS_TRAFFIC_ALL"
  invoker_iam_disabled = true
  deletion_protection  = false # it holds nothing

  build_config {
    function_target          = "handle_http"
    source_location          = "gs://${google_storage_bucket.bundles.name}/${google_storage_bucket_object.dashboard[0].name}"
    image_uri                = local.board_image
    base_image               = local.base_image
    enable_automatic_updates = true
    service_account          = google_service_account.builder.id
  }

  template {
    service_account                  = google_service_account.dashboard[0].email
    timeout                          = "${module.plan.dashboard.timeout_s}s"
    max_instance_request_concurrency = 80
    encryption_key                   = var.kms_key

    scaling {
      min_instance_count = 0
      max_instance_count = max(1, min(module.plan.dashboard.max_instances, floor(var.vcpu_quota)))
    }

    containers {
      image          = local.board_image
      base_image_uri = local.base_image

      resources {
        cpu_idle = true
        limits   = { cpu = "1", memory = "${module.plan.dashboard.memory_mb}Mi" }
      }

      dynamic "env" {
        for_each = local.board_settings

        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }

  depends_on = [google_project_service.needed, time_sleep.grants]
}
