# What the code made of plantpulse.yaml (src/plantpulse/deployment), and what Terraform's own variables add.
locals {
  deployment = jsondecode(file(var.deployment_file))

  # As many retries as surely end before the next slot is due.
  retries = { for name, schedule in local.deployment.schedules : name => max([for count in range(length(var.retry_waits_s) + 1) : count
    if count == 0 || (count + 1) * schedule.deadline_s + sum(concat([0], slice(var.retry_waits_s, 0, count))) <= schedule.interval_minutes * 60
  ]...) }

  schedules = { for name, schedule in local.deployment.schedules : name => merge(schedule, { retries = local.retries[name] }) }

  functions = { for name, function in local.deployment.functions : name => merge(function, {
    memory_mb = lookup(var.memory_mb, name, function.memory_mb)
    is_open   = function.callers == "supabase_user" # to browsers: it checks its callers itself
    # What one policy for all of a function's schedules must keep to; one that is only called by hand has all of them.
    retries = min(concat([length(var.retry_waits_s)], [for schedule in local.schedules : schedule.retries if schedule.function == name])...)
  }) }
}
