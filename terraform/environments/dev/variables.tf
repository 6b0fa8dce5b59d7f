variable "deployment" {
  description = "First part of every name. Bucket names are global, so choose one that nobody else has, for example acme-vod-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,29}$", var.deployment))
    error_message = "Expected 3 to 30 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "region" {
  description = "Region of everything."
  type        = string
  default     = "us-east-1"
}

variable "packages" {
  description = "Folder of the functions' packages: one {function}.zip each, with the binary named bootstrap at its root."
  type        = string
}

variable "architecture" {
  description = "Instruction set that the packages and the media layer were built for: x86_64 or arm64."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "Expected x86_64 or arm64."
  }
}

variable "media_layer_arn" {
  description = "Version ARN of a Lambda layer with bin/ffmpeg and bin/ffprobe, which appear under /opt/bin."
  type        = string
}

variable "encoder_build" {
  description = "Identity of the layer's ffmpeg, as its -version begins, for example \"ffmpeg 7.1.1\". Part of the profile hash: another build is another job key."
  type        = string
}

variable "max_concurrency" {
  description = "Workers of a job at once. An account runs 1,000 functions at once by default, for all its jobs together."
  type        = number
  default     = 40

  validation {
    condition     = var.max_concurrency >= 1 && var.max_concurrency <= 10000 && floor(var.max_concurrency) == var.max_concurrency
    error_message = "Expected a whole number from 1 to 10,000, the limit of a Distributed Map."
  }
}

variable "mock_mode" {
  description = "Render placeholders instead of encoding: a deployed pipeline can be exercised end to end for pennies. Its outputs and reports say so and never stand for a real job."
  type        = bool
  default     = false
}

variable "settings" {
  description = "Further settings of the functions by their environment names, for example { ENABLE_H265 = \"false\" }. What is not set keeps the default of the code."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.settings), local.settings)) == 0
    error_message = "No function.yaml lists ${join(", ", setsubtract(keys(var.settings), local.settings))}; known are ${join(", ", local.settings)}."
  }
}

variable "notification_emails" {
  description = "Addresses that get every notification. Each has to confirm the subscription once."
  type        = set(string)
  default     = []
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}

variable "deletion_protection" {
  description = "Refuse to delete the submission table, and buckets that hold objects. Switch it off only for what may be lost."
  type        = bool
  default     = true
}
