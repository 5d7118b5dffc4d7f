variable "region" {
  type        = string
  description = "Region of all resources, such as eu-central-1."

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be a region such as eu-central-1, not a zone."
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
  description = "Tags on all resources that take tags, such as a cost center."

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[A-Za-z0-9 _.:/=+@-]{1,128}$", key)) && !startswith(lower(key), "aws:") && length(value) <= 256])
    error_message = "labels must be tags: keys up to 128 letters, digits and _.:/=+@- that do not start with aws:, values up to 256 characters."
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
  default     = "../../../build/bundles/aws"
  description = "Folder of the zips that `make bundle` built, from this folder."
}

variable "architecture" {
  type        = string
  default     = "x86_64"
  description = "Processor that the bundles were built for: x86_64 or arm64."

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "memory_mb" {
  type        = map(number)
  default     = {}
  description = "Memory of functions that differ from the default, in MB, such as { live_pulse = 1024 }."

  validation {
    condition     = alltrue([for memory_mb in values(var.memory_mb) : memory_mb >= 128 && memory_mb <= 10240])
    error_message = "memory_mb must give each function 128 to 10240 MB."
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
  description = "Values of the secrets by name: SUPABASE_SECRET_KEY, and MSSQL_PASSWORD or, with several plants, MSSQL_PASSWORD__<PLANT>, which become one secret; CHANNEL_SECRET__<CHANNEL> of each channel, which become another one; ENTSOE_TOKEN, EIA_API_KEY and FRED_API_KEY of the publishers of series, which become a third; TAG_CREDENTIALS, the devices' logins as JSON. They are written to Secrets Manager, never to plan or state; `make deploy-aws` reads them from the environment."
}

variable "secrets_version" {
  type        = number
  default     = 1
  description = "Raise it after a rotation to write the secrets' values again. 0: you put the values into Secrets Manager yourself, and Terraform never sees them."

  validation {
    condition     = var.secrets_version >= 0 && floor(var.secrets_version) == var.secrets_version
    error_message = "secrets_version must be a whole number, 0 or more."
  }
}

variable "open_concurrency" {
  type        = number
  default     = null
  description = "How many calls may run at once of each function that is open to the internet (the board, functions for browsers), so that strangers cannot use up the account's concurrency. It is reserved, and AWS leaves at least 100 to the others: an account with fewer cannot reserve any. By default nothing is reserved."

  validation {
    condition     = var.open_concurrency == null || try(var.open_concurrency >= 1 && var.open_concurrency == floor(var.open_concurrency), false)
    error_message = "open_concurrency must be a whole number above 0."
  }
}

variable "network" {
  type = object({
    ingress        = optional(string, "internal")
    static_address = optional(bool, false)
    all_functions  = optional(bool, false)
    zones          = optional(list(string))
    existing = optional(object({
      subnet_ids         = set(string)
      security_group_ids = set(string)
    }))
  })
  default     = {}
  description = "ingress: internal (only the scheduler and callers of the Lambda API) or all (function URLs too, always authenticated by IAM). static_address: use a fixed outgoing address, for the plant's firewall. zones: the two zones of its subnets, such as eu-central-1a, if those that are taken have no Lambda or no NAT gateway. existing: subnets and security groups to use instead, such as ones with a VPN to the plant; they must reach Supabase. all_functions: every function is in that network, not only what reads SQL Server, for a channel or a publisher that is reached from there alone."

  validation {
    condition     = contains(["internal", "all"], var.network.ingress)
    error_message = "network.ingress must be internal or all."
  }

  validation {
    condition     = var.network.zones == null || try(length(distinct(var.network.zones)) == 2 && alltrue([for zone in var.network.zones : startswith(zone, var.region)]), false)
    error_message = "network.zones must name two zones of the region."
  }

  validation {
    condition     = !(var.network.static_address && var.network.existing != null)
    error_message = "network.static_address makes a network of its own; with network.existing the address is that network's matter."
  }

  validation {
    condition     = try(length(var.network.existing.subnet_ids) > 0 && length(var.network.existing.security_group_ids) > 0, var.network.existing == null)
    error_message = "network.existing must name at least one subnet and one security group."
  }
}

variable "invokers" {
  type        = set(string)
  default     = []
  description = "ARNs of roles or users who may start a poll by hand; the scheduler always may."

  validation {
    condition     = alltrue([for principal in var.invokers : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+", principal))])
    error_message = "invokers must be ARNs of roles or users; never *."
  }
}

variable "alarms" {
  type = object({
    emails = optional(set(string), [])
    topic  = optional(string)
  })
  default     = {}
  description = "Where alarms go: e-mail addresses, which must confirm, or the ARN of your own SNS topic."

  validation {
    condition     = alltrue([for email in var.alarms.emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "alarms.emails must be e-mail addresses."
  }

  validation {
    condition     = var.alarms.topic == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+$", var.alarms.topic))
    error_message = "alarms.topic must be the ARN of an SNS topic."
  }
}

variable "log_retention_days" {
  type        = number
  default     = 365
  description = "How long the functions' logs are kept, in days."

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a number of days that CloudWatch has: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "kms_key" {
  type        = string
  default     = null
  description = "ARN of your own key for functions, secrets, queues, schedules and logs; by default AWS's keys."

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key))
    error_message = "kms_key must be the ARN of a key (not an alias)."
  }
}

variable "deletion_protection" {
  type        = bool
  default     = true
  description = "While it is true, `make destroy-aws` refuses; secrets that are destroyed otherwise can be restored for 30 days, and logs stay. Set it to false and apply before `make destroy-aws`."
}
