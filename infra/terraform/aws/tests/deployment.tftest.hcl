# A whole deployment against a mocked AWS: what depends on what, and who may do what.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
}

# It would wait in earnest.
mock_provider "time" {}

variables {
  region       = "eu-central-1"
  bundles_dir  = "tests/bundles"
  supabase_url = "https://abcdefgh.supabase.co"
  alarms       = { emails = ["operations@example.com"] }
}

run "one_plant" {
  command = apply

  variables {
    config_file     = "../modules/plan/tests/files/one_plant.yaml"
    deployment_file = "../modules/plan/tests/files/one_plant.json"
    secrets         = { SUPABASE_SECRET_KEY = "sb_secret_of_the_test", MSSQL_PASSWORD = "password-of-the-test" }
  }

  assert {
    condition     = keys(aws_lambda_function.this) == ["cleanup", "health", "live_pulse", "morning_report"]
    error_message = "Every function is deployed."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.this : function.handler == "main.handle_event" && function.runtime == "python3.13" && function.architectures == tolist(["x86_64"])])
    error_message = "The entry point is main.handle_event."
  }

  assert {
    condition     = alltrue([for name, function in aws_lambda_function.this : function.source_code_hash == filebase64sha256("tests/bundles/${name}-x86_64.zip")])
    error_message = "A function is deployed anew when its bundle's content has changed, and only then."
  }

  assert {
    condition     = aws_scheduler_schedule_group.this.name == "plantpulse" && alltrue([for schedule in aws_scheduler_schedule.this : schedule.group_name == "plantpulse"]) && toset([for queue in aws_sqs_queue.dead_letters : queue.name]) == toset(["plantpulse-cleanup-dead-letters", "plantpulse-health-dead-letters", "plantpulse-live-pulse-dead-letters", "plantpulse-morning-report-dead-letters"])
    error_message = "`plantpulse schedule` and `plantpulse dead-letters` go by these names (clouds/aws)."
  }

  assert {
    condition     = alltrue([for name in keys(aws_lambda_function.this) : aws_cloudwatch_log_metric_filter.this["${name}-failures"].pattern == "{ $.severity = \"ERROR\" }"]) && aws_cloudwatch_log_metric_filter.this["cleanup-successes"].pattern == "{ ($.is_dry_run IS FALSE) && (($.outcome = \"succeeded\") || ($.outcome = \"partial\")) }" && aws_cloudwatch_log_metric_filter.this["health-successes"].pattern == "{ $.message = \"health *\" }"
    error_message = "The alarms count what the functions log."
  }

  assert {
    condition     = alltrue([for name, function in aws_lambda_function.this : function.role == aws_iam_role.function[name].arn]) && length(distinct([for role in aws_iam_role.function : role.name])) == 4
    error_message = "Each function has an identity of its own."
  }

  assert {
    condition = alltrue(flatten([for name, policy in aws_iam_role_policy.function :
      [for statement in jsondecode(policy.policy).Statement : [for part in concat(statement.Action, statement.Resource) : !strcontains(replace(part, "${aws_cloudwatch_log_group.function[name].arn}:*", ""), "*")]]
    ]))
    error_message = "No function's policy has a wildcard but for the streams of its own log group."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.scheduler[0].policy, "*") && !strcontains(aws_iam_role.scheduler.assume_role_policy, "*")
    error_message = "The scheduler calls these functions and writes to these queues, nothing else."
  }

  assert {
    condition     = toset([for key, policy in aws_iam_role_policy.reader : one(jsondecode(policy.policy).Statement).Resource[0] if startswith(key, "live_pulse ")]) == toset([aws_secretsmanager_secret.named["SUPABASE_SECRET_KEY"].arn, aws_secretsmanager_secret.named["MSSQL_PASSWORDS"].arn])
    error_message = "What reads SQL Server may read its secret too; without a channel or a series nothing reads theirs."
  }

  assert {
    condition     = alltrue([for name in ["cleanup", "health"] : [for key, policy in aws_iam_role_policy.reader : one(jsondecode(policy.policy).Statement).Resource if startswith(key, "${name} ")] == [[aws_secretsmanager_secret.named["SUPABASE_SECRET_KEY"].arn]]])
    error_message = "What never reads SQL Server may not read its password."
  }

  assert {
    condition     = aws_lambda_function.this["live_pulse"].environment[0].variables["MSSQL_PASSWORDS_ARN"] == aws_secretsmanager_secret.named["MSSQL_PASSWORDS"].arn && !contains(keys(aws_lambda_function.this["health"].environment[0].variables), "MSSQL_PASSWORDS_ARN")
    error_message = "A function is told where its secrets are."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.this : !strcontains(jsonencode(function.environment[0].variables), "of-the-test") && !strcontains(jsonencode(function.environment[0].variables), "of_the_test")])
    error_message = "No secret stands in a plain variable."
  }

  assert {
    condition     = alltrue([for version in aws_secretsmanager_secret_version.named : version.secret_string_wo == null]) && aws_secretsmanager_secret_version.named["SUPABASE_SECRET_KEY"].secret_string_wo_version == 1
    error_message = "No secret's value is in the state."
  }

  assert {
    condition     = length(aws_iam_role_policy.topics) == 0
    error_message = "Without a channel of the kind sns no function may publish anything."
  }

  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.named : secret.recovery_window_in_days == 30])
    error_message = "Secrets are protected unless that is waived."
  }

  assert {
    condition     = aws_scheduler_schedule.this["live_pulse-northfield"].schedule_expression == "cron(0,15,30,45 * * * ? *)" && aws_scheduler_schedule.this["health"].schedule_expression == "cron(* * * * ? *)"
    error_message = "EventBridge has six fields and wants a question mark."
  }

  assert {
    condition     = aws_scheduler_schedule.this["morning_report-northfield"].schedule_expression == "cron(0 6 * * ? *)" && aws_scheduler_schedule.this["morning_report-northfield"].schedule_expression_timezone == "America/Chicago"
    error_message = "The morning is the plant's own."
  }

  assert {
    condition     = aws_scheduler_schedule.this["live_pulse-northfield"].target[0].input == "{\"plant\":\"northfield\",\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}" && aws_scheduler_schedule.this["health"].target[0].input == "{\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}"
    error_message = "The slot's time is filled in by the scheduler, which knows its placeholder only as it is written."
  }

  assert {
    condition     = alltrue([for name, schedule in aws_scheduler_schedule.this : schedule.target[0].dead_letter_config[0].arn == aws_sqs_queue.dead_letters[module.plan.schedules[name].function].arn]) && alltrue([for name, function in aws_lambda_function.this : function.dead_letter_config[0].target_arn == aws_sqs_queue.dead_letters[name].arn])
    error_message = "What is given up waits in the function's own queue."
  }

  assert {
    condition = alltrue([for name, schedule in aws_scheduler_schedule.this :
      schedule.target[0].retry_policy[0].maximum_event_age_in_seconds + module.plan.schedules[name].deadline_s <= max(60 + module.plan.schedules[name].deadline_s, module.plan.schedules[name].interval_minutes * 60)
    ])
    error_message = "No call is delivered so late that it would run into the next slot; a minute is the least there is."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this["live_pulse"].maximum_retry_attempts == 2 && aws_lambda_function_event_invoke_config.this["live_pulse"].maximum_event_age_in_seconds == 825 && aws_lambda_function_event_invoke_config.this["health"].maximum_retry_attempts == 0
    error_message = "Lambda's own retries end before the next slot too."
  }

  assert {
    condition     = length(aws_lambda_function_url.this) == 0 && length(aws_lambda_permission.invoker) == 0 && length(aws_lambda_permission.direct) == 0
    error_message = "Nobody but the scheduler reaches the functions unless that is wished."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.incident["live_pulse lost events"].metric_name == "DeadLetterErrors" && aws_cloudwatch_metric_alarm.incident["schedules lost events"].dimensions == tomap({ ScheduleGroup = "plantpulse" })
    error_message = "What cannot even be kept as a dead letter is heard."
  }

  assert {
    condition     = toset([for key in keys(aws_cloudwatch_metric_alarm.incident) : trimprefix(key, "live_pulse ") if startswith(key, "live_pulse ")]) == toset(["failures", "errors", "timeouts", "throttles", "dead letters", "lost events"])
    error_message = "Errors, time-outs and dead letters are alarmed."
  }

  assert {
    condition = [for name in ["live_pulse of northfield", "health", "morning_report of northfield"] : {
      period  = aws_cloudwatch_metric_alarm.no_success[name].period
      times   = aws_cloudwatch_metric_alarm.no_success[name].evaluation_periods
      missing = aws_cloudwatch_metric_alarm.no_success[name].treat_missing_data
      }] == [
      { period = 900, times = 2, missing = "missing" },
      { period = 60, times = 15, missing = "missing" },
      { period = 86400, times = 2, missing = "missing" },
    ] && alltrue([for alarm in aws_cloudwatch_metric_alarm.no_success : tolist(alarm.insufficient_data_actions) == tolist([aws_sns_topic.alarms[0].arn])])
    error_message = "No success for two intervals and a quarter of an hour is told; a new alarm has no state to leave."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.no_success["live_pulse of northfield"].dimensions == tomap({ plant = "northfield" }) && aws_cloudwatch_metric_alarm.no_success["live_pulse of northfield"].metric_name == "live_pulse-successes" && aws_cloudwatch_metric_alarm.no_success["live_pulse of northfield"].namespace == aws_lambda_function.this["live_pulse"].environment[0].variables["METRICS_NAMESPACE"] && [for key in keys(aws_cloudwatch_log_metric_filter.this) : key if endswith(key, "-successes")] == ["cleanup-successes", "health-successes"]
    error_message = "The alarm watches what the function's own lines count; no filter has a plant for a dimension."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.incident), values(aws_cloudwatch_metric_alarm.no_success)) : tolist(alarm.alarm_actions) == tolist([aws_sns_topic.alarms[0].arn])])
    error_message = "Every alarm is sent to somebody."
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_log_group.function)) == toset(module.plan.function_names) && length(module.plan.function_names) == 13 && alltrue([for group in aws_cloudwatch_log_group.function : group.retention_in_days == 365])
    error_message = "Logs are kept for as long as is wished."
  }

  assert {
    condition     = jsonencode(output.first_runs) == "[{\"event\":{\"plant\":\"northfield\"},\"function\":\"plantpulse-live-pulse\"}]"
    error_message = "A deployment polls at once."
  }

  assert {
    condition     = output.static_address == null && length(aws_vpc.this) == 0
    error_message = "There is no network unless it is wished."
  }

  assert {
    condition     = strcontains(aws_iam_role.scheduler.assume_role_policy, "schedule-group/plantpulse") && strcontains(aws_iam_role.scheduler.assume_role_policy, "\"aws:SourceAccount\":\"123456789012\"")
    error_message = "Only this deployment's schedules take on the role that calls."
  }
}

