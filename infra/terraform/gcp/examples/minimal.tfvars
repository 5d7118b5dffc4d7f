# The least that a deployment needs: copy to ../terraform.tfvars. The secrets and the Supabase URL come from
# the environment (SUPABASE_URL, SUPABASE_SECRET_KEY, MSSQL_PASSWORD).
project = "my-project"
region  = "europe-west3"

alarms = { emails = ["operations@example.com"] }
