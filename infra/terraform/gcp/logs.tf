# The functions' logs in a bucket of their own, for as long as is wished; _Default keeps its thirty days.
resource "google_logging_project_bucket_config" "this" {
  project        = var.project
  location       = var.region
  bucket_id      = var.name
  retention_days = var.log_retention_days
  description    = "Logs of ${var.name}'s functions and schedules"

  dynamic "cmek_settings" {
    for_each = var.kms_key == null ? [] : [var.kms_key]

    content {
      kms_key_name = cmek_settings.value
    }
  }

  depends_on = [google_project_service.needed]
}

locals {
  from_functions = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${join(" OR ", [for slug in concat(values(local.slug), [for board in range(local.boards) : local.board_slug]) : "\"${slug}\""])})"
  # Without those that strangers may call, who could hold a request open until its time is over. And a poll by hand
  # hides no schedule that has stopped.
  from_closed    = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${join(" OR ", [for name in keys(local.closed) : "\"${local.slug[name]}\""])})"
  from_schedules = "resource.type=\"cloud_scheduler_job\" AND resource.labels.job_id=~\"^${var.name}-(${join("|", keys(local.closed))})($|-)\""
}

resource "google_logging_project_sink" "this" {
  name                   = var.name
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.this.id}"
  filter                 = length(local.functions) == 0 ? "FALSE" : "(${local.from_functions}) OR (${local.from_schedules})"
  unique_writer_identity = true
}

# What the alarms count. A scheduler hears 200 for a run that failed for good, so the status says nothing:
# the run's own log line does (src/plantpulse/logs.py; Cloud Logging takes its severity out of the payload).
locals {
  labels_of_runs = { plant = "EXTRACT(jsonPayload.plant)" }
  counted = {
    failures = {
      description = "Runs that failed, and errors outside of a run"
      filter      = "${local.from_functions} AND severity>=ERROR AND (jsonPayload.message:* OR textPayload:*)"
      labels      = local.labels_of_runs
    }
    successes = {
      description = "Runs that did their work, in whole or in part, and answers of health"
      filter      = "${local.from_closed} AND ((jsonPayload.outcome=(\"succeeded\" OR \"partial\") AND jsonPayload.is_dry_run=false) OR jsonPayload.message=~\"^health \")"
      labels      = local.labels_of_runs
    }
    timeouts = {
      description = "Invocations that were stopped because their time was over"
      filter      = "${local.from_closed} AND httpRequest.status=504"
      labels      = {}
    }
    undelivered = {
      description = "Attempts at scheduled calls that failed, or were never let in"
      filter      = "${local.from_schedules} AND severity>=ERROR"
      labels      = {}
    }
  }
}

resource "google_logging_metric" "this" {
  for_each = length(local.functions) == 0 ? {} : local.counted

  name             = "${var.name}/${each.key}"
  description      = each.value.description
  filter           = each.value.filter
  label_extractors = each.value.labels

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"

    dynamic "labels" {
      for_each = each.value.labels

      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }

  depends_on = [google_project_service.needed]
}
