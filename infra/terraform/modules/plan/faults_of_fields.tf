# Each value against its field's rule: type first, then bounds; the first thing wrong is told.
locals {
  # A JSON value tells by its first character what it is.
  kinds = { "\"" = "text", "{" = "mapping", "[" = "list", "n" = "null", "t" = "boolean", "f" = "boolean" }

  fields = flatten([
    for section in local.sections : [
      for name, rule in local.rules.sections[section.rule].fields : [{
        section = section.place
        place   = trimprefix("${section.place}.${name}", ".")
        rule    = rule
        value   = section.value[name]
        kind    = lookup(local.kinds, substr(try(jsonencode(section.value[name]), "0"), 0, 1), "number")
        # YAML 1.1 takes an unquoted 16:00 for a number, YAML 1.2 for a text: it is looked for as it was written.
        is_number_to_python = rule.type == "time_of_day" && can(regex("${name}:[ \\t]+${section.value[name]}[ \\t]*([,}#\\r\\n]|$)", local.text)) && can(regex("^[1-9][0-9]*:[0-5]?[0-9]$", section.value[name]))
        is_zone             = section.rule == "plants.*" && name == "time_zone"
      }] if can(keys(section.value)) && contains(try(keys(section.value), []), name)
    ]
  ])
  filled = [for field in local.fields : field if !(field.kind == "null" && field.rule.nullable)]

  field_faults = [
    for fault in concat(local.number_faults, local.text_faults, local.boolean_faults, local.code_faults, local.list_faults, local.entry_faults) :
    { section = fault.section, place = fault.place, told = fault.told[0] } if length(fault.told) > 0
  ]

  # Python takes true for 1; here it is refused, because nobody means it.
  numbers = [
    for field in local.filled : merge(field, { number = try(tonumber(field.value), null) })
    if contains(["integer", "number"], field.rule.type)
  ]
  number_faults = [for field in local.numbers : {
    section = field.section, place = field.place, told = compact([
      field.number != null ? "" : local.told[field.kind == "text" ? "${field.rule.type}_text" : field.rule.type],
      try(field.rule.type == "integer" && floor(field.number) != field.number, false) ? local.told[field.kind == "text" ? "integer_text" : "integer_fraction"] : "",
      try(field.number < field.rule.minimum, false) ? try(format(local.told.minimum, field.rule.minimum), "") : "",
      try(field.number > field.rule.maximum, false) ? try(format(local.told.maximum, field.rule.maximum), "") : "",
    ])
  }]

  text_faults = [for field in local.filled : {
    section = field.section, place = field.place, told = compact([
      can(field.rule.choices) && !(field.kind == "text" && can(index(field.rule.choices, field.value)) || try(field.rule.false_is_off && field.value == false, false)) ? try(field.rule.told, "") : "",
      !can(field.rule.choices) && field.kind != "text" && field.rule.type != "time_of_day" ? local.told[field.rule.type] : "",
      try(length(field.value) < field.rule.min_length, false) ? try(format(local.told.min_length, field.rule.min_length), "") : "",
      can(field.rule.pattern) && !can(regex(field.rule.pattern, field.value)) ? try(format(local.told.pattern, field.rule.pattern), "") : "",
      field.rule.type == "time_of_day" && (!can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", field.value)) || field.is_number_to_python) ? local.told.time_of_day : "",
      field.is_zone && !can(local.rules.windows_time_zones[field.value]) && !try(strcontains(local.iana_zones, "\n${field.value}\n"), false) ? local.told.time_zone : "",
    ])
  } if contains(["text", "path", "time_of_day"], field.rule.type)]

  boolean_words = ["true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "1", "0"]
  boolean_faults = [for field in local.filled : {
    section = field.section, place = field.place, told = compact([
      contains(["boolean", "text", "number"], field.kind) ? "" : local.told.boolean,
      contains(["text", "number"], field.kind) && !contains(local.boolean_words, try(lower(tostring(field.value)), "")) ? local.told[try(field.kind == "number" && floor(field.value) != field.value, false) ? "boolean" : "boolean_text"] : "",
    ])
  } if field.rule.type == "boolean"]

  codes = [for field in local.filled : field if field.rule.type == "codes"]
  code_value_faults = flatten([
    for field in local.codes : [
      for code in try(keys(field.value), []) : [{ section = field.section, place = "${field.place}.${code}", told = [field.rule.told] }]
      if !can(index(field.rule.choices, field.value[code]))
    ]
  ])
  code_faults = concat(local.code_value_faults, [for field in local.codes : {
    section = field.section, place = field.place, told = compact([
      field.kind != "mapping" ? local.told.codes : "",
      try(length(keys(field.value)) < field.rule.min_items, false) ? try(format(local.told.min_items, field.rule.min_items), "") : "",
      anytrue([for code in try(keys(field.value), []) : trimspace(code) == "" || strcontains(code, "|")]) ? local.told.reason_code : "",
      sum(concat([0], [for code in try(keys(field.value), []) : length(code) + 1])) >= 4000 ? local.told.reason_codes : "",
    ])
  } if length([for fault in local.code_value_faults : fault if startswith(fault.place, "${field.place}.")]) == 0])

  lists = [for field in local.filled : field if field.rule.type == "texts"]
  list_faults = concat(
    [for field in local.lists : { section = field.section, place = field.place, told = compact([field.kind == "list" ? "" : local.told.texts]) }],
    flatten([for field in local.lists : [
      for number, value in field.value : [{ section = field.section, place = "${field.place}.${number}", told = compact([
        !can(regex("^\"", jsonencode(value))) ? local.told.text : "",
        can(field.rule.pattern) && !can(regex(field.rule.pattern, value)) ? try(format(local.told.pattern, field.rule.pattern), "") : "",
      ]) }]
    ] if field.kind == "list"]),
  )

  entry_faults = concat(
    [for field in local.filled : {
      section = field.section, place = field.place, told = compact([
        field.kind != "mapping" ? local.told.codes : "",
        try(length(keys(field.value)) < field.rule.min_items, false) ? try(format(local.told.min_items, field.rule.min_items), "") : "",
      ])
    } if field.rule.type == "entries"],
    [for key in keys(local.plants) : {
      section = "", place = "plants.${key}.[key]", told = [format(local.told.pattern, local.rules.sections[""].fields.plants.key_pattern)]
    } if !can(regex(local.rules.sections[""].fields.plants.key_pattern, key))],
  )
}
