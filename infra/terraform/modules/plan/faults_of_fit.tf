# What fits together only as a whole. As in the models, a section with a wrong field is not judged further.
locals {
  wrong_sections = distinct(concat(
    [for fault in local.field_faults : fault.section],
    flatten([for section in local.sections : section.place if anytrue([for fault in local.section_faults : startswith(fault, section.place == "" ? "" : "${section.place}.") || startswith(fault, "${section.place}: ")])]),
  ))

  pulses = concat(
    [{ place = "live_pulse", value = try(merge(local.defaults.live_pulse, local.tree.live_pulse), local.defaults.live_pulse) }],
    [for key, plant in local.plants : {
      place = "plants.${key}.live_pulse"
      value = try(merge(local.defaults.live_pulse, local.tree.live_pulse, plant.live_pulse), merge(local.defaults.live_pulse, plant.live_pulse))
    } if can(keys(plant.live_pulse))],
  )

  servers = [for section in local.sections : section if section.rule == "plants.*.sql_server"]

  fit_faults = concat(
    contains(local.wrong_sections, "cleanup") || try(1440 % local.tree.cleanup.every_minutes, 0) == 0 ? [] : ["cleanup: ${local.told.every_minutes}"],
    flatten([
      for pulse in local.pulses : [for told in compact([
        pulse.value.every_minutes > 0 && 1440 % pulse.value.every_minutes != 0 ? local.told.every_minutes : "",
        1440 % pulse.value.every_minutes == 0 && pulse.value.window_minutes % pulse.value.every_minutes != 0 ? local.told.window_minutes : "",
      ]) : "${pulse.place}: ${told}"]
      if !contains(local.wrong_sections, "live_pulse") && !contains(local.wrong_sections, pulse.place)
    ]),
    [
      for server in local.servers : "${server.place}: ${
        try(server.value.encryption, "require") == "require" ? local.told.ca_file_instance : local.told.ca_file_encryption
      }"
      if !contains(local.wrong_sections, server.place) && try(server.value.ca_file, null) != null
      && (try(server.value.encryption, "require") != "require" || can(regex("\\\\", server.value.host)))
    ],
  )
}
