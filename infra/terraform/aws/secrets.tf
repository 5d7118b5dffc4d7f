# A function may read the secrets that it needs and no other. The values come by a write-only
# argument: they are in neither plan nor state.
locals {
  # Plants with their passwords, as the code reads them; ephemeral, like the values.
  passwords = jsonencode({ for plant, name in module.plan.passwords : plant => lookup(var.secrets, name, "") })

  # A plant that comes or goes writes them anew too.
  passwords_version = var.secrets_version * 4294967296 + parseint(substr(sha256(join(" ", keys(module.plan.passwords))), 0, 8), 16)
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:Both values are issued elsewhere (Supabase, the plant's DBA); docs/deploy.md says how they are rotated
  for_each = toset(module.plan.secrets)

  name                    = "${var.name}/${each.key}"
  description             = "${each.key} of ${var.name}"
  kms_key_id              = var.kms_key
  recovery_window_in_days = var.deletion_protection ? 30 : 0
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each = var.secrets_version == 0 ? {} : aws_secretsmanager_secret.this

  secret_id                = each.value.id
  secret_string_wo         = each.key == "MSSQL_PASSWORDS" ? local.passwords : lookup(var.secrets, each.key, null)
  secret_string_wo_version = each.key == "MSSQL_PASSWORDS" ? local.passwords_version : var.secrets_version

  lifecycle {
    precondition {
      condition     = each.key == "MSSQL_PASSWORDS" || length(lookup(var.secrets, each.key, "")) > 0
      error_message = "The secret ${each.key} is missing: set ${each.key} in the environment, or secrets in Terraform."
    }

    precondition {
      condition     = each.key != "MSSQL_PASSWORDS" || length(local.passwords) <= 65536
      error_message = "A secret of Secrets Manager holds 64 KB, and the plants' passwords together are longer: split plantpulse.yaml and deploy each part under its own name."
    }
  }
}
