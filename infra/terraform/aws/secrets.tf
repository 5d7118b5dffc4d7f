# One secret each; a function may read those that it needs and no other. The values come by a write-only
# argument: they are in neither plan nor state.
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
  secret_string_wo         = lookup(var.secrets, each.key, null)
  secret_string_wo_version = var.secrets_version

  lifecycle {
    precondition {
      condition     = length(lookup(var.secrets, each.key, "")) > 0
      error_message = "The secret ${each.key} is missing: set ${each.key} in the environment, or secrets in Terraform."
    }
  }
}
