resource "google_monitoring_notification_channel" "email" {
  for_each = var.alarms.emails

  display_name = "${var.name}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
  force_delete = true # as for the topic

  lifecycle {
    create_before_destroy = true # the policies stop to name it before it goes
  }

  depends_on = [google_project_service.needed]
}

resource "google_monitoring_notification_channel" "topic" {
  count = var.alarms.topic == null ? 0 : 1

  display_name = "${var.name}: ${var.alarms.topic}"
  type         = "pubsub"
  labels       = { topic = var.alarms.topic }

  # Google refuses to delete a channel that a policy names, and Terraform deletes before it updates. The order
  # below is enough; the force is for a channel that somebody has added to a policy of their own.
  # Source: hashicorp/terraform-provider-google, issues 3008 and 10337.
  force_delete = true

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_project_service.needed]
}

# Google refuses a policy on a new metric with 404: "it could take up to 10 minutes to become available". Each
# metric waits for itself, so one that a new version adds is waited for too, and the others are not.
# Source: the message itself, in hashicorp/terraform-provider-google, issue 11102.
resource "time_sleep" "metric" {
  for_each = google_logging_metric.this

  create_duration = "600s"
  triggers        = { metric = each.value.id }
}

locals {
  channels = concat([for channel in google_monitoring_notification_channel.email : channel.id], google_monitoring_notification_channel.topic[*].id)
  metric   = { for name, metric in google_logging_metric.this : name => "metric.type=\"logging.googleapis.com/user/${metric.name}\"" }
  resource = { for name in keys(google_logging_metric.this) : name => name == "undelivered" ? "cloud_scheduler_job" : "cloud_run_revision" }

  incidents = {
    failures = {
      title   = "runs fail"
      meaning = "A run failed, or a function could not do its work at all. The log line has code and message; docs/operations.md says what to do."
    }
    timeouts = {
      title   = "functions run out of time"
      meaning = "A function was stopped before it could report. Look for slow queries, or raise timeout_s."
    }
    undelivered = {
      title   = "scheduled calls fail"
      meaning = "An attempt of Cloud Scheduler failed, or was not let in; it may have been tried again since, which it does not tell. There is no dead-letter queue for what it gives up: the next slot makes up for it, up to catch_up_hours back."
    }
  }
}

resource "google_monitoring_alert_policy" "incident" {
  for_each = { for name, incident in local.incidents : name => incident if length(local.functions) > 0 }

  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.channels

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = "${local.metric[each.key]} AND resource.type=\"${local.resource[each.key]}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  alert_strategy {
    auto_close = "1800s"
  }

  depends_on = [time_sleep.metric]

  documentation {
    content   = each.value.meaning
    mime_type = "text/markdown"
  }
}

# Nothing succeeded for two intervals and a quarter of an hour: the watcher that does not share the functions' fate. Metrics can be
# watched for their absence for 23 1/2 hours; PromQL looks back further, so it watches rarer pipelines.
# Source: docs.cloud.google.com/monitoring/alerts/using-promql, "up to 2 years of metric data".
resource "google_monitoring_alert_policy" "no_success" {
  for_each = module.plan.rhythms

  display_name          = "${var.name}: no success of ${each.value.function} every ${each.value.interval_minutes} min"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "no success for two intervals"

    dynamic "condition_absent" {
      for_each = local.is_watched_for_absence[each.key] ? [local.absence[each.key]] : []

      content {
        filter   = condition_absent.value.filter
        duration = "${max(local.shortest_silence_s, 2 * each.value.interval_minutes * 60)}s"

        aggregations {
          alignment_period     = "60s"
          per_series_aligner   = "ALIGN_COUNT"
          cross_series_reducer = "REDUCE_SUM"
          group_by_fields      = condition_absent.value.group_by_fields
        }
      }
    }

    dynamic "condition_prometheus_query_language" {
      for_each = local.is_watched_for_absence[each.key] ? [] : [local.silence[each.key]]

      content {
        query                     = condition_prometheus_query_language.value
        duration                  = "3600s" # a run that is on time after a day of 25 hours
        evaluation_interval       = "600s"
        disable_metric_validation = true # it is known only when something has been counted
      }
    }
  }

  documentation {
    content   = "No run of ${each.value.function} has succeeded for two intervals${length(each.value.plants) == 0 ? "" : ", for the plant in the labels"}. Scheduler, function, network, SQL Server or Supabase: start with the logs."
    mime_type = "text/markdown"
  }

  depends_on = [time_sleep.metric]
}

locals {
  # Points of a log-based metric may come 10 minutes late: a shorter silence is none. The fast watch is the ping
  # of health from outside. Source: docs.cloud.google.com/logging/docs/logs-based-metrics/troubleshooting.
  shortest_silence_s = 900

  is_watched_for_absence = { for key, rhythm in module.plan.rhythms : key => 2 * rhythm.interval_minutes * 60 <= 84600 }
  absence = { for key, rhythm in module.plan.rhythms : key => {
    filter = join(" AND ", compact([
      local.metric["successes"],
      "resource.type=\"cloud_run_revision\"",
      "resource.labels.service_name=\"${local.slug[rhythm.function]}\"",
      length(rhythm.plants) == 0 ? "" : "metric.labels.plant=one_of(${join(",", [for plant in rhythm.plants : "\"${plant}\""])})",
    ]))
    group_by_fields = length(rhythm.plants) == 0 ? ["resource.label.service_name"] : ["metric.label.plant"]
  } }

  promql_name = "logging_googleapis_com:user_${replace(var.name, "-", "_")}_successes"
  promql = { for name, slug in local.slug : name =>
    "${local.promql_name}{monitored_resource=\"cloud_run_revision\",service_name=\"${slug}\""
  }
  # Before the deployment is as old as what is looked back on, silence means nothing: health has run since then.
  silence = { for key, rhythm in module.plan.rhythms : key => format(
    "(%s) and on() count_over_time(%s}[1h] offset %dm)",
    join(" or ", [for matcher in length(rhythm.plants) == 0 ? [""] : [for plant in rhythm.plants : ",plant=\"${plant}\""] :
      "absent_over_time(${local.promql[rhythm.function]}${matcher}}[${2 * rhythm.interval_minutes}m])"
    ]),
    local.promql["health"],
    2 * rhythm.interval_minutes,
  ) }
}
