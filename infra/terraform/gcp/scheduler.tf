# One job for each plant and pipeline. A job is not retried past its next slot: Cloud Scheduler would skip
# that one. It retries `retry_count` times whatever the time; max_retry_duration would add to that, not bound it.
locals {
  first_retry_s = 15

  # A job makes no call while its last one is at work. Calls that overlap come from two jobs that take turns.
  jobs = { for job in flatten([for name, schedule in module.plan.schedules : [
    for number, cron in coalescelist(schedule.turns, [schedule.cron]) : merge(schedule, {
      key = number == 0 ? name : "${name}-${number + 1}", schedule = name, cron = cron
    })
  ]]) : job.key => job }

  # The names that a plant's password may have, by schedule; empty where the function reads none.
  needed = { for name, schedule in module.plan.schedules : name => schedule.plant == null ? [] : flatten([for key, secret in module.plan.secrets : try(secret.parts[schedule.plant], []) if secret.keyed_by == "plant" && contains(local.functions[schedule.function].secrets, key)]) }
}

resource "google_cloud_scheduler_job" "this" {
  for_each = local.jobs

  name             = "${var.name}-${each.key}"
  region           = var.region
  description      = each.value.plant == null ? "${each.value.function} for all plants" : "${each.value.function} of ${each.value.plant}"
  schedule         = each.value.cron
  time_zone        = each.value.time_zone
  attempt_deadline = "${each.value.deadline_s}s"
  paused           = false # one that was stopped by hand starts again with a deployment

  retry_config {
    retry_count          = each.value.retries
    min_backoff_duration = "${local.first_retry_s}s"
    max_backoff_duration = "${4 * local.first_retry_s}s"
    max_doublings        = 2
  }

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.this[each.value.function].service_config[0].uri
    headers     = merge({ "Content-Type" = "application/json" }, each.value.delay_s == 0 ? {} : { "X-Plantpulse-Delay-S" = tostring(each.value.delay_s) })
    body        = base64encode(jsonencode(each.value.plant == null ? {} : { plant = each.value.plant }))

    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = google_cloudfunctions2_function.this[each.value.function].service_config[0].uri
    }
  }

  # Here, because a precondition of the one secret could not name whose password is missing.
  lifecycle {
    precondition {
      condition     = var.secrets_version == 0 || length(local.needed[each.value.schedule]) == 0 || anytrue([for one in local.needed[each.value.schedule] : lookup(var.secrets, one, "") != ""])
      error_message = "The secret ${join(" or ", reverse(local.needed[each.value.schedule]))} is missing: set it in the environment, or secrets in Terraform."
    }
  }

  depends_on = [time_sleep.invoker]
}
