# One map of functions, which the code made of plantpulse.yaml; everything below follows from it.
module "plan" {
  source = "../modules/plan"

  config_file     = var.config_file
  deployment_file = var.deployment_file
  memory_mb       = var.memory_mb
  retry_waits_s   = [60, 120] # Lambda's own, for events that failed; it retries twice at most
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  functions = module.plan.functions
  slug      = { for name in module.plan.function_names : name => "${var.name}-${replace(name, "_", "-")}" }
  closed    = { for name, function in local.functions : name => function if !function.is_open }
  open      = { for name, function in local.functions : name => function if function.is_open }
  bundle    = { for name, function in local.functions : name => "${var.bundles_dir}/${function.code}-${var.architecture}.zip" }
  account   = data.aws_caller_identity.current.account_id
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:Reserved concurrency is taken from the account's, which a new account has ten of; open_concurrency reserves it for what is open
  #checkov:skip=CKV_AWS_117:A network of its own is the network variable's choice; without it the function has none to be reached through
  #checkov:skip=CKV_AWS_272:The bundle's hash is in the plan; signing needs a signing profile, which is the account's matter
  for_each = local.functions

  function_name    = local.slug[each.key]
  description      = each.value.purpose
  role             = aws_iam_role.function[each.key].arn
  filename         = local.bundle[each.key]
  source_code_hash = try(filebase64sha256(local.bundle[each.key]), null)
  runtime          = "python${module.plan.python_version}"
  handler          = "main.handle_event"
  architectures    = [var.architecture]
  memory_size      = each.value.memory_mb
  timeout          = each.value.timeout_s
  kms_key_arn      = var.kms_key

  reserved_concurrent_executions = each.value.is_open && var.open_concurrency != null ? var.open_concurrency : -1

  environment {
    variables = merge(
      each.value.environment,
      { SUPABASE_URL = var.supabase_url, MANUAL_CALLS = each.value.callers, SECRETS_VERSION = tostring(var.secrets_version) }, # a new version starts new processes, which read the secrets anew
      local.counts_itself[each.key] && !each.value.is_open ? { METRICS_NAMESPACE = local.namespace } : {},
      { for secret in each.value.secrets : "${secret}_ARN" => aws_secretsmanager_secret.named[secret].arn },
    )
  }

  logging_config {
    log_format = "Text" # the functions' lines are JSON already
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  # What failed after the last retry, with the event as it was.
  dead_letter_config {
    target_arn = aws_sqs_queue.dead_letters[each.key].arn
  }

  tracing_config {
    mode = "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = local.joins[each.key] ? local.vpc : []

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  lifecycle {
    precondition {
      condition     = fileexists(local.bundle[each.key])
      error_message = "${local.bundle[each.key]} does not exist: run `make bundle`."
    }
  }

  # The new value is there before new processes ask for it.
  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy.reader, aws_iam_role_policy.topics, aws_iam_role_policy.network, time_sleep.interfaces, aws_secretsmanager_secret_version.named]
}

# EventBridge Scheduler calls asynchronously: Lambda's own retries come on top of the scheduler's.
resource "aws_lambda_function_event_invoke_config" "this" {
  for_each = local.functions

  function_name                = aws_lambda_function.this[each.key].function_name
  maximum_retry_attempts       = min(2, each.value.retries)
  maximum_event_age_in_seconds = each.value.event_age_s
}

resource "aws_lambda_function_url" "this" {
  for_each = { for name, function in local.closed : name => function if var.network.ingress == "all" }

  function_name      = aws_lambda_function.this[each.key].function_name
  authorization_type = "AWS_IAM"
}

resource "aws_lambda_permission" "invoker" {
  for_each = { for pair in setproduct(keys(local.closed), tolist(var.invokers)) : join(" ", pair) => { function = pair[0], principal = pair[1] } if var.network.ingress == "all" }

  function_name          = aws_lambda_function.this[each.value.function].function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = each.value.principal
  function_url_auth_type = "AWS_IAM"

  depends_on = [aws_lambda_function_url.this]
}

# What an `aws lambda invoke` needs, and a function URL beside its own permission.
resource "aws_lambda_permission" "direct" {
  for_each = { for pair in setproduct(keys(local.closed), tolist(var.invokers)) : join(" ", pair) => { function = pair[0], principal = pair[1] } }

  function_name = aws_lambda_function.this[each.value.function].function_name
  action        = "lambda:InvokeFunction"
  principal     = each.value.principal
}

check "plants" {
  assert {
    condition     = length(module.plan.unconfigured_plants) == 0
    error_message = "No SQL Server is configured for ${join(", ", module.plan.unconfigured_plants)}: polls there answer not_configured."
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
    error_message = "No page may call the functions for browsers: write the board's address (output dashboard_url, without the slash) into manual_calls.allowed_origins, then deploy again."
  }
}

check "alarms" {
  assert {
    condition     = length(var.alarms.emails) > 0 || var.alarms.topic != null
    error_message = "Nobody hears the alarms: set alarms.emails or alarms.topic."
  }
}
