output "faults" {
  description = "What the code would refuse in plantpulse.yaml, in its words; empty when it is sound."
  value       = local.faults
}

output "functions" {
  description = "Every function by name: purpose, memory, time-out, secrets and environment; empty while there are faults."
  value       = { for name, function in local.functions : name => function if length(local.faults) == 0 }
}

output "schedules" {
  description = "Every schedule by name: function, plant, cron and its time zone, retries; empty while there are faults."
  value       = { for name, schedule in local.schedules : name => schedule if length(local.faults) == 0 }
}

output "secrets" {
  description = "Names of the secrets that some function needs."
  value       = distinct(flatten([for function in local.functions : function.secrets if length(local.faults) == 0]))
}

output "passwords" {
  description = "What the secret MSSQL_PASSWORDS is made of: the names of the plants' passwords by plant; empty with a single plant."
  value       = local.passwords
}

output "sql_server_ports" {
  description = "TCP ports of the plants' SQL Servers."
  value       = local.ports
}

output "rhythms" {
  description = "Function, interval in minutes and the plants polled that often: what an absence of success is measured by."
  value       = { for key, rhythm in local.rhythms : key => rhythm if length(local.faults) == 0 }
}

output "unconfigured_plants" {
  description = "Plants that no SQL Server is configured for yet: their polls answer not_configured."
  value       = length(local.faults) > 0 ? [] : [for key in keys(local.settings.plants) : key if !contains(local.connected, key)]
}

output "wants_users_tokens" {
  description = "Whether the file has manual calls vouched for by tokens of Supabase's users, which a function that a scheduler calls cannot."
  value       = try(local.settings.manual_calls.accept, "platform") == "supabase_user"
}

output "python_version" {
  description = "Version of Python that the bundles are built for."
  value       = trimspace(file("${path.module}/../../../../functions/python-version"))
}
