# One schedule for each plant and pipeline, in cron's five fields, on the grid that the code counts its
# slots on: every N minutes since midnight UTC. One cron line cannot say every 45 minutes; hours that have
# the same minutes share a line.
locals {
  headroom_s = 15 # the function outlives its job by this, and the scheduler's patience the function

  timeout_s = { for name, function in local.function_catalogue : name => min(900, function.job_s + local.headroom_s) if length(function.schedules) > 0 }

  intervals = distinct(flatten([for function in local.function_catalogue : [for schedule in function.schedules : schedule.every_minutes if schedule.every_minutes != null]]))
  minutes_of = { for every in local.intervals : every => {
    for hour in range(24) : format("%02d", hour) => join(",", [for minute in range(60) : minute if(hour * 60 + minute) % every == 0])
  } }
  hours_of = { for every, minutes in local.minutes_of : every => { for hour, list in minutes : list => tonumber(hour)... if list != "" } }
  crons_of = { for every, hours_of in local.hours_of : every => [
    for minutes, hours in hours_of : "${every == "1" ? "*" : minutes} ${length(hours) == 24 ? "*" : join(",", hours)} * * *"
  ] }

  timetable = flatten([for name, function in local.function_catalogue : [for schedule in function.schedules : {
    function         = name
    plant            = schedule.plant
    crons            = schedule.at == null ? local.crons_of[coalesce(schedule.every_minutes, 0)] : ["${tonumber(split(":", schedule.at)[1])} ${tonumber(split(":", schedule.at)[0])} * * *"]
    time_zone        = schedule.time_zone
    interval_minutes = coalesce(schedule.every_minutes, 1440)
    runs_on_startup  = schedule.runs_on_startup
    deadline_s       = local.timeout_s[name] + local.headroom_s
  }]])

  schedules = merge([for entry in local.timetable : { for number, cron in entry.crons :
    "${entry.function}${entry.plant == null ? "" : "-${entry.plant}"}${number == 0 ? "" : "-${number + 1}"}" => {
      function         = entry.function
      plant            = entry.plant
      cron             = cron
      time_zone        = entry.time_zone
      interval_minutes = entry.interval_minutes
      runs_on_startup  = entry.runs_on_startup && number == 0
      deadline_s       = entry.deadline_s
      # As many retries as surely end before the next slot is due.
      retries = max([for count in range(length(var.retry_waits_s) + 1) : count
        if count == 0 || (count + 1) * entry.deadline_s + sum(concat([0], slice(var.retry_waits_s, 0, count))) <= entry.interval_minutes * 60
      ]...)
    }
  }]...)

  # Plants of one function that are polled equally often can share an alarm, as many as its filter holds:
  # Cloud Monitoring takes 2048 characters, a plant's name has up to 40. Rare pipelines are watched by an expression
  # that has a term for each plant.
  plants_of_rhythm = { for entry in local.timetable : "${entry.function}-${entry.interval_minutes}" => entry.plant... }
  rhythms = merge([for key, plants in local.plants_of_rhythm : {
    for number, some in coalescelist(chunklist(compact(plants), tonumber(split("-", key)[1]) > 705 ? 8 : 40), [[]]) : "${key}${number == 0 ? "" : "-${number + 1}"}" => {
      function         = split("-", key)[0]
      interval_minutes = tonumber(split("-", key)[1])
      plants           = some
    }
  }]...)
}
