terraform {
  required_version = ">= 1.11" # write-only arguments: secrets stay out of plan and state

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "6.50.0"
    }

    time = {
      source  = "hashicorp/time"
      version = "0.13.1"
    }
  }

  # Filled from backend.hcl by `make plan-gcp`; the bucket exists before anything here does.
  backend "gcs" {}
}

provider "google" {
  project        = var.project
  region         = var.region
  default_labels = local.labels
}
