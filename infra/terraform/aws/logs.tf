# Of every function that there is: a group outlives its function with deletion_protection, and AWS would
# refuse to make it again when the first plant comes back.
resource "aws_cloudwatch_log_group" "function" {
  for_each = toset(module.plan.function_names)

  name              = "/aws/lambda/${local.slug[each.key]}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key
  skip_destroy      = var.deletion_protection
}

# What the alarms count. A run that failed for good is returned, not raised, because Lambda would repeat it:
# so Lambda's own error count says too little, and the run's log line is counted (src/plantpulse/logs.py).
# A plant's success is a metric in its own log line (entry/endings.py). A filter would have the plant for a
# dimension, and CloudWatch "might disable a metric filter if it generates 1,000 different name/value pairs for
# your specified dimensions within one hour". Source: AWS, PutMetricFilter; "Specification: Embedded metric format".
locals {
  namespace     = var.name
  counts_itself = { for name, function in local.functions : name => function.is_per_plant && function.keeps_runs }
  counted = merge(
    { for name in keys(local.functions) : "${name}-failures" => { function = name, pattern = "{ $.severity = \"ERROR\" }" } },
    { for name, function in local.functions : "${name}-successes" => {
      function = name
      pattern  = function.keeps_runs ? "{ ($.is_dry_run IS FALSE) && (($.outcome = \"succeeded\") || ($.outcome = \"partial\")) }" : "{ $.message = \"${name} *\" }"
    } if !local.counts_itself[name] },
    { for board in range(local.boards) : "dashboard-failures" => { function = "dashboard", pattern = "{ $.severity = \"ERROR\" }" } },
  )
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.counted

  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.function[each.value.function].name
  pattern        = each.value.pattern

  metric_transformation {
    namespace = local.namespace
    name      = each.key
    value     = "1"
  }
}
