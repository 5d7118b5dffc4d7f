# Copy to ../backend.hcl. The bucket must exist, with versioning on, and be open to nobody else:
#   gcloud storage buckets create gs://my-project-terraform --location=europe-west3 \
#     --uniform-bucket-level-access --public-access-prevention
#   gcloud storage buckets update gs://my-project-terraform --versioning
bucket = "my-project-terraform"
prefix = "plantpulse"
