variable "project" {
  type        = string
  description = "Id of the Google Cloud project for all resources."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project id: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  type        = string
  description = "Region of all resources, such as europe-west3."

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as europe-west3, not a zone."
  }
}

variable "name" {
  type        = string
  default     = "plantpulse"
  description = "Start of every resource's name; another name makes a second deployment."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,13}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 15 lower-case letters, digits and hyphens and start with a letter."
  }
}

variable "labels" {
  type        = map(string)
  default     = {}
  description = "Labels on all resources that take labels, such as a cost center."

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, hyphens and underscores, keys and values up to 63 characters."
  }
}

variable "config_file" {
  type        = string
  default     = "../../../plantpulse.yaml"
  description = "Path of plantpulse.yaml, from this folder; the file that was bundled."

  validation {
    condition     = fileexists(var.config_file)
    error_message = "config_file names a file that does not exist."
  }
}

variable "deployment_file" {
  type        = string
  default     = "../../../build/deployment.json"
  description = "Path of the deployment.json that `make bundle` made from config_file, from this folder."
}

variable "bundles_dir" {
  type        = string
  default     = "../../../build/bundles/gcp"
  description = "Folder of the zips that `make bundle` built, from this folder."
}

variable "memory_mb" {
  type        = map(number)
  default     = {}
  description = "Memory of functions that differ from the default, in MB, such as { live_pulse = 1024 }."

  validation {
    condition     = alltrue([for memory_mb in values(var.memory_mb) : memory_mb >= 256 && memory_mb <= 8192])
    error_message = "memory_mb must give each function 256 to 8192 MB."
  }
}

variable "vcpu_quota" {
  type        = number
  default     = 20
  description = "Processors that Cloud Run may allocate to one service in the region (quota CpuAllocPerProjectRegion); it limits each function's instances."

  validation {
    condition     = var.vcpu_quota >= 1
    error_message = "vcpu_quota must be 1 or more."
  }
}

variable "supabase_url" {
  type        = string
  description = "The Supabase project's URL, without a path."

  validation {
    condition     = can(regex("^https://[A-Za-z0-9.-]*[A-Za-z0-9](:[0-9]{1,5})?$", var.supabase_url))
    error_message = "supabase_url must be a project URL without a path, such as https://abcdefgh.supabase.co."
  }
}

variable "secrets" {
  type        = map(string)
  default     = {}
  sensitive   = true
  ephemeral   = true
  description = "Values of the secrets by name: SUPABASE_SECRET_KEY, and MSSQL_PASSWORD or, with several plants, MSSQL_PASSWORD__<PLANT>, which become one secret; CHANNEL_SECRET__<CHANNEL> of each channel, which become another one; ENTSOE_TOKEN, EIA_API_KEY and FRED_API_KEY of the publishers of series, which become a third; TAG_CREDENTIALS, the devices' logins as JSON. They are written to Secret Manager, never to plan or state; `make deploy-gcp` reads them from the environment."
}

variable "secrets_version" {
  type        = number
  default     = 1
  description = "Raise it after a rotation to write the secrets' values again. 0: you put the values into Secret Manager yourself, and Terraform never sees them."

  validation {
    condition     = var.secrets_version >= 0 && floor(var.secrets_version) == var.secrets_version
    error_message = "secrets_version must be a whole number, 0 or more."
  }
}

variable "network" {
  type = object({
    ingress        = optional(string, "internal")
    static_address = optional(bool, false)
    all_functions  = optional(bool, false)
    existing       = optional(string)
    egress         = optional(string, "all")
  })
  default     = {}
  description = "ingress: who may reach the functions, always authenticated: internal (scheduler and VPC) or all. static_address: use a fixed outgoing address, for the plant's firewall. existing: id of a Serverless VPC Access connector to use instead, such as one with a VPN to the plant; its network must reach Supabase too. egress: what goes through the connector: all, or private (only private addresses; a SQL Server with a public one is then called past the connector). all_functions: every function goes that way, not only what reads SQL Server, for a channel or a publisher that is reached from there alone."

  validation {
    condition     = contains(["internal", "all"], var.network.ingress)
    error_message = "network.ingress must be internal or all."
  }

  validation {
    condition     = contains(["all", "private"], var.network.egress) && !(var.network.static_address && var.network.egress == "private")
    error_message = "network.egress must be all or private; with network.static_address everything takes the address."
  }

  validation {
    condition     = !(var.network.static_address && var.network.existing != null)
    error_message = "network.static_address makes a network of its own; with network.existing the address is that network's matter."
  }

  validation {
    condition     = var.network.existing == null || can(regex("^projects/[^/]+/locations/[^/]+/connectors/[^/]+$", var.network.existing))
    error_message = "network.existing must be projects/<project>/locations/<region>/connectors/<name>."
  }
}

variable "invokers" {
  type        = set(string)
  default     = []
  description = "Who may start a poll by hand over HTTP, such as group:operations@example.com; the scheduler always may."

  validation {
    condition     = alltrue([for member in var.invokers : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+", member))])
    error_message = "invokers must be members such as user:, group: or serviceAccount:; never allUsers or allAuthenticatedUsers."
  }
}

variable "alarms" {
  type = object({
    emails = optional(set(string), [])
    topic  = optional(string)
  })
  default     = {}
  description = "Where alarms go: e-mail addresses, and a Pub/Sub topic (projects/<project>/topics/<name>)."

  validation {
    condition     = alltrue([for email in var.alarms.emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "alarms.emails must be e-mail addresses."
  }

  validation {
    condition     = var.alarms.topic == null || can(regex("^projects/[^/]+/topics/[^/]+$", var.alarms.topic))
    error_message = "alarms.topic must be projects/<project>/topics/<name>."
  }
}

variable "log_retention_days" {
  type        = number
  default     = 365
  description = "How long the functions' logs are kept, in days."

  validation {
    condition     = var.log_retention_days >= 1 && var.log_retention_days <= 3650 && floor(var.log_retention_days) == var.log_retention_days
    error_message = "log_retention_days must be a whole number of days from 1 to 3650."
  }
}

variable "kms_key" {
  type        = string
  default     = null
  description = "Your own key for bundles, functions, secrets and logs (projects/.../cryptoKeys/<name>, in the region); by default Google's keys."

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key must be projects/<project>/locations/<region>/keyRings/<ring>/cryptoKeys/<key>."
  }
}

variable "deletion_protection" {
  type        = bool
  default     = true
  description = "While it is true, `make destroy-gcp` refuses, and secrets and bundles cannot be destroyed. Set it to false and apply before `make destroy-gcp`."
}
