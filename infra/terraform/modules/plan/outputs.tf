output "functions" {
  description = "Every function by name: its code, who vouches for callers, purpose, memory, time-out, secrets and environment."
  value       = local.functions
}

output "dashboard" {
  description = "The board's function: purpose, memory, time-out and environment; null where no board is wanted."
  value       = try(merge(local.deployment.dashboard, { memory_mb = lookup(var.memory_mb, "dashboard", local.deployment.dashboard.memory_mb) }), null)
}

output "schedules" {
  description = "Every schedule by name: function, plant, cron and its time zone, retries."
  value       = local.schedules
}

output "function_names" {
  description = "Names of all functions that there are, also of those that no plant needs yet."
  value       = local.deployment.function_names
}

output "secrets" {
  description = "Every secret by name; with parts it is a JSON object, its keys name plants, channels or publishers (keyed_by), and each part has the names of the values that it may come from."
  value       = local.deployment.secrets
}

output "secrets_fingerprint" {
  description = "A number for each secret that changes with its parts' keys: a plant, channel or publisher that comes or goes writes the secret anew."
  value       = { for name, secret in local.deployment.secrets : name => secret.parts == null ? 0 : parseint(substr(sha256(join(" ", keys(secret.parts))), 0, 8), 16) }
}

output "sql_server_ports" {
  description = "TCP ports of the plants' SQL Servers."
  value       = local.deployment.sql_server_ports
}

output "channel_ports" {
  description = "TCP ports that channels are reached at; 443 for an address that is a secret."
  value       = local.deployment.channel_ports
}

output "channel_topics" {
  description = "ARNs of the SNS topics that channels publish to."
  value       = local.deployment.channel_topics
}

output "publisher_ports" {
  description = "TCP ports that publishers of series are reached at."
  value       = local.deployment.publisher_ports
}

output "rhythms" {
  description = "Function, interval in minutes and its plants: the alarms on missing success use it."
  value       = local.deployment.rhythms
}

output "unconfigured_plants" {
  description = "Plants without a configured SQL Server: their polls return not_configured."
  value       = local.deployment.unconfigured_plants
}

output "allowed_origins" {
  description = "The pages that may call functions for browsers."
  value       = local.deployment.allowed_origins
}

output "python_version" {
  description = "Version of Python that the bundles are built for."
  value       = local.deployment.python_version
}
