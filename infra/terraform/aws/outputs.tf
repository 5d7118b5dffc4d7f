output "function_urls" {
  description = "URL of each function, with network.ingress = \"all\"; one of invokers must sign a call."
  value       = { for name, url in aws_lambda_function_url.this : name => url.function_url }
}

output "browser_urls" {
  description = "URL of each function for browsers; a call needs the token of a Supabase user."
  value       = { for name, url in aws_lambda_function_url.open : name => url.function_url }
}

output "dashboard_url" {
  description = "Address of the board, for everybody; null where no board is wanted."
  value       = one(aws_lambda_function_url.dashboard[*].function_url)
}

output "schedules" {
  description = "Every schedule with its name, expression and time zone."
  value       = { for name, schedule in aws_scheduler_schedule.this : name => { job = schedule.name, cron = schedule.schedule_expression, time_zone = schedule.schedule_expression_timezone } }
}

output "first_runs" {
  description = "What `make deploy-aws` starts after a deployment: function and event for each plant with run_on_startup."
  value       = [for schedule in module.plan.schedules : { function = aws_lambda_function.this[schedule.function].function_name, event = { plant = schedule.plant } } if schedule.runs_on_startup]
}

output "static_address" {
  description = "Outgoing address for the plant's firewall; null without network.static_address."
  value       = one(aws_eip.egress[*].public_ip)
}

output "dead_letter_queues" {
  description = "URL of each function's dead-letter queue; a message's body is the original event."
  value       = { for name, queue in aws_sqs_queue.dead_letters : name => queue.url }
}

output "logs_url" {
  description = "Page with the functions' logs."
  value       = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}#logsV2:log-groups$3FlogGroupNameFilter$3D${urlencode("/aws/lambda/${var.name}-")}"
}

output "schedule_group" {
  description = "Name of the schedules' group."
  value       = aws_scheduler_schedule_group.this.name
}

output "region" {
  description = "Region of the deployment."
  value       = var.region
}

output "deletion_protection" {
  description = "Whether `make destroy-aws` refuses to remove the deployment."
  value       = var.deletion_protection
}
