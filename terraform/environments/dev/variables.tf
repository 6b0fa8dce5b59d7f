variable "deployment" {
  description = "First part of every name. Bucket names are global, so choose a unique one, for example acme-vod-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,29}$", var.deployment))
    error_message = "Expected 3 to 30 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "aws_region" {
  description = "AWS region of all resources."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "Expected a region such as eu-central-1."
  }
}

variable "environment" {
  description = "Purpose of this deployment; a tag on all resources, to separate costs."
  type        = string
  default     = "dev"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.environment))
    error_message = "Expected 2 to 20 lower-case letters, digits and hyphens, for example dev or production."
  }
}

variable "encoder" {
  description = "Encoder of manifests that do not choose one: lambda or mediaconvert."
  type        = string
  default     = "lambda"

  validation {
    condition     = contains(["lambda", "mediaconvert"], var.encoder) && (var.encoder == "lambda" || var.mediaconvert)
    error_message = "Expected lambda, or mediaconvert together with mediaconvert = true."
  }
}

variable "enable_h265" {
  description = "Also encode the H.265 rungs."
  type        = bool
  default     = true
}

variable "enable_dash" {
  description = "Also write the MPD."
  type        = bool
  default     = true
}

variable "max_job_cost_usd" {
  description = "Jobs with a higher estimate, in US dollars, are refused before they encode; null for no cap."
  type        = number
  default     = 50

  validation {
    condition     = var.max_job_cost_usd == null ? true : var.max_job_cost_usd > 0
    error_message = "Expected an amount above 0, or null for no cap."
  }
}

variable "monthly_budget_usd" {
  description = "Monthly budget of this deployment in US dollars; its e-mails go to notification_emails. Null for none."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null ? true : var.monthly_budget_usd > 0 && length(var.notification_emails) > 0
    error_message = "Expected an amount above 0, and at least one address in notification_emails."
  }
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
  description = "Version ARN of a Lambda layer of your own with bin/ffmpeg and bin/ffprobe, which appear under /opt/bin. Null for the layer of scripts/package."
  type        = string
  default     = null

  validation {
    condition     = var.media_layer_arn == null ? true : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.media_layer_arn))
    error_message = "Expected the ARN of a layer's version, ending in :layer:NAME:NUMBER."
  }
}

variable "encoder_build" {
  description = "Identity of the layer's ffmpeg, the first and third word of its -version, for example \"ffmpeg 8.1.2\". Part of the profile hash: another build is another job key. Null for the layer of scripts/package."
  type        = string
  default     = null

  validation {
    condition     = (var.encoder_build == null) == (var.media_layer_arn == null)
    error_message = "Expected encoder_build and media_layer_arn together, or neither."
  }
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

variable "max_running_jobs" {
  description = "Jobs at once; other manifests wait in line, the most urgent first. Its product with max_concurrency should stay within the account's concurrency."
  type        = number
  default     = 20

  validation {
    condition     = var.max_running_jobs >= 1 && floor(var.max_running_jobs) == var.max_running_jobs
    error_message = "Expected a whole number from 1."
  }
}

variable "mock_mode" {
  description = "Write placeholders instead of encodes, to test a deployment end to end for pennies. Outputs and reports say so, and a real job never reuses them."
  type        = bool
  default     = false
}

variable "mediaconvert" {
  description = "Also provide MediaConvert as an encoder. Manifests can then choose it; its output is billed by the minute."
  type        = bool
  default     = false
}

variable "settings" {
  description = "Further settings of the functions by their environment names, for example { LEASE_SECONDS = \"3600\" }. Settings with a variable of their own go there; the others keep the default of the code."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.settings), local.settings)) == 0
    error_message = "No function.yaml lists ${join(", ", setsubtract(keys(var.settings), local.settings))}; known are ${join(", ", local.settings)}."
  }

  validation {
    condition     = contains(local.profiles, lookup(var.settings, "PROFILE", "default"))
    error_message = "PROFILE: expected one of the profiles ${join(", ", local.profiles)}."
  }

  validation {
    condition = alltrue([
      for name, value in var.settings : can(regex(lookup(local.setting_patterns, name, ".*"), value))
    ])
    error_message = "Expected true or false for FORCE_REPROCESS and MOCK_MODE, and a whole number above 0 for LEASE_SECONDS, ABANDONED_AFTER_SECONDS and PASS_SECONDS."
  }
}

variable "notification_emails" {
  description = "E-mail addresses that get every notification. Each must confirm the subscription once."
  type        = set(string)
  default     = []
}

variable "log_retention_days" {
  description = "Days for which logs are kept. CloudWatch accepts certain numbers only."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "Expected one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "delivery_public_key" {
  description = "Public key in PEM (RSA 2048) for signed URLs and cookies: with it, CloudFront delivers the output bucket. Null for no CDN."
  type        = string
  default     = null

  validation {
    condition     = var.delivery_public_key == null ? true : startswith(trimspace(var.delivery_public_key), "-----BEGIN PUBLIC KEY-----")
    error_message = "Expected a public key in PEM: openssl rsa -in private.pem -pubout."
  }
}

variable "delivery_allowed_origins" {
  description = "Origins of web players. With \"*\" browsers send no cookies, so only signed URLs work."
  type        = list(string)
  default     = ["*"]

  validation {
    condition     = length(var.delivery_allowed_origins) > 0
    error_message = "Expected at least one origin, or \"*\"."
  }
}

variable "delivery_price_class" {
  description = "CloudFront price class, which determines the locations: PriceClass_100, PriceClass_200 or PriceClass_All."
  type        = string
  default     = "PriceClass_100"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.delivery_price_class)
    error_message = "Expected PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "delivery_countries" {
  description = "Countries that are served, as ISO 3166-1 alpha-2 codes; empty for all."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for country in var.delivery_countries : can(regex("^[A-Z]{2}$", country))])
    error_message = "Expected codes such as JP or DE."
  }
}

variable "delivery_aliases" {
  description = "Custom domain names of the distribution. They need delivery_certificate_arn."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.delivery_aliases) == 0 || var.delivery_certificate_arn != null
    error_message = "Expected delivery_certificate_arn together with delivery_aliases."
  }
}

variable "delivery_certificate_arn" {
  description = "ACM certificate for the aliases, in us-east-1 as CloudFront requires; null for CloudFront's own."
  type        = string
  default     = null

  validation {
    condition     = var.delivery_certificate_arn == null ? true : startswith(var.delivery_certificate_arn, "arn:aws:acm:us-east-1:")
    error_message = "Expected the ARN of an ACM certificate in us-east-1."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the submission table and non-empty buckets. Disable it only if their content may be lost."
  type        = bool
  default     = true
}
