variables {
  retry_waits_s = [15, 30, 60]
}

run "one_plant" {
  command = plan

  variables {
    config_file     = "tests/files/one_plant.yaml"
    deployment_file = "tests/files/one_plant.json"
  }

  assert {
    condition     = keys(output.functions) == ["cleanup", "health", "live_pulse", "morning_report"]
    error_message = "Every function is deployed."
  }

  assert {
    condition     = output.schedules["live_pulse-northfield"].cron == "0,15,30,45 * * * *" && output.schedules["live_pulse-northfield"].time_zone == "Etc/UTC"
    error_message = "Slots are counted from midnight UTC, as the code counts them."
  }

  assert {
    condition     = output.schedules["morning_report-northfield"].cron == "0 6 * * *" && output.schedules["morning_report-northfield"].time_zone == "America/Chicago"
    error_message = "The morning is the plant's own."
  }

  assert {
    condition     = output.schedules["cleanup"].plant == null && output.schedules["health"].cron == "* * * * *"
    error_message = "Cleanup and health are called once for all plants, health every minute."
  }

  assert {
    condition     = output.functions["live_pulse"].secrets == ["SUPABASE_SECRET_KEY", "MSSQL_PASSWORDS"] && jsonencode(output.secrets["MSSQL_PASSWORDS"].parts) == jsonencode({ northfield = ["MSSQL_PASSWORD__NORTHFIELD", "MSSQL_PASSWORD"] })
    error_message = "A single plant's password may have the short name, in the same secret as those of several."
  }

  assert {
    condition     = alltrue([for name in ["cleanup", "health"] : output.functions[name].secrets == ["SUPABASE_SECRET_KEY"]])
    error_message = "What never reads SQL Server does not get its password."
  }

  assert {
    condition = output.functions["live_pulse"].environment == {
      PLANTPULSE_CONFIG     = "plantpulse.json"
      POLL_INTERVAL_MINUTES = "15"
      POLL_WINDOW_MINUTES   = "30"
      MSSQL_HOST            = "sql.example"
      MSSQL_PORT            = "14330"
      MSSQL_USER            = "reader"
      MSSQL_DATABASE        = "mes"
      MSSQL_TIMEZONE        = "America/Chicago"
      SAFETY_REASON_CODES   = "Near Miss=low,Safety Issue=critical"
    }
    error_message = "The variables say what the file says, and hold no secret."
  }

  assert {
    condition     = !contains(keys(output.functions["health"].environment), "MSSQL_HOST")
    error_message = "What never reads SQL Server is not told where it is."
  }

  assert {
    condition     = output.functions["live_pulse"].timeout_s == 75 && output.schedules["live_pulse-northfield"].deadline_s == 90
    error_message = "A poll of 60 s ends before its function is stopped, and the function before its caller gives up."
  }

  assert {
    condition     = tolist(output.sql_server_ports) == tolist([14330]) && length(output.unconfigured_plants) == 0
    error_message = "The plant's server is known."
  }
}

