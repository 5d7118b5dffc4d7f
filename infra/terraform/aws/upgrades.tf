# For deployments that are older than the one secret for all passwords (docs/deploy.md, New versions). With a
# single plant there was a secret MSSQL_PASSWORD: it is forgotten here, not destroyed, so the old processes read
# it to their end. A person deletes it afterwards.
moved {
  from = aws_secretsmanager_secret.this["SUPABASE_SECRET_KEY"]
  to   = aws_secretsmanager_secret.named["SUPABASE_SECRET_KEY"]
}

moved {
  from = aws_secretsmanager_secret.this["MSSQL_PASSWORDS"]
  to   = aws_secretsmanager_secret.named["MSSQL_PASSWORDS"]
}

removed {
  from = aws_secretsmanager_secret.this

  lifecycle {
    destroy = false
  }
}

moved {
  from = aws_secretsmanager_secret_version.this["SUPABASE_SECRET_KEY"]
  to   = aws_secretsmanager_secret_version.named["SUPABASE_SECRET_KEY"]
}

moved {
  from = aws_secretsmanager_secret_version.this["MSSQL_PASSWORDS"]
  to   = aws_secretsmanager_secret_version.named["MSSQL_PASSWORDS"]
}

removed {
  from = aws_secretsmanager_secret_version.this

  lifecycle {
    destroy = false
  }
}
