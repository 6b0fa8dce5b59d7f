variable "name" {
  description = "Full name."
  type        = string
}

variable "arn" {
  description = "ARN derived from the name, for the role, which must exist first."
  type        = string
}

variable "type" {
  description = "STANDARD: an execution outlives the five minutes of an EXPRESS one."
  type        = string
}

variable "template" {
  description = "Path of the ASL template."
  type        = string
}

variable "function_arns" {
  description = "ARN of each function by folder."
  type        = map(string)
}

variable "output_bucket" {
  description = "Name of the bucket with the item lists of the Maps."
  type        = string
}

variable "output_bucket_arn" {
  description = "ARN of the same bucket."
  type        = string
}

variable "max_concurrency" {
  description = "Concurrency of each Map."
  type        = number
}

variable "account" {
  description = "Id of this account."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}
