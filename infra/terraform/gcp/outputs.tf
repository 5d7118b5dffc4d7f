output "function_urls" {
  description = "URL of each function; a call needs an identity token of one of invokers."
  value       = { for name, function in google_cloudfunctions2_function.this : name => function.service_config[0].uri }
}

output "browser_urls" {
  description = "URL of each function for browsers; a call needs the token of a Supabase user."
  value       = { for name, service in google_cloud_run_v2_service.open : name => service.uri }
}

output "dashboard_url" {
  description = "Address of the board, for everybody; null where no board is wanted."
  value       = one(google_cloud_run_v2_service.dashboard[*].uri)
}

output "schedules" {
  description = "Every schedule with its job's name, cron line and time zone."
  value       = { for name, job in google_cloud_scheduler_job.this : name => { job = job.name, cron = job.schedule, time_zone = job.time_zone } }
}

output "first_runs" {
  description = "What `make deploy-gcp` starts after a deployment: the jobs of the plants with run_on_startup."
  value       = [for name, schedule in module.plan.schedules : google_cloud_scheduler_job.this[name].name if schedule.runs_on_startup]
}

output "static_address" {
  description = "Outgoing address for the plant's firewall; null without network.static_address."
  value       = one(google_compute_address.egress[*].address)
}

output "logs_url" {
  description = "Page with the functions' logs."
  value       = "https://console.cloud.google.com/logs/query;query=${replace(urlencode(length(local.functions) == 0 ? "" : local.from_functions), "+", "%20")}?project=${var.project}"
}

output "region" {
  description = "Region of the schedules."
  value       = var.region
}

output "project" {
  description = "Project of the deployment."
  value       = var.project
}

output "deletion_protection" {
  description = "Whether `make destroy-gcp` refuses to remove the deployment."
  value       = var.deletion_protection
}