run "several_plants_everything_else" {
  command = apply

  variables {
    config_file         = "../modules/plan/tests/files/three_plants.yaml"
    deployment_file     = "../modules/plan/tests/files/three_plants.json"
    secrets             = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD__ADELAIDE = "y", MSSQL_PASSWORD__BERLIN = "z" }
    secrets_version     = 2
    architecture        = "arm64"
    network             = { ingress = "all", static_address = true }
    invokers            = ["arn:aws:iam::123456789012:role/operations"]
    alarms              = { topic = "arn:aws:sns:eu-central-1:123456789012:alarms" }
    kms_key             = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    deletion_protection = false
    labels              = { "Cost Center" = "4711" }
  }

  expect_failures = [check.plants] # chicago_2 has no SQL Server yet: a warning

  assert {
    condition     = length(aws_scheduler_schedule.this) == 10
    error_message = "Each plant and pipeline is called by itself."
  }

  assert {
    condition     = keys(aws_secretsmanager_secret.named) == ["CHANNEL_SECRETS", "MSSQL_PASSWORDS", "SERIES_KEYS", "SUPABASE_SECRET_KEY", "TAG_CREDENTIALS"] && aws_lambda_function.this["live_pulse"].environment[0].variables["MSSQL_PASSWORDS_ARN"] == aws_secretsmanager_secret.named["MSSQL_PASSWORDS"].arn
    error_message = "Several plants' passwords are one secret."
  }

  assert {
    condition     = floor(aws_secretsmanager_secret_version.named["MSSQL_PASSWORDS"].secret_string_wo_version / 4294967296) == 2 && aws_secretsmanager_secret_version.named["MSSQL_PASSWORDS"].secret_string_wo_version % 4294967296 != 0
    error_message = "It is written anew with a new version, and with other plants."
  }

  assert {
    condition     = alltrue([for name, function in aws_lambda_function.this : function.architectures == tolist(["arm64"]) && endswith(function.filename, "-arm64.zip") && function.environment[0].variables["SECRETS_VERSION"] == "2"])
    error_message = "The bundle is the processor's, and new secrets start new processes."
  }

  assert {
    condition     = contains(data.aws_availability_zones.available[0].exclude_zone_ids, "use1-az3") && anytrue([for filter in data.aws_availability_zones.available[0].filter : filter.name == "opt-in-status" && filter.values == toset(["opt-in-not-required"])])
    error_message = "The subnets are in zones that have Lambda and NAT gateways, no local ones."
  }

  assert {
    condition     = alltrue([for url in aws_lambda_function_url.this : url.authorization_type == "AWS_IAM"]) && length(aws_lambda_function_url.this) == 4
    error_message = "A function URL wants a signature."
  }

  assert {
    condition     = alltrue([for permission in concat(values(aws_lambda_permission.invoker), values(aws_lambda_permission.direct)) : permission.principal == "arn:aws:iam::123456789012:role/operations"]) && length(aws_lambda_permission.invoker) == 4
    error_message = "Operations may poll by hand, and nobody else."
  }

  assert {
    condition     = length(aws_lambda_function.this["live_pulse"].vpc_config) == 1 && length(aws_lambda_function.this["health"].vpc_config) == 0
    error_message = "What reads SQL Server leaves through the address; the rest needs no network."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_egress_rule.function : rule.to_port]) == toset([443, 1433, 1434])
    error_message = "It may reach HTTPS and the plants' servers."
  }

  assert {
    condition     = toset(keys(aws_iam_role_policy.network)) == toset(["live_pulse", "morning_report"]) && [for statement in jsondecode(aws_iam_role_policy.network["live_pulse"].policy).Statement : statement.Effect if contains(statement.Resource, "*")] == ["Allow", "Deny"]
    error_message = "The one wildcard there is, Lambda's, is denied to the function itself."
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.function : group.kms_key_id == var.kms_key && !group.skip_destroy]) && alltrue([for secret in aws_secretsmanager_secret.named : secret.kms_key_id == var.kms_key && secret.recovery_window_in_days == 0]) && alltrue([for queue in aws_sqs_queue.dead_letters : queue.kms_master_key_id == var.kms_key]) && alltrue([for schedule in aws_scheduler_schedule.this : schedule.kms_key_arn == var.kms_key])
    error_message = "A key of one's own encrypts everything."
  }

  assert {
    condition     = length(aws_sns_topic.alarms) == 0 && alltrue([for alarm in aws_cloudwatch_metric_alarm.no_success : alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:alarms"])])
    error_message = "A topic of one's own hears the alarms."
  }

  assert {
    condition     = toset([for name, alarm in aws_cloudwatch_metric_alarm.no_success : name if startswith(name, "live_pulse")]) == toset(["live_pulse of adelaide", "live_pulse of berlin", "live_pulse of chicago_2"])
    error_message = "Each plant's silence is heard."
  }
}

run "secrets_by_other_means" {
  command = plan

  variables {
    config_file     = "../modules/plan/tests/files/one_plant.yaml"
    deployment_file = "../modules/plan/tests/files/one_plant.json"
    secrets_version = 0
  }

  assert {
    condition     = length(aws_secretsmanager_secret_version.named) == 0 && length(aws_secretsmanager_secret.named) == 5
    error_message = "Terraform makes the secrets and leaves their values alone."
  }
}

run "a_missing_secret" {
  command = plan

  variables {
    config_file     = "../modules/plan/tests/files/one_plant.yaml"
    deployment_file = "../modules/plan/tests/files/one_plant.json"
    secrets         = { SUPABASE_SECRET_KEY = "", MSSQL_PASSWORD = "x" }
  }

  expect_failures = [aws_secretsmanager_secret_version.named["SUPABASE_SECRET_KEY"]]
}

run "a_missing_password_of_one_plant" {
  command = plan

  variables {
    config_file     = "../modules/plan/tests/files/three_plants.yaml"
    deployment_file = "../modules/plan/tests/files/three_plants.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD__ADELAIDE = "y" }
  }

  expect_failures = [check.plants, aws_scheduler_schedule.this]
}

run "passwords_longer_than_a_secret" {
  command = plan

  variables {
    config_file     = "../modules/plan/tests/files/three_plants.yaml"
    deployment_file = "../modules/plan/tests/files/three_plants.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD__ADELAIDE = "y", MSSQL_PASSWORD__BERLIN = join("", [for number in range(1000) : "seventy characters, of which a thousand are more than any secret holds"]) }
  }

  expect_failures = [check.plants, aws_secretsmanager_secret_version.named["MSSQL_PASSWORDS"]]
}

run "a_missing_bundle" {
  command = plan

  variables {
    config_file     = "../modules/plan/tests/files/one_plant.yaml"
    deployment_file = "../modules/plan/tests/files/one_plant.json"
    bundles_dir     = "tests"
    secrets_version = 0
  }

  expect_failures = [aws_lambda_function.this]
}

run "a_plant_without_a_server_and_nobody_to_hear" {
  command = plan

  variables {
    config_file     = "../modules/plan/tests/files/every_minute.yaml"
    deployment_file = "../modules/plan/tests/files/every_minute.json"
    secrets_version = 0
    alarms          = {}
  }

  expect_failures = [check.plants, check.alarms, check.origins]
}

run "a_missing_password_of_a_plant_that_is_switched_off" {
  command = plan

  variables {
    config_file     = "../modules/plan/tests/files/switched_off.yaml"
    deployment_file = "../modules/plan/tests/files/switched_off.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD__NORTH = "y" }
  }

  expect_failures = [check.plants, aws_secretsmanager_secret_version.named["MSSQL_PASSWORDS"]]
}

run "zones_that_you_choose" {
  command   = plan
  state_key = "another_deployment" # subnets that are there stay in their zones

  variables {
    config_file     = "../modules/plan/tests/files/one_plant.yaml"
    deployment_file = "../modules/plan/tests/files/one_plant.json"
    secrets_version = 0
    network         = { static_address = true, zones = ["eu-central-1c", "eu-central-1b"] }
  }

  assert {
    condition     = aws_subnet.private["0"].availability_zone == "eu-central-1c" && aws_subnet.public[0].availability_zone == "eu-central-1c"
    error_message = "The subnets are in the zones that you name."
  }
}

run "channels" {
  command   = apply
  state_key = "channels"

  variables {
    config_file     = "../modules/plan/tests/files/channels.yaml"
    deployment_file = "../modules/plan/tests/files/channels.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD = "x", CHANNEL_SECRET__NORTH = "secret-of-the-test", CHANNEL_SECRET__TEAM = "y", CHANNEL_SECRET__OWN = "y", CHANNEL_SECRET__PHONES = "y" }
    network         = { static_address = true, all_functions = true }
  }

  assert {
    condition     = alltrue([for name, function in aws_lambda_function.this : function.environment[0].variables["CHANNEL_SECRETS_ARN"] == aws_secretsmanager_secret.named["CHANNEL_SECRETS"].arn && one(jsondecode(aws_iam_role_policy.reader["${name} CHANNEL_SECRETS"].policy).Statement).Resource == [aws_secretsmanager_secret.named["CHANNEL_SECRETS"].arn] && !strcontains(jsonencode(function.environment[0].variables), "of-the-test")])
    error_message = "Every function sends, so each reads the secrets of channels, by reference."
  }

  assert {
    condition     = keys(aws_iam_role_policy.topics) == keys(aws_lambda_function.this) && alltrue([for policy in aws_iam_role_policy.topics : [for statement in jsondecode(policy.policy).Statement : [statement.Action, statement.Resource]] == [[["sns:Publish"], ["arn:aws:sns:eu-central-1:123456789012:plantpulse-alerts"]]]])
    error_message = "A function publishes to the topics of channels that are on, and to no other."
  }

  assert {
    condition     = { for port, rule in aws_vpc_security_group_egress_rule.function : port => rule.description } == { "25" = "Channels", "443" = "Supabase and AWS", "465" = "Channels", "1433" = "SQL Server", "8443" = "Channels" }
    error_message = "Functions in the network reach the channels' ports."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.this : length(function.vpc_config) == 1]) && keys(aws_iam_role_policy.network) == keys(aws_lambda_function.this)
    error_message = "With network.all_functions every function is in the network, and Lambda may put it there."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.this : function.memory_size == 512]) && aws_lambda_function.this["health"].timeout == 45
    error_message = "Apprise needs memory, and a look at health ends before the next one."
  }
}

