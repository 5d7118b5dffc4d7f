locals {
  topic = var.alarms.topic != null ? var.alarms.topic : aws_sns_topic.alarms[0].arn
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch may not use AWS's own key for SNS, so encryption takes a key of yours whose policy lets cloudwatch.amazonaws.com use it
  count = var.alarms.topic == null ? 1 : 0

  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key

  lifecycle {
    create_before_destroy = true # the alarms name their new topic before this one goes
  }
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.alarms.emails

  topic_arn = local.topic
  protocol  = "email"
  endpoint  = each.key
}

locals {
  lost_by_schedules = length(local.functions) == 0 ? {} : {
    "schedules lost events" = "EventBridge Scheduler gave calls up and could not put them into the queue of dead letters: they are gone. Look at the queue, its key and the scheduler's rights; a later slot makes up for a poll."
  }

  board_incidents = { for board in range(local.boards) : "dashboard failures" => {
    meaning = "The board is not served: a setting is missing or wrong. The log line says which; docs/board.md."
    metric  = { namespace = local.namespace, name = "dashboard-failures", statistic = "Sum", threshold = 1, dimensions = {} }
  } }

  # For each function: what failed, what Lambda stopped. For closed ones also what strangers could cause in open ones, and
  # what was given up or lost.
  incidents = merge(local.board_incidents, { for name, meaning in local.lost_by_schedules : name => {
    meaning = meaning
    metric  = { namespace = "AWS/Scheduler", name = "InvocationsFailedToBeSentToDeadLetterCount", statistic = "Sum", threshold = 1, dimensions = { ScheduleGroup = var.name } }
    } }, concat([for name, function in local.functions : {
      "${name} failures" = {
        meaning = "A run failed, or the function could not do its work at all. The log line has code and message; docs/operations.md says what to do."
        metric  = { namespace = local.namespace, name = "${name}-failures", statistic = "Sum", threshold = 1, dimensions = {} }
      }
      "${name} timeouts" = {
        meaning = "The function was stopped before it could report. Look for slow queries, or raise timeout_s."
        metric  = { namespace = "AWS/Lambda", name = "Duration", statistic = "Maximum", threshold = function.timeout_s * 1000, dimensions = { FunctionName = local.slug[name] } }
      }
      }], [for name in keys(local.closed) : {
      "${name} errors" = {
        meaning = "The function raised or could not start: an import error, no memory, or a failure that Lambda tries again."
        metric  = { namespace = "AWS/Lambda", name = "Errors", statistic = "Sum", threshold = 1, dimensions = { FunctionName = local.slug[name] } }
      }
      "${name} throttles" = {
        meaning = "Lambda turned calls away: the account's concurrency is used up."
        metric  = { namespace = "AWS/Lambda", name = "Throttles", statistic = "Sum", threshold = 1, dimensions = { FunctionName = local.slug[name] } }
      }
      "${name} dead letters" = {
        meaning = "Calls were given up after their last retry. They wait in the queue for fourteen days."
        metric  = { namespace = "AWS/SQS", name = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", threshold = 1, dimensions = { QueueName = "${local.slug[name]}-dead-letters" } }
      }
      "${name} lost events" = {
        meaning = "Lambda gave calls up and could not put them into the queue of dead letters: they are gone. Look at the queue, its key and the function's rights; a later slot makes up for a poll."
        metric  = { namespace = "AWS/Lambda", name = "DeadLetterErrors", statistic = "Sum", threshold = 1, dimensions = { FunctionName = local.slug[name] } }
      }
  }])...)
}

resource "aws_cloudwatch_metric_alarm" "incident" {
  for_each = local.incidents

  alarm_name          = "${var.name}: ${each.key}"
  alarm_description   = each.value.meaning
  namespace           = each.value.metric.namespace
  metric_name         = each.value.metric.name
  dimensions          = each.value.metric.dimensions
  statistic           = each.value.metric.statistic
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.metric.threshold
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic]
  ok_actions          = [local.topic]
}

# Nothing succeeded for two intervals and a quarter of an hour: the watcher that does not share the functions'
# fate. Silence is told as INSUFFICIENT_DATA, because a new alarm begins there: missing data that counted as
# breaching would raise every new alarm before its first run, the morning report's for a day. An alarm acts
# only when its state changes, so one that has never heard a success says nothing; failures, errors and dead
# letters are told from the first minute on.
# Source: AWS, "Configuring how CloudWatch alarms treat missing data"; PutMetricAlarm, "the alarm state is
# immediately set to INSUFFICIENT_DATA".
resource "aws_cloudwatch_metric_alarm" "no_success" {
  for_each = local.watched

  alarm_name          = "${var.name}: no success of ${each.key}"
  alarm_description   = "No run of ${each.value.function}${each.value.plant == null ? "" : " of ${each.value.plant}"} has succeeded for two intervals. Scheduler, function, network, SQL Server or Supabase: start with the logs."
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = max(2, ceil(15 / each.value.interval_minutes))
  treat_missing_data  = "missing"
  alarm_actions       = [local.topic]
  ok_actions          = [local.topic]

  insufficient_data_actions = [local.topic]

  namespace   = local.namespace
  metric_name = "${each.value.function}-successes"
  dimensions  = each.value.plant == null ? {} : { plant = each.value.plant }
  statistic   = "Sum"
  period      = each.value.interval_minutes * 60
}

locals {
  # Several lines of cron may be one pipeline of one plant. An alarm looks back over seven days at most, with
  # periods of an hour or more. So it cannot see two weeks or two months without a success; health does.
  # Source: AWS, PutMetricAlarm, Period: "can't be more than 604,800 seconds".
  longest_silence_s = 604800
  watched = merge([for name, schedule in module.plan.schedules : {
    (schedule.plant == null ? schedule.function : "${schedule.function} of ${schedule.plant}") = {
      function = schedule.function, plant = schedule.plant, interval_minutes = schedule.interval_minutes
    }
  } if 2 * schedule.interval_minutes * 60 <= local.longest_silence_s]...)
}
