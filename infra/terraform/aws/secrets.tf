# A function may read the secrets that it needs and no other. The values come by a write-only
# argument: they are in neither plan nor state. Every secret is there from the first deployment on and stays,
# whatever plants, channels and publishers come and go (docs/decisions/0075).
locals {
  # As the code reads them; ephemeral, like the values. Of a part's names the first with a value counts.
  values = { for name, secret in module.plan.secrets : name => secret.parts == null ? lookup(var.secrets, name, secret.default == null ? "" : secret.default) : jsonencode({
    for part, names in coalesce(secret.parts, {}) : part => try([for one in names : var.secrets[one] if lookup(var.secrets, one, "") != ""][0], "")
  }) }

  # Written anew when this number changes: for a new secrets_version, and for a plant, channel or publisher that
  # comes or goes.
  versions = { for name, secret in module.plan.secrets : name => secret.parts == null ? var.secrets_version : var.secrets_version * 4294967296 + module.plan.secrets_fingerprint[name] }

  # Channels, publishers, and plants that nothing calls on schedule: the schedules of the others say which
  # password is missing.
  called   = toset([for name, schedule in module.plan.schedules : schedule.plant if length(local.needed[name]) > 0])
  uncalled = { for name, secret in module.plan.secrets : name => [for part, names in coalesce(secret.parts, {}) : names if secret.keyed_by != "plant" || !contains(local.called, part)] }

  # What to say of a secret with parts, by what its parts are named after.
  lacking = {
    plant     = "A password is missing of a plant that is switched off, and polls by hand need it"
    channel   = "The secret of a channel is missing"
    publisher = "The key of a publisher of series is missing"
  }

  secrets_read = merge([for name, function in local.functions : { for secret in function.secrets : "${name} ${secret}" => { function = name, secret = secret } }]...)
}

resource "aws_secretsmanager_secret" "named" {
  #checkov:skip=CKV2_AWS_57:Both values are issued elsewhere (Supabase, the plant's DBA); docs/deploy.md says how they are rotated
  for_each = module.plan.secrets

  name                    = "${var.name}/${each.key}"
  description             = "${each.key} of ${var.name}"
  kms_key_id              = var.kms_key
  recovery_window_in_days = var.deletion_protection ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "named" {
  for_each = var.secrets_version == 0 ? {} : aws_secretsmanager_secret.named

  secret_id                = each.value.id
  secret_string_wo         = local.values[each.key]
  secret_string_wo_version = local.versions[each.key]

  lifecycle {
    precondition {
      condition     = module.plan.secrets[each.key].parts != null || length(local.values[each.key]) > 0
      error_message = "The secret ${each.key} is missing: set ${each.key} in the environment, or secrets in Terraform."
    }

    precondition {
      condition     = alltrue([for names in local.uncalled[each.key] : anytrue([for one in names : lookup(var.secrets, one, "") != ""])])
      error_message = "${try(local.lacking[module.plan.secrets[each.key].keyed_by], each.key)}: set ${join(", ", [for names in local.uncalled[each.key] : join(" or ", names)])} in the environment, or secrets in Terraform."
    }

    precondition {
      condition     = length(local.values[each.key]) <= 65536
      error_message = "A secret of Secrets Manager holds 64 KB, and ${each.key} is longer, with the values of all its parts together: split plantpulse.yaml and deploy each part under its own name."
    }
  }
}
