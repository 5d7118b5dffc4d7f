variable "config_file" {
  type        = string
  description = "Path of plantpulse.yaml, from the folder that Terraform runs in."

  validation {
    condition     = fileexists(var.config_file)
    error_message = "config_file names a file that does not exist."
  }
}

variable "retry_waits_s" {
  type        = list(number)
  description = "What the cloud's scheduler waits before its first, second, ... retry of a delivery, in seconds."

  validation {
    condition     = length(var.retry_waits_s) <= 5 && alltrue([for wait_s in var.retry_waits_s : wait_s > 0])
    error_message = "retry_waits_s must hold at most five numbers of seconds, each above 0."
  }
}

variable "memory_mb" {
  type        = map(number)
  default     = {}
  description = "Memory of functions that need another amount than usual, in MB."
}