run "a_missing_secret_of_a_channel_with_a_plants_name" {
  command   = plan
  state_key = "another_deployment"

  variables {
    config_file     = "../modules/plan/tests/files/channels.yaml"
    deployment_file = "../modules/plan/tests/files/channels.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD = "x", CHANNEL_SECRET__TEAM = "y", CHANNEL_SECRET__OWN = "y", CHANNEL_SECRET__PHONES = "y" }
  }

  expect_failures = [aws_secretsmanager_secret_version.named["CHANNEL_SECRETS"]]
}

run "a_missing_password_of_a_plant_with_a_channels_name" {
  command   = plan
  state_key = "another_deployment"

  variables {
    config_file     = "../modules/plan/tests/files/channels.yaml"
    deployment_file = "../modules/plan/tests/files/channels.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", CHANNEL_SECRET__NORTH = "y", CHANNEL_SECRET__TEAM = "y", CHANNEL_SECRET__OWN = "y", CHANNEL_SECRET__PHONES = "y" }
  }

  expect_failures = [aws_scheduler_schedule.this["live_pulse-north"], aws_scheduler_schedule.this["morning_report-north"]]
}

run "series" {
  command   = apply
  state_key = "series"

  variables {
    config_file     = "../modules/plan/tests/files/series.yaml"
    deployment_file = "../modules/plan/tests/files/series.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", ENTSOE_TOKEN = "token-of-the-test", EIA_API_KEY = "y", FRED_API_KEY = "z" }
    network         = { static_address = true, all_functions = true }
  }

  assert {
    condition     = keys(aws_lambda_function.this) == ["cleanup", "commodity_prices", "energy_actuals", "energy_forecasts", "health", "series_backfill", "series_gaps"]
    error_message = "Without a plant, what collects series is deployed, and nothing that reads SQL Server."
  }

  assert {
    condition     = { for name, function in aws_lambda_function.this : name => contains(keys(function.environment[0].variables), "SERIES_KEYS_ARN") } == { cleanup = false, commodity_prices = true, energy_actuals = true, energy_forecasts = true, health = false, series_backfill = true, series_gaps = true }
    error_message = "Only what asks publishers is told where their keys are."
  }

  assert {
    condition     = [for key in keys(aws_iam_role_policy.reader) : trimsuffix(key, " SERIES_KEYS") if endswith(key, " SERIES_KEYS")] == ["commodity_prices", "energy_actuals", "energy_forecasts", "series_backfill", "series_gaps"] && alltrue([for key, policy in aws_iam_role_policy.reader : one(jsondecode(policy.policy).Statement).Resource == [aws_secretsmanager_secret.named["SERIES_KEYS"].arn] if endswith(key, " SERIES_KEYS")])
    error_message = "And only that may read them."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.this : !strcontains(jsonencode(function.environment[0].variables), "of-the-test")]) && floor(aws_secretsmanager_secret_version.named["SERIES_KEYS"].secret_string_wo_version / 4294967296) == 1
    error_message = "Keys of publishers are one secret, which stands in no plain variable."
  }

  assert {
    condition = { for name, schedule in aws_scheduler_schedule.this : name => [schedule.schedule_expression, schedule.schedule_expression_timezone] } == {
      cleanup            = ["cron(0 * * * ? *)", "Etc/UTC"]
      commodity_prices   = ["cron(0 6 ? * MON *)", "America/New_York"]
      energy_actuals     = ["cron(0,30 * * * ? *)", "Etc/UTC"]
      energy_forecasts   = ["cron(0 0,6,12,18 * * ? *)", "Etc/UTC"]
      energy_forecasts-2 = ["cron(5 14 * * ? *)", "Europe/Brussels"]
      health             = ["cron(* * * * ? *)", "Etc/UTC"]
      series_backfill    = ["cron(0 2 * * ? *)", "Europe/Brussels"]
      series_gaps        = ["cron(0 0,4,8,12,16,20 * * ? *)", "Etc/UTC"]
    }
    error_message = "Where the day of the week is said, the question mark stands for that of the month."
  }

  assert {
    condition     = aws_scheduler_schedule.this["commodity_prices"].target[0].retry_policy[0].maximum_event_age_in_seconds == 86400 && alltrue([for one in aws_lambda_function_event_invoke_config.this : one.maximum_event_age_in_seconds <= 21600])
    error_message = "The scheduler keeps a call for a day at most, and Lambda an event for six hours."
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.no_success) == ["cleanup", "energy_actuals", "energy_forecasts", "health", "series_backfill", "series_gaps"]
    error_message = "Two weeks are longer than an alarm looks back: health watches a weekly pipeline."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.no_success : alarm.period * alarm.evaluation_periods <= (alarm.period < 3600 ? 86400 : 604800)])
    error_message = "CloudWatch takes no alarm that looks back further."
  }

  assert {
    condition     = { for port, rule in aws_vpc_security_group_egress_rule.function : port => rule.description } == { "443" = "Supabase and AWS", "8443" = "Publishers of series" }
    error_message = "Functions in the network reach the publishers, and no SQL Server that there is not."
  }
}

