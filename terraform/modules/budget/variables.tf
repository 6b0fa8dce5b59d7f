variable "deployment" {
  description = "Deployment whose cost is watched, by its tag."
  type        = string
}

variable "monthly_usd" {
  description = "US dollars a month."
  type        = number

  validation {
    condition     = var.monthly_usd > 0
    error_message = "Expected more than nothing."
  }
}

variable "emails" {
  description = "Who is told; at least one."
  type        = set(string)

  validation {
    condition     = length(var.emails) > 0
    error_message = "Expected at least one address: a budget that tells nobody is of no use."
  }
}
