# One schedule for each line of cron, with EventBridge's six fields: it wants a year, and a ? for the day of the
# week or for that of the month, whichever says nothing.
resource "aws_scheduler_schedule_group" "this" {
  name = var.name
}

locals {
  fields = { for name, schedule in module.plan.schedules : name => split(" ", schedule.cron) }
  expressions = { for name, field in local.fields : name => format(
    "cron(%s %s %s %s %s *)", field[0], field[1],
    field[4] == "*" ? field[2] : "?", field[3], field[4] == "*" ? "?" : field[4],
  ) }

  # The names that a plant's password may have, by schedule; empty where the function reads none.
  needed = { for name, schedule in module.plan.schedules : name => schedule.plant == null ? [] : flatten([for key, secret in module.plan.secrets : try(secret.parts[schedule.plant], []) if secret.keyed_by == "plant" && contains(local.functions[schedule.function].secrets, key)]) }
}

resource "aws_scheduler_schedule" "this" {
  for_each = module.plan.schedules

  name                         = each.key
  group_name                   = aws_scheduler_schedule_group.this.name
  description                  = each.value.plant == null ? "${each.value.function} for all plants" : "${each.value.function} of ${each.value.plant}"
  schedule_expression          = local.expressions[each.key]
  schedule_expression_timezone = each.value.time_zone
  kms_key_arn                  = var.kms_key
  state                        = "ENABLED" # one that was stopped by hand starts again with a deployment

  # Many plants are not called in the same second. The scheduler spreads them itself, which costs nothing.
  flexible_time_window {
    mode                      = each.value.delay_s == 0 ? "OFF" : "FLEXIBLE"
    maximum_window_in_minutes = each.value.delay_s == 0 ? null : 1
  }

  target {
    arn      = aws_lambda_function.this[each.value.function].arn
    role_arn = aws_iam_role.scheduler.arn

    # Terraform writes < and > as \u003c and \u003e, in which the scheduler does not know its own placeholder.
    input = replace(replace(
      jsonencode(merge({ scheduled_time = "<aws.scheduler.scheduled-time>" }, each.value.plant == null ? {} : { plant = each.value.plant })),
    "\\u003c", "<"), "\\u003e", ">")

    # For calls that Lambda did not take; what the function itself failed at is retried by Lambda.
    retry_policy {
      maximum_retry_attempts       = each.value.retries
      maximum_event_age_in_seconds = min(86400, max(60, each.value.interval_minutes * 60 - each.value.deadline_s)) # a minute is the least that the scheduler takes, a day the most
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead_letters[each.value.function].arn
    }
  }

  # Here, because a precondition of the one secret could not name whose password is missing.
  lifecycle {
    precondition {
      condition     = var.secrets_version == 0 || length(local.needed[each.key]) == 0 || anytrue([for one in local.needed[each.key] : lookup(var.secrets, one, "") != ""])
      error_message = "The secret ${join(" or ", reverse(local.needed[each.key]))} is missing: set it in the environment, or secrets in Terraform."
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}

# What neither scheduler nor Lambda could get done, with the event as the message's body: it can be sent again.
resource "aws_sqs_queue" "dead_letters" {
  for_each = local.functions

  name                              = "${local.slug[each.key]}-dead-letters"
  message_retention_seconds         = 1209600 # fourteen days, the longest there is
  kms_master_key_id                 = var.kms_key
  kms_data_key_reuse_period_seconds = var.kms_key == null ? null : 300
  sqs_managed_sse_enabled           = var.kms_key == null ? true : null
}