run "series_on_the_first_of_each_month" {
  command   = plan
  state_key = "another_deployment"

  variables {
    config_file     = "../modules/plan/tests/files/series_every_month.yaml"
    deployment_file = "../modules/plan/tests/files/series_every_month.json"
    secrets         = { SUPABASE_SECRET_KEY = "x" }
  }

  assert {
    condition     = aws_scheduler_schedule.this["commodity_prices"].schedule_expression == "cron(45 5 1 * ? *)" && aws_scheduler_schedule.this["commodity_prices"].target[0].retry_policy[0].maximum_event_age_in_seconds == 86400
    error_message = "Where the day of the month is said, the question mark stands for that of the week."
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.no_success) == ["cleanup", "health", "series_backfill"]
    error_message = "Health watches a monthly pipeline too; what is switched off nobody waits for."
  }

  assert {
    condition     = length(aws_vpc.this) == 0 && alltrue([for function in aws_lambda_function.this : length(function.vpc_config) == 0])
    error_message = "Publishers are asked without a network."
  }

  assert {
    condition     = [for key in keys(aws_iam_role_policy.reader) : key if endswith(key, " SERIES_KEYS")] == []
    error_message = "A publisher without a key needs no right to read one."
  }
}

run "a_missing_key_of_a_publisher_with_a_plants_name" {
  command   = plan
  state_key = "another_deployment"

  variables {
    config_file     = "../modules/plan/tests/files/publisher_with_a_plants_name.yaml"
    deployment_file = "../modules/plan/tests/files/publisher_with_a_plants_name.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", EIA_API_KEY = "" }
  }

  expect_failures = [check.plants, aws_secretsmanager_secret_version.named["SERIES_KEYS"]] # no SQL Server: a warning
}

