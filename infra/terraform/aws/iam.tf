# One identity for each function, and one that calls them. Each names what it may touch.
locals {
  interfaces = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]

  statements = { for name, function in local.functions : name => concat(
    [
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.function[name].arn}:*"]
      },
      {
        Sid      = "KeepDeadLetters"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.dead_letters[name].arn]
      },
    ],
    [for key in compact([var.kms_key]) : {
      Sid      = "UseKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = [key]
    }],
  ) }
}

# In policies of their own, because of the order: a function stops to need a secret or the network first, and
# loses the right to it afterwards.
resource "aws_iam_role_policy" "reader" {
  for_each = local.secrets_read

  name = "read-${each.value.secret}"
  role = aws_iam_role.function[each.value.function].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReadSecret"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = [aws_secretsmanager_secret.named[each.value.secret].arn]
    }]
  })

  lifecycle {
    create_before_destroy = true
  }
}

# Every function opens channels; it may publish to the topics that channels name, and to no other.
resource "aws_iam_role_policy" "topics" {
  for_each = length(module.plan.channel_topics) > 0 ? local.functions : {}

  name = "publish-to-channels"
  role = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "PublishToChannels"
      Effect   = "Allow"
      Action   = ["sns:Publish"]
      Resource = module.plan.channel_topics
    }]
  })

  lifecycle {
    create_before_destroy = true # the functions stop to publish before they lose the right
  }
}

# Lambda makes and removes the interfaces with the function's role, and AWS names no resource for that; the
# function itself may not. Lambda needs up to 20 minutes to remove them after the function has gone or has left
# the network, so the right to do so goes last: subnets and security group wait for it (network.tf).
# Source: awslabs/aws-support-tools, pull request 174; aws/aws-cdk, issue 34400.
resource "aws_iam_role_policy" "network" {
  for_each = { for name, function in local.functions : name => function if local.joins[name] && (var.network.static_address || var.network.existing != null) }

  name = "network"
  role = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "JoinNetwork"
        Effect   = "Allow"
        Action   = local.interfaces
        Resource = ["*"]
      },
      {
        Sid       = "LeaveInterfacesToLambda"
        Effect    = "Deny"
        Action    = local.interfaces
        Resource  = ["*"]
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:${data.aws_partition.current.partition}:lambda:${var.region}:${local.account}:function:${local.slug[each.key]}" } }
      },
    ]
  })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name        = local.slug[each.key]
  description = each.value.purpose

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = "function"
  role   = aws_iam_role.function[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })

  # In older versions it held the rights to the secrets: the new ones are there before it loses them.
  depends_on = [aws_iam_role_policy.reader]
}

resource "aws_iam_role" "scheduler" {
  name        = "${var.name}-scheduler"
  description = "Calls the functions on schedule"

  # Only this deployment's schedules may take the role on.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnEquals    = { "aws:SourceArn" = "arn:${data.aws_partition.current.partition}:scheduler:${var.region}:${local.account}:schedule-group/${var.name}" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  count = length(local.functions) > 0 ? 1 : 0

  name = "scheduler"
  role = aws_iam_role.scheduler.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "CallFunctions"
          Effect   = "Allow"
          Action   = ["lambda:InvokeFunction"]
          Resource = [for name in keys(local.closed) : aws_lambda_function.this[name].arn]
        },
        {
          Sid      = "KeepDeadLetters"
          Effect   = "Allow"
          Action   = ["sqs:SendMessage"]
          Resource = [for queue in aws_sqs_queue.dead_letters : queue.arn]
        },
      ],
      [for key in compact([var.kms_key]) : {
        Sid      = "UseKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [key]
      }],
    )
  })
}