run "several_plants" {
  command = plan

  variables {
    config_file     = "tests/files/three_plants.yaml"
    deployment_file = "tests/files/three_plants.json"
  }

  assert {
    condition = { for name, schedule in output.schedules : name => schedule.cron if schedule.function == "live_pulse" } == {
      "live_pulse-adelaide"  = "0,5,10,15,20,25,30,35,40,45,50,55 * * * *"
      "live_pulse-berlin"    = "19 2,5,8,11,14,17,20,23 * * *"
      "live_pulse-berlin-2"  = "34 1,4,7,10,13,16,19,22 * * *"
      "live_pulse-berlin-3"  = "4,49 0,3,6,9,12,15,18,21 * * *"
      "live_pulse-chicago_2" = "2,17,32,47 * * * *"
    }
    error_message = "Each plant has its own rhythm, some minutes after another's; 45 minutes take three lines of cron."
  }

  assert {
    condition = { for name, schedule in output.schedules : name => schedule.time_zone if schedule.function == "morning_report" } == {
      "morning_report-adelaide"  = "Australia/Adelaide"
      "morning_report-berlin"    = "Europe/Berlin"
      "morning_report-chicago_2" = "America/Chicago"
    }
    error_message = "A scheduler knows IANA names only: Windows' name of a zone is translated."
  }

  assert {
    condition     = output.functions["live_pulse"].secrets == ["SUPABASE_SECRET_KEY", "MSSQL_PASSWORDS"] && jsonencode(output.secrets["MSSQL_PASSWORDS"].parts) == jsonencode({ adelaide = ["MSSQL_PASSWORD__ADELAIDE"], berlin = ["MSSQL_PASSWORD__BERLIN"] })
    error_message = "Each plant with a SQL Server has a password of its own, all of them in one secret."
  }

  assert {
    condition     = output.functions["live_pulse"].environment == { PLANTPULSE_CONFIG = "plantpulse.json", POLL_TIMEOUT_SECONDS = "90" }
    error_message = "With several plants what is one plant's stays in the file."
  }

  assert {
    condition     = output.functions["live_pulse"].timeout_s == 105
    error_message = "The function gives the slowest plant its time."
  }

  assert {
    condition     = [for name, schedule in output.schedules : name if schedule.runs_on_startup] == ["live_pulse-adelaide"]
    error_message = "A deployment polls each plant once, unless it shall not or there is nothing to poll yet."
  }

  assert {
    condition = alltrue([for schedule in output.schedules :
      (schedule.retries + 1) * schedule.deadline_s + sum(concat([0], slice([15, 30, 60], 0, schedule.retries))) <= schedule.interval_minutes * 60
    ])
    error_message = "The last retry ends before the next slot is due."
  }

  assert {
    condition     = output.schedules["live_pulse-adelaide"].retries == 1 && output.schedules["live_pulse-berlin"].retries == 3 && output.schedules["health"].retries == 0
    error_message = "The shorter the interval, the fewer retries."
  }

  assert {
    condition     = output.rhythms["live_pulse-5"].plants == ["adelaide"] && output.rhythms["morning_report-1440"].plants == ["adelaide", "berlin", "chicago_2"]
    error_message = "Plants that are polled equally often are watched together."
  }

  assert {
    condition     = tolist(output.unconfigured_plants) == tolist(["chicago_2"])
    error_message = "A plant without a SQL Server is told."
  }
}

run "what_is_switched_off" {
  command = plan

  variables {
    config_file     = "tests/files/switched_off.yaml"
    deployment_file = "tests/files/switched_off.json"
  }

  assert {
    condition     = toset(keys(output.schedules)) == toset(["cleanup", "health", "live_pulse-east", "live_pulse-north", "morning_report-north", "morning_report-west"])
    error_message = "A plant that is switched off is called by nothing; one that is not polled still has its report, and the other way round."
  }

  assert {
    condition     = output.schedules["morning_report-north"].cron == "30 5 * * *" && output.schedules["morning_report-west"].cron == "45 16 * * *"
    error_message = "A report comes at the plant's own hour."
  }

  assert {
    condition     = output.schedules["cleanup"].cron == "0 0,2,4,6,8,10,12,14,16,18,20,22 * * *" && output.functions["cleanup"].environment["SNAPSHOT_RETENTION_HOURS"] == "48"
    error_message = "Cleanup has its own rhythm."
  }

  assert {
    condition     = output.functions["morning_report"].timeout_s == 315 && output.functions["cleanup"].timeout_s == 135
    error_message = "Each function has the time that its section gives it."
  }
}

run "every_minute" {
  command = plan

  variables {
    config_file     = "tests/files/every_minute.yaml"
    deployment_file = "tests/files/every_minute.json"
    memory_mb       = { live_pulse = 1024 }
  }

  assert {
    condition     = output.schedules["live_pulse-northfield"].cron == "* * * * *" && output.schedules["live_pulse-northfield"].retries == 0
    error_message = "A poll that may last as long as its interval is not retried."
  }

  assert {
    condition     = !output.schedules["live_pulse-northfield"].runs_on_startup
    error_message = "A no in quotes is a no."
  }

  assert {
    condition     = output.functions["live_pulse"].memory_mb == 1024 && output.functions["health"].memory_mb == 256
    error_message = "Memory can be set for one function."
  }
}

run "more_plants_than_a_filter_holds" {
  command = plan

  variables {
    config_file     = "tests/files/fifty_plants.yaml"
    deployment_file = "tests/files/fifty_plants.json"
  }

  assert {
    condition     = toset(keys(output.rhythms)) == toset(["cleanup-60", "health-1", "live_pulse-15", "live_pulse-15-2", "morning_report-1440", "morning_report-1440-2", "morning_report-1440-3", "morning_report-1440-4", "morning_report-1440-5", "morning_report-1440-6", "morning_report-1440-7"])
    error_message = "Each alarm watches as many plants as its filter holds."
  }

  assert {
    condition     = length(output.rhythms["live_pulse-15"].plants) == 40 && output.rhythms["live_pulse-15-2"].plants[9] == "plant_50"
    error_message = "No plant is left out."
  }
}

