variable "deployment" {
  description = "Deployment whose cost is budgeted, by its tag."
  type        = string
}

variable "monthly_usd" {
  description = "US dollars a month."
  type        = number

  validation {
    condition     = var.monthly_usd > 0
    error_message = "Expected an amount above 0."
  }
}

variable "emails" {
  description = "E-mail addresses, at least one."
  type        = set(string)

  validation {
    condition     = length(var.emails) > 0
    error_message = "Expected at least one e-mail address."
  }
}
