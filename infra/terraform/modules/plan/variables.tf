variable "config_file" {
  type        = string
  description = "Path of plantpulse.yaml, from the folder that Terraform runs in."

  validation {
    condition     = fileexists(var.config_file)
    error_message = "config_file names a file that does not exist."
  }
}

variable "deployment_file" {
  type        = string
  description = "Path of the deployment.json that `make bundle` made from config_file, from the folder that Terraform runs in."

  validation {
    condition     = fileexists(var.deployment_file)
    error_message = "${var.deployment_file} does not exist: run `make bundle`."
  }

  validation {
    condition     = !fileexists(var.deployment_file) || try(jsondecode(file(var.deployment_file)).settings_sha256, "") == try(filesha256(var.config_file), null)
    error_message = "${var.deployment_file} was not made of ${var.config_file} as it is now: run `make bundle`, with CONFIG=<that file> if it is not plantpulse.yaml."
  }
}

variable "retry_waits_s" {
  type        = list(number)
  description = "How long the cloud's scheduler waits before the first, second, ... retry of a delivery, in seconds."

  validation {
    condition     = length(var.retry_waits_s) <= 5 && alltrue([for wait_s in var.retry_waits_s : wait_s > 0])
    error_message = "retry_waits_s must hold at most five numbers of seconds, each above 0."
  }
}

variable "memory_mb" {
  type        = map(number)
  default     = {}
  description = "Memory of functions that differ from the default, in MB."

  validation {
    condition     = alltrue([for name in keys(var.memory_mb) : contains(try(jsondecode(file(var.deployment_file)).function_names, [name]), name)])
    error_message = "memory_mb must name functions: ${join(", ", try(jsondecode(file(var.deployment_file)).function_names, []))}."
  }
}
