# Every function there is: one entry each, and everything else follows from it.
locals {
  function_catalogue = {
    live_pulse = {
      purpose      = "Polls each plant's SQL Server and keeps snapshots and safety events"
      reads_source = true
      logs_outcome = true
      memory_mb    = 512
      job_s        = max(0, [for own in local.own.live_pulse : tonumber(own.timeout_s)]...)
      schedules = [for key, own in local.own.live_pulse : {
        plant = key, every_minutes = tonumber(own.every_minutes), at = null, time_zone = "Etc/UTC", runs_on_startup = local.runs_on_startup[key]
      } if local.is_enabled[key] && contains(local.words_for_yes, lower(tostring(try(own.enabled, true))))]
    }
    morning_report = {
      purpose      = "Sums up each plant's day before, every morning by the plant's own clock"
      reads_source = true
      logs_outcome = true
      memory_mb    = 512
      job_s        = max(0, [for own in local.own.morning_report : tonumber(own.timeout_s)]...)
      schedules = [for key, own in local.own.morning_report : {
        plant = key, every_minutes = null, at = own.at, time_zone = local.zone_of[key], runs_on_startup = false
      } if local.is_enabled[key] && contains(local.words_for_yes, lower(tostring(try(own.enabled, true))))]
    }
    cleanup = {
      purpose      = "Removes what is older than its retention"
      reads_source = false
      logs_outcome = true
      memory_mb    = 256
      job_s        = tonumber(local.common.cleanup.timeout_s)
      schedules    = [{ plant = null, every_minutes = tonumber(local.common.cleanup.every_minutes), at = null, time_zone = "Etc/UTC", runs_on_startup = false }]
    }
    health = {
      purpose      = "Finds late, missing and stuck runs and sends what is due"
      reads_source = false
      logs_outcome = false # it keeps no run: its line says what it found
      memory_mb    = 256
      job_s        = try(tonumber(local.common.health.timeout_s), 5)
      schedules    = [{ plant = null, every_minutes = 1, at = null, time_zone = "Etc/UTC", runs_on_startup = false }]
    }
  }

  functions = { for name, function in local.function_catalogue : name => {
    purpose       = function.purpose
    reads_source  = function.reads_source
    logs_outcome  = function.logs_outcome
    is_per_plant  = anytrue([for schedule in function.schedules : schedule.plant != null])
    memory_mb     = lookup(var.memory_mb, name, function.memory_mb)
    timeout_s     = local.timeout_s[name]
    max_instances = min(1000, 2 * length(function.schedules)) # a slot that is late and the one after it; Cloud Run has a thousand
    secrets       = concat(["SUPABASE_SECRET_KEY"], function.reads_source && length(local.password_of) > 0 ? [length(local.passwords) > 0 ? "MSSQL_PASSWORDS" : "MSSQL_PASSWORD"] : [])
    environment   = merge(local.environment, function.reads_source ? local.environment_of_plant : {})
    # What one policy for all of a function's schedules must keep to.
    retries     = min([for schedule in local.schedules : schedule.retries if schedule.function == name]...)
    event_age_s = min(21600, max(60, min([for schedule in local.schedules : schedule.interval_minutes * 60 if schedule.function == name]...) - local.timeout_s[name]))
  } if length(function.schedules) > 0 }
}