run "series" {
  command = plan

  variables {
    config_file     = "tests/files/series.yaml"
    deployment_file = "tests/files/series.json"
  }

  assert {
    condition     = output.schedules["commodity_prices"].retries == 3 && output.schedules["series_backfill"].deadline_s == 870 && output.schedules["energy_actuals"].plant == null
    error_message = "A pipeline of series is of no plant, and has its time."
  }

  assert {
    condition     = jsonencode(output.secrets["SERIES_KEYS"].parts) == jsonencode({ eia = ["EIA_API_KEY"], entsoe = ["ENTSOE_TOKEN"], fred = ["FRED_API_KEY"] }) && output.secrets["SERIES_KEYS"].keyed_by == "publisher"
    error_message = "Each publisher that wants a key has a part."
  }

  assert {
    condition     = tolist(output.publisher_ports) == tolist([443, 8443]) && length(output.sql_server_ports) == 0
    error_message = "Publishers are reached at their own ports."
  }
}

run "tags" {
  command = plan

  variables {
    config_file     = "tests/files/tags.yaml"
    deployment_file = "tests/files/tags.json"
  }

  assert {
    condition     = [for name, schedule in output.schedules : name if schedule.function == "tags"] == ["tags-north"] && output.schedules["tags-north"].retries == 0
    error_message = "Only groups that the cloud polls are called for, and a burst a minute late is worth nothing."
  }

  assert {
    condition     = output.schedules["tags-north"].deadline_s == 570 && output.functions["tags"].timeout_s == 555 && output.functions["tags"].event_age_s == 60
    error_message = "The function gives the longest burst its time, and its caller waits longer."
  }

  assert {
    condition     = output.functions["tags"].joins_network && output.functions["tags"].secrets == ["SUPABASE_SECRET_KEY", "TAG_CREDENTIALS"] && output.secrets["TAG_CREDENTIALS"].default == "{}"
    error_message = "It is in the plant's network, and reads no password of a SQL Server."
  }

  assert {
    condition     = output.rhythms["tags-1"].plants == ["north"]
    error_message = "Its silence is heard for each plant."
  }
}

run "a_deployment_of_another_file" {
  command = plan

  variables {
    config_file     = "tests/files/three_plants.yaml"
    deployment_file = "tests/files/one_plant.json"
  }

  expect_failures = [var.deployment_file]
}

run "a_deployment_that_was_never_computed" {
  command = plan

  variables {
    config_file     = "tests/files/three_plants.yaml"
    deployment_file = "tests/files/none.json"
  }

  expect_failures = [var.deployment_file]
}

run "something_else_in_its_place" {
  command = plan

  variables {
    config_file     = "tests/files/three_plants.yaml"
    deployment_file = "tests/files/three_plants.yaml"
  }

  expect_failures = [var.deployment_file]
}

run "no_file" {
  command = plan

  variables {
    config_file     = "tests/files/none.yaml"
    deployment_file = "tests/files/one_plant.json"
  }

  expect_failures = [var.config_file]
}

run "memory_of_a_function_that_is_none" {
  command = plan

  variables {
    config_file     = "tests/files/one_plant.yaml"
    deployment_file = "tests/files/one_plant.json"
    memory_mb       = { dead_pulse = 512 }
  }

  expect_failures = [var.memory_mb]
}

run "board" {
  command = plan

  variables {
    config_file     = "tests/files/board.yaml"
    deployment_file = "tests/files/board.json"
    memory_mb       = { dashboard = 1024 }
  }

  assert {
    condition     = output.dashboard.environment == { DASHBOARD_PUBLISHABLE_KEY = "sb_publishable_of_the_test", DASHBOARD_TAGS_URL = "https://tags.example.com" } && output.dashboard.memory_mb == 1024
    error_message = "The board is told what everybody may know."
  }

  assert {
    condition     = !contains(keys(output.functions), "dashboard") && contains(output.function_names, "dashboard")
    error_message = "It is none of the functions that have schedules and secrets."
  }
}

run "no_board" {
  command = plan

  variables {
    config_file     = "tests/files/one_plant.yaml"
    deployment_file = "tests/files/one_plant.json"
  }

  assert {
    condition     = output.dashboard == null
    error_message = "There is no board where none is wanted."
  }
}
