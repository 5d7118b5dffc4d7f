# plantpulse.yaml as it was written, and the rules that the code's models have for it. `rules.json`
# and `time_zones.txt` are generated from src/plantpulse/settings/ by `make infra`.
locals {
  rules = jsondecode(file("${path.module}/rules.json"))
  told  = local.rules.told
  # The names that the code's own time zone data has, one a line.
  iana_zones = "\n${file("${path.module}/time_zones.txt")}"

  defaults = { for place, section in local.rules.sections : place => {
    for name, field in section.fields : name => field.default if can(field.default)
  } }

  file_name = basename(var.config_file)
  text      = file(var.config_file)
  is_empty  = alltrue([for line in split("\n", local.text) : can(regex("^\\s*(#|$)", line))])
  is_yaml   = local.is_empty || can(yamldecode(local.text))

  # Null becomes a text, which is no mapping either: Terraform takes keys(null) for unknown, not for wrong.
  read        = try(yamldecode(local.text), null)
  tree        = [local.read, ""][local.read == null ? 1 : 0]
  read_plants = try(local.tree.plants, null)
  entries     = [local.read_plants, ""][local.read_plants == null ? 1 : 0]
  plants = { for key in try(keys(local.entries), []) :
    key => [local.entries[key], ""][local.entries[key] == null ? 1 : 0]
  }
}
