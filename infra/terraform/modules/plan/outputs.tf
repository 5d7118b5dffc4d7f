output "functions" {
  description = "Every function by name: purpose, memory, time-out, secrets and environment."
  value       = local.functions
}

output "schedules" {
  description = "Every schedule by name: function, plant, cron and its time zone, retries."
  value       = local.schedules
}

output "secrets" {
  description = "Names of all secrets that functions need."
  value       = distinct(flatten([for function in local.functions : function.secrets]))
}

output "passwords" {
  description = "Parts of the secret MSSQL_PASSWORDS: the names of the plants' passwords by plant; empty with a single plant."
  value       = tomap(local.deployment.passwords)
}

output "sql_server_ports" {
  description = "TCP ports of the plants' SQL Servers."
  value       = local.deployment.sql_server_ports
}

output "rhythms" {
  description = "Function, interval in minutes and its plants: the alarms on missing success use it."
  value       = local.deployment.rhythms
}

output "unconfigured_plants" {
  description = "Plants without a configured SQL Server: their polls return not_configured."
  value       = local.deployment.unconfigured_plants
}

output "wants_users_tokens" {
  description = "Whether the file sets manual_calls.accept to supabase_user, which a function for a scheduler cannot use."
  value       = local.deployment.wants_users_tokens
}

output "python_version" {
  description = "Version of Python that the bundles are built for."
  value       = local.deployment.python_version
}
