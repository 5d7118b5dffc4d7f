output "functions" {
  description = "Every function by name: purpose, memory, time-out, secrets and environment."
  value       = local.functions
}

output "schedules" {
  description = "Every schedule by name: function, plant, cron and its time zone, retries."
  value       = local.schedules
}

output "secrets" {
  description = "Names of the secrets that some function needs."
  value       = distinct(flatten([for function in local.functions : function.secrets]))
}

output "passwords" {
  description = "What the secret MSSQL_PASSWORDS is made of: the names of the plants' passwords by plant; empty with a single plant."
  value       = tomap(local.deployment.passwords)
}

output "sql_server_ports" {
  description = "TCP ports of the plants' SQL Servers."
  value       = local.deployment.sql_server_ports
}

output "rhythms" {
  description = "Function, interval in minutes and the plants polled that often: what an absence of success is measured by."
  value       = local.deployment.rhythms
}

output "unconfigured_plants" {
  description = "Plants that no SQL Server is configured for yet: their polls answer not_configured."
  value       = local.deployment.unconfigured_plants
}

output "wants_users_tokens" {
  description = "Whether the file has manual calls vouched for by tokens of Supabase's users, which a function that a scheduler calls cannot."
  value       = local.deployment.wants_users_tokens
}

output "python_version" {
  description = "Version of Python that the bundles are built for."
  value       = local.deployment.python_version
}
