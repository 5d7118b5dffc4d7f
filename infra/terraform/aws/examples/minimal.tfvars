# The least that a deployment needs: copy to ../terraform.tfvars. The secrets and the Supabase URL come from
# the environment (SUPABASE_URL, SUPABASE_SECRET_KEY, MSSQL_PASSWORD).
region = "eu-central-1"

alarms = { emails = ["operations@example.com"] }
