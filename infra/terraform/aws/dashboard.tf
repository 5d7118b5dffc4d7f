# The board's pages, for everybody: a function of its own, without schedule, secret, network or right to anything
# but its log. A browser cannot sign for AWS, so its URL asks nobody who they are.
locals {
  boards       = module.plan.dashboard == null ? 0 : 1
  board_bundle = "${var.bundles_dir}/dashboard-${var.architecture}.zip"
  # Where pages ask for a poll or a read; what the file says comes first.
  board_functions = { for name, url in aws_lambda_function_url.open : "DASHBOARD_${upper(local.open[name].code)}_URL" => trimsuffix(url.function_url, "/") }
}

resource "aws_lambda_function" "dashboard" {
  #checkov:skip=CKV_AWS_115:Reserved concurrency is taken from the account's, which a new account has ten of: open_concurrency
  #checkov:skip=CKV_AWS_116:Nobody calls it with events, so none can be lost
  #checkov:skip=CKV_AWS_117:It reaches nothing: it reads files of its own
  #checkov:skip=CKV_AWS_173:Its variables are what the pages show to everybody
  #checkov:skip=CKV_AWS_272:The bundle's hash is in the plan; signing needs a signing profile, which is the account's matter
  count = local.boards

  function_name    = local.slug["dashboard"]
  description      = module.plan.dashboard.purpose
  role             = aws_iam_role.dashboard[0].arn
  filename         = local.board_bundle
  source_code_hash = try(filebase64sha256(local.board_bundle), null)
  runtime          = "python${module.plan.python_version}"
  handler          = "main.handle_event"
  architectures    = [var.architecture]
  memory_size      = module.plan.dashboard.memory_mb
  timeout          = module.plan.dashboard.timeout_s

  reserved_concurrent_executions = var.open_concurrency == null ? -1 : var.open_concurrency

  environment {
    variables = merge(local.board_functions, module.plan.dashboard.environment, { SUPABASE_URL = var.supabase_url })
  }

  logging_config {
    log_format = "Text" # the function's lines are JSON already
    log_group  = aws_cloudwatch_log_group.function["dashboard"].name
  }

  tracing_config {
    mode = "PassThrough"
  }

  lifecycle {
    precondition {
      condition     = fileexists(local.board_bundle)
      error_message = "${local.board_bundle} does not exist: run `make dashboard`, then `make bundle`."
    }
  }

  depends_on = [aws_iam_role_policy.dashboard]
}

resource "aws_lambda_function_url" "dashboard" {
  #checkov:skip=CKV_AWS_258:The pages are for everybody; rows are guarded by Row Level Security
  count = local.boards

  function_name      = aws_lambda_function.dashboard[0].function_name
  authorization_type = "NONE"
}

# A URL needs both. With the second the Lambda API may be used too; the function answers requests of a browser
# alone, and may do nothing. Source: docs.aws.amazon.com/lambda/latest/dg/urls-auth.html.
resource "aws_lambda_permission" "dashboard_url" {
  #checkov:skip=CKV_AWS_301:The pages are for everybody, and a browser cannot sign for AWS
  count = local.boards

  function_name          = aws_lambda_function.dashboard[0].function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"

  depends_on = [aws_lambda_function_url.dashboard]
}

resource "aws_lambda_permission" "dashboard" {
  #checkov:skip=CKV_AWS_301:The pages are for everybody, and a browser cannot sign for AWS
  count = local.boards

  function_name = aws_lambda_function.dashboard[0].function_name
  action        = "lambda:InvokeFunction"
  principal     = "*"
}

resource "aws_iam_role" "dashboard" {
  count = local.boards

  name        = local.slug["dashboard"]
  description = module.plan.dashboard.purpose

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "dashboard" {
  count = local.boards

  name = "function"
  role = aws_iam_role.dashboard[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.function["dashboard"].arn}:*"]
    }]
  })
}
