# A function may read the secrets that it needs and no other. The values come by a write-only
# argument: they are in neither plan nor state.
locals {
  # Plants with their passwords, as the code reads them; ephemeral, like the values.
  passwords = jsonencode({ for plant, name in module.plan.passwords : plant => lookup(var.secrets, name, "") })

  # A plant that comes or goes writes them anew too.
  passwords_version = var.secrets_version * 4294967296 + parseint(substr(sha256(join(" ", keys(module.plan.passwords))), 0, 8), 16)
}

resource "google_secret_manager_secret" "this" {
  for_each = toset(module.plan.secrets)

  secret_id           = "${var.name}-${each.key}"
  deletion_protection = var.deletion_protection

  replication {
    user_managed {
      replicas {
        location = var.region

        dynamic "customer_managed_encryption" {
          for_each = var.kms_key == null ? [] : [var.kms_key]

          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_secret_manager_secret_version" "this" {
  for_each = var.secrets_version == 0 ? {} : google_secret_manager_secret.this

  secret                 = each.value.id
  secret_data_wo         = each.key == "MSSQL_PASSWORDS" ? local.passwords : lookup(var.secrets, each.key, null)
  secret_data_wo_version = each.key == "MSSQL_PASSWORDS" ? local.passwords_version : var.secrets_version

  lifecycle {
    create_before_destroy = true # the functions move to the new version before the old one goes

    precondition {
      condition     = each.key == "MSSQL_PASSWORDS" || length(lookup(var.secrets, each.key, "")) > 0
      error_message = "The secret ${each.key} is missing: set ${each.key} in the environment, or secrets in Terraform."
    }

    precondition {
      condition     = each.key != "MSSQL_PASSWORDS" || length(local.passwords) <= 32768
      error_message = "A variable of Cloud Run holds 32 KB, and the plants' passwords together are longer: split plantpulse.yaml and deploy each part under its own name."
    }
  }
}

resource "google_secret_manager_secret_iam_member" "function" {
  for_each = merge([for name, function in local.functions : { for secret in function.secrets : "${name} ${secret}" => { function = name, secret = secret } }]...)

  secret_id = google_secret_manager_secret.this[each.value.secret].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function[each.value.function].member
}
