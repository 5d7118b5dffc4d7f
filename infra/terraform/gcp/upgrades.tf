# For deployments that are older than the one secret for all passwords (docs/deploy.md, New versions). With a
# single plant there was a secret MSSQL_PASSWORD: it is forgotten here, not destroyed, so the old processes read
# it to their end. A person deletes it afterwards.
moved {
  from = google_secret_manager_secret.this["SUPABASE_SECRET_KEY"]
  to   = google_secret_manager_secret.named["SUPABASE_SECRET_KEY"]
}

moved {
  from = google_secret_manager_secret.this["MSSQL_PASSWORDS"]
  to   = google_secret_manager_secret.named["MSSQL_PASSWORDS"]
}

removed {
  from = google_secret_manager_secret.this

  lifecycle {
    destroy = false
  }
}

moved {
  from = google_secret_manager_secret_version.this["SUPABASE_SECRET_KEY"]
  to   = google_secret_manager_secret_version.named["SUPABASE_SECRET_KEY"]
}

moved {
  from = google_secret_manager_secret_version.this["MSSQL_PASSWORDS"]
  to   = google_secret_manager_secret_version.named["MSSQL_PASSWORDS"]
}

removed {
  from = google_secret_manager_secret_version.this

  lifecycle {
    destroy = false
  }
}

# The same grants are made again, which changes nothing for a member that has one.
removed {
  from = google_secret_manager_secret_iam_member.function

  lifecycle {
    destroy = false
  }
}
