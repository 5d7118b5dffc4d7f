# Copy to ../backend.hcl. The bucket must exist, with versioning and encryption on and public access blocked:
#   aws s3api create-bucket --bucket my-company-terraform --region eu-central-1 \
#     --create-bucket-configuration LocationConstraint=eu-central-1
#   aws s3api put-bucket-versioning --bucket my-company-terraform --versioning-configuration Status=Enabled
bucket       = "my-company-terraform"
key          = "plantpulse/terraform.tfstate"
region       = "eu-central-1"
encrypt      = true
use_lockfile = true