run "tags" {
  command   = apply
  state_key = "tags"

  variables {
    config_file     = "../modules/plan/tests/files/tags.yaml"
    deployment_file = "../modules/plan/tests/files/tags.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD__NORTH = "y", TAG_CREDENTIALS = "{\"line\": {\"user\": \"u\", \"password\": \"of-the-test\"}}" }
    network         = { existing = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] } }
  }

  expect_failures = [check.plants] # three plants have no SQL Server: a warning

  assert {
    condition     = { for name, schedule in aws_scheduler_schedule.this : name => schedule.schedule_expression if startswith(name, "tags") } == { tags-north = "cron(* * * * ? *)" }
    error_message = "Calls are asynchronous, so one schedule a minute is enough although bursts overlap."
  }

  assert {
    condition     = aws_scheduler_schedule.this["tags-north"].target[0].retry_policy[0].maximum_retry_attempts == 0 && aws_scheduler_schedule.this["tags-north"].target[0].retry_policy[0].maximum_event_age_in_seconds == 60 && aws_lambda_function_event_invoke_config.this["tags"].maximum_retry_attempts == 0 && aws_lambda_function_event_invoke_config.this["tags"].maximum_event_age_in_seconds == 60
    error_message = "A burst that is a minute late is worth nothing: the next one polls."
  }

  assert {
    condition     = aws_lambda_function.this["tags"].environment[0].variables["TAG_CREDENTIALS_ARN"] == aws_secretsmanager_secret.named["TAG_CREDENTIALS"].arn && [for name in keys(aws_lambda_function.this["tags"].environment[0].variables) : name if startswith(name, "MSSQL_")] == [] && !strcontains(jsonencode(aws_lambda_function.this["tags"].environment[0].variables), "of-the-test")
    error_message = "It is told where the devices' logins are, and nothing of SQL Server."
  }

  assert {
    condition     = [for key in keys(aws_iam_role_policy.reader) : key if startswith(key, "tags ") || endswith(key, " TAG_CREDENTIALS")] == ["tags SUPABASE_SECRET_KEY", "tags TAG_CREDENTIALS"]
    error_message = "It reads the devices' logins and no password, and nothing else reads those logins."
  }

  assert {
    condition     = length(aws_lambda_function.this["tags"].vpc_config) == 1 && contains(keys(aws_iam_role_policy.network), "tags")
    error_message = "Devices are reached through the plant's network."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.no_success["tags of north"].period == 60 && toset([for key in keys(aws_cloudwatch_metric_alarm.no_success) : key if startswith(key, "tags")]) == toset(["tags of north"])
    error_message = "Its silence is heard where the cloud polls."
  }
}

