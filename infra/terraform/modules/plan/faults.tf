# What the code would refuse, in its words (src/plantpulse/config.py: the order in which it looks, too).
# Each mapping in the file is a section: "" is the whole file, "plants.north.live_pulse" one of a plant.
locals {
  faults = distinct(concat(
    local.file_faults,
    length(local.file_faults) > 0 ? [] : local.secret_faults,
    length(local.file_faults) + length(local.secret_faults) > 0 ? [] : local.setting_faults,
  ))

  file_faults = compact([
    local.is_yaml ? "" : format(local.told.not_yaml, local.file_name),
    local.is_yaml && !can(keys(local.tree)) ? format(local.told.not_a_mapping, local.file_name) : "",
  ])

  secret_faults = compact(concat(
    [can(local.tree.supabase) ? "supabase: ${local.told.supabase}" : ""],
    [
      for key, plant in local.plants : "plants.${key}.sql_server.password: ${format(local.told.password, "MSSQL_PASSWORD__${upper(key)}")}"
      if can(keys(plant.sql_server)) && can(plant.sql_server.password)
    ],
  ))

  setting_faults = concat(
    local.section_faults,
    [for fault in local.field_faults : "${fault.place}: ${fault.told}"],
    local.fit_faults,
  )

  # A plant's SQL Server counts from when it can be reached; until then a poll answers not_configured.
  connected = [for key, plant in local.plants : key if alltrue([
    for name in ["host", "user", "database"] : !contains(["null", "\"\"", "0", "false", "[]", "{}"], try(jsonencode(plant.sql_server[name]), "null"))
  ])]

  sections = [for section in concat(
    [{ place = "", rule = "", value = local.tree }],
    [for name in try(keys(local.tree), []) : { place = name, rule = name, value = [local.tree[name], ""][local.tree[name] == null ? 1 : 0] }],
    [for key, plant in local.plants : { place = "plants.${key}", rule = "plants.*", value = plant }],
    flatten([
      for key, plant in local.plants : [
        for name in try(keys(plant), []) : [{ place = "plants.${key}.${name}", rule = "plants.*.${name}", value = plant[name] }]
        if plant[name] != null && (name != "sql_server" || contains(local.connected, key))
      ]
    ]),
  ) : section if can(local.rules.sections[section.rule])]

  section_faults = flatten([
    for section in local.sections : can(keys(section.value)) ? concat(
      [
        for name in keys(section.value) : "${trimprefix("${section.place}.${name}", ".")}: ${local.told.unknown}"
        if !can(local.rules.sections[section.rule].fields[name])
      ],
      [
        for name, rule in local.rules.sections[section.rule].fields : "${trimprefix("${section.place}.${name}", ".")}: ${local.told.required}"
        if rule.required && !contains(keys(section.value), name)
      ],
    ) : ["${section.place}: ${format(local.told.section, local.rules.sections[section.rule].model)}"]
  ])
}
