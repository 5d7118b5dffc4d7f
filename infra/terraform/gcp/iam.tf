# One identity for each function, one that calls them, one that builds them. None has a role on the project
# but the builder, which may write logs and read the sources that Cloud Functions lays down for a build.
resource "google_service_account" "function" {
  for_each = local.functions

  account_id   = local.slug[each.key]
  display_name = "${var.name}: ${each.key}"
  description  = each.value.purpose

  depends_on = [google_project_service.needed]
}

resource "google_service_account" "scheduler" {
  account_id   = "${var.name}-scheduler"
  display_name = "${var.name}: calls the functions on schedule"

  depends_on = [google_project_service.needed]
}

resource "google_service_account" "builder" {
  account_id   = "${var.name}-builder"
  display_name = "${var.name}: builds the functions' images"

  depends_on = [google_project_service.needed]
}

resource "google_project_iam_member" "builder" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.builder.member
}

# A build starts from Cloud Functions' own copy of the bundle, in a bucket that it makes in the project itself.
resource "google_project_iam_member" "sources" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.builder.member

  condition {
    title      = "sources-of-functions"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\")"
  }
}

resource "google_artifact_registry_repository_iam_member" "builder" {
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.builder.member
}

resource "google_storage_bucket_iam_member" "builder" {
  bucket = google_storage_bucket.bundles.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.builder.member
}

# A function of the second generation is a Cloud Run service: whoever calls it needs the role there.
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = { for pair in setproduct(keys(local.closed), concat([local.scheduler_key], tolist(var.invokers))) : join(" ", pair) => pair }

  location = var.region
  name     = google_cloudfunctions2_function.this[each.value[0]].name
  role     = "roles/run.invoker"
  member   = each.value[1] == local.scheduler_key ? google_service_account.scheduler.member : each.value[1]
}

locals {
  scheduler_key = "scheduler"
}

# A grant works "typically within 2 minutes", and may take 7 and more. Until then a build, a start and a call
# are refused with 403. The functions wait for the builder's grants and their own, and the schedules for the
# right to call, so the first poll that a deployment starts is let in.
# Source: docs.cloud.google.com/iam/docs/access-change-propagation.
resource "time_sleep" "grants" {
  create_duration = "120s"

  triggers = merge(
    { for key, grant in google_secret_manager_secret_iam_member.reader : key => grant.id },
    {
      builder  = google_project_iam_member.builder.id
      sources  = google_project_iam_member.sources.id
      bundles  = google_storage_bucket_iam_member.builder.id
      registry = google_artifact_registry_repository_iam_member.builder.id
    },
  )
}

resource "time_sleep" "invoker" {
  for_each = local.closed

  create_duration = "420s"
  triggers        = { grant = google_cloud_run_v2_service_iam_member.invoker["${each.key} ${local.scheduler_key}"].id }
}