run "tags_without_a_way_to_the_devices" {
  command   = plan
  state_key = "another_deployment"

  variables {
    config_file     = "../modules/plan/tests/files/tags.yaml"
    deployment_file = "../modules/plan/tests/files/tags.json"
    secrets_version = 0
    network         = { static_address = true }
  }

  expect_failures = [check.plants, check.devices] # a warning each
}

run "board" {
  command   = apply
  state_key = "board"

  variables {
    config_file     = "../modules/plan/tests/files/board.yaml"
    deployment_file = "../modules/plan/tests/files/board.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD = "y" }
  }

  assert {
    condition     = aws_lambda_function_url.dashboard[0].authorization_type == "NONE" && toset([aws_lambda_permission.dashboard_url[0].action, aws_lambda_permission.dashboard[0].action]) == toset(["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"])
    error_message = "Everybody may open the board."
  }

  assert {
    condition     = aws_lambda_function.dashboard[0].environment[0].variables == tomap({ SUPABASE_URL = "https://abcdefgh.supabase.co", DASHBOARD_PUBLISHABLE_KEY = "sb_publishable_of_the_test", DASHBOARD_TAGS_URL = "https://tags.example.com" })
    error_message = "It is told what everybody may know, and no secret."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.dashboard[0].policy).Statement[*].Action == [["logs:CreateLogStream", "logs:PutLogEvents"]]
    error_message = "It may write its log, and nothing else."
  }

  assert {
    condition     = aws_lambda_function.dashboard[0].source_code_hash == filebase64sha256("tests/bundles/dashboard-x86_64.zip")
    error_message = "It is replaced when its bundle has changed."
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.incident), "dashboard failures") && aws_cloudwatch_log_metric_filter.this["dashboard-failures"].log_group_name == "/aws/lambda/plantpulse-dashboard"
    error_message = "What goes wrong there is heard."
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.this), "dashboard") && length(aws_lambda_function_url.this) == 0
    error_message = "The other functions stay as closed as they were."
  }
}

