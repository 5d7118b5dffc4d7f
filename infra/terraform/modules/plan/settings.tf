# What holds for each plant: the common settings with the plant's own over them (docs/decisions/0012).
locals {
  settings = [local.tree, { plants = {} }][length(local.faults) == 0 ? 0 : 1]

  common = { for section in ["live_pulse", "morning_report", "cleanup", "health"] : section => merge(
    try(local.defaults[section], {}), try(local.settings[section], {})
  ) }
  own = { for section in ["live_pulse", "morning_report"] : section => {
    for key, plant in local.settings.plants : key => merge(local.common[section], try(plant[section], {}))
  } }
  zone_of    = { for key, plant in local.settings.plants : key => lookup(local.rules.windows_time_zones, plant.time_zone, plant.time_zone) }
  is_enabled = { for key, plant in local.settings.plants : key => contains(local.words_for_yes, lower(tostring(try(plant.enabled, true)))) }

  words_for_yes   = ["true", "yes", "on", "t", "y", "1"] # as pydantic has them
  runs_on_startup = { for key, own in local.own.live_pulse : key => contains(local.connected, key) && contains(local.words_for_yes, lower(tostring(own.run_on_startup))) }

  only_plant  = one(length(local.settings.plants) == 1 ? keys(local.settings.plants) : [])
  password_of = { for key in local.connected : key => local.only_plant == null ? "MSSQL_PASSWORD__${upper(key)}" : "MSSQL_PASSWORD" if length(local.faults) == 0 }
  # Several plants' passwords are one secret: a function's environment and policy hold few references, and each secret costs.
  passwords = local.only_plant == null ? local.password_of : {}
  ports     = distinct([for key in local.connected : tonumber(try(local.settings.plants[key].sql_server.port, 1433)) if length(local.faults) == 0])

  # The file's values as the code's variables, so that they can be seen and overridden where the function runs.
  environment = merge({ PLANTPULSE_CONFIG = "plantpulse.yaml" }, { for variable, place in local.rules.environment :
    variable => tostring(local.settings[place[0]][place[1]]) if place[0] != "plants" && can(tostring(local.settings[place[0]][place[1]]))
  })
  environment_of_plant = merge(
    { for variable, place in local.rules.environment :
      variable => tostring(local.settings.plants[local.only_plant][place[2]]) if place[0] == "plants" && length(place) == 3 && can(length(local.settings.plants[local.only_plant][place[2]]) > 0) && can(tostring(local.settings.plants[local.only_plant][place[2]]))
    },
    { for variable, place in local.rules.environment :
      variable => tostring(local.settings.plants[local.only_plant].sql_server[place[3]]) if length(place) == 4 && can(length(tostring(local.settings.plants[local.only_plant].sql_server[place[3]])) > 0)
    },
    # An unquoted off is false by now.
    { for variable, value in { MSSQL_ENCRYPTION = try(tostring(local.settings.plants[local.only_plant].sql_server.encryption), "") } :
      variable => "off" if value == "false"
    },
    # A code with a comma in it stays in the file, where it can be said.
    { for variable, codes in { SAFETY_REASON_CODES = try(local.settings.plants[local.only_plant].safety_reason_codes, {}) } :
      variable => join(",", [for code, severity in codes : "${code}=${severity}"]) if length(codes) > 0 && !anytrue([for code in keys(codes) : strcontains(code, ",")])
    },
  )
}
