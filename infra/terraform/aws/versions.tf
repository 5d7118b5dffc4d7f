terraform {
  required_version = ">= 1.11" # write-only arguments: secrets stay out of plan and state

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "6.25.0"
    }

    time = {
      source  = "hashicorp/time"
      version = "0.13.1"
    }
  }

  # Filled from backend.hcl by `make plan-aws`; the bucket exists before anything here does.
  backend "s3" {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = merge(var.labels, { app = var.name })
  }
}