run "browsers" {
  command   = apply
  state_key = "browsers"

  variables {
    config_file      = "../modules/plan/tests/files/browsers.yaml"
    deployment_file  = "../modules/plan/tests/files/browsers.json"
    secrets          = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD = "y" }
    open_concurrency = 3
    network          = { existing = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }, ingress = "all" }
    invokers         = ["arn:aws:iam::123456789012:role/operators"]
  }

  assert {
    condition     = toset([for name, function in aws_lambda_function.this : name if function.environment[0].variables.MANUAL_CALLS == "supabase_user"]) == toset(["live_pulse_users", "tags_users"])
    error_message = "Functions for browsers ask for users' tokens, and no other does."
  }

  assert {
    condition     = { for name, url in aws_lambda_function_url.open : name => url.authorization_type } == { live_pulse_users = "NONE", tags_users = "NONE" } && alltrue([for url in aws_lambda_function_url.this : url.authorization_type == "AWS_IAM"]) && !contains(keys(aws_lambda_function_url.this), "live_pulse_users")
    error_message = "Their URLs are open, the others as closed as they were."
  }

  assert {
    condition     = toset([for permission in aws_lambda_permission.open : "${permission.function_name} ${permission.action} ${permission.principal}"]) == toset(["plantpulse-live-pulse-users lambda:InvokeFunctionUrl *", "plantpulse-live-pulse-users lambda:InvokeFunction *", "plantpulse-tags-users lambda:InvokeFunctionUrl *", "plantpulse-tags-users lambda:InvokeFunction *"])
    error_message = "Everybody may call them, and nothing else."
  }

  assert {
    condition     = aws_lambda_function.this["live_pulse_users"].source_code_hash == aws_lambda_function.this["live_pulse"].source_code_hash && length(aws_lambda_function.this["live_pulse_users"].vpc_config) == 1
    error_message = "It is the same code, with the same way to the plant."
  }

  assert {
    condition     = aws_lambda_function.this["live_pulse_users"].reserved_concurrent_executions == 3 && aws_lambda_function.dashboard[0].reserved_concurrent_executions == 3 && aws_lambda_function.this["live_pulse"].reserved_concurrent_executions == -1
    error_message = "What is open can be kept from using up the account's concurrency."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.scheduler[0].policy, "users") && !anytrue([for schedule in aws_scheduler_schedule.this : strcontains(schedule.target[0].arn, "users")])
    error_message = "No schedule calls them."
  }

  assert {
    condition     = toset(keys(aws_lambda_function.dashboard[0].environment[0].variables)) == toset(["DASHBOARD_LIVE_PULSE_URL", "DASHBOARD_PUBLISHABLE_KEY", "DASHBOARD_TAGS_URL", "SUPABASE_URL"]) && aws_lambda_function.dashboard[0].environment[0].variables.DASHBOARD_TAGS_URL == "https://tags.example.com"
    error_message = "The board learns where they are; an address in the file comes first."
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.incident), "live_pulse_users failures") && !contains(keys(aws_cloudwatch_metric_alarm.incident), "live_pulse_users throttles") && !contains(keys(aws_cloudwatch_metric_alarm.incident), "live_pulse_users errors") && !contains(keys(aws_lambda_function.this["live_pulse_users"].environment[0].variables), "METRICS_NAMESPACE")
    error_message = "What fails there is heard; what a stranger can cause raises no alarm, and a poll by hand hides no missing schedule."
  }
}

run "browsers_whom_no_page_may_call" {
  command   = plan
  state_key = "browsers_without_origins"

  variables {
    config_file     = "../modules/plan/tests/files/browsers_without_origins.yaml"
    deployment_file = "../modules/plan/tests/files/browsers_without_origins.json"
    secrets         = { SUPABASE_SECRET_KEY = "x", MSSQL_PASSWORD = "y" }
  }

  expect_failures = [check.origins] # a warning
}
