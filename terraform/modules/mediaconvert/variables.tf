variable "name" {
  description = "Name of the queue and of the role."
  type        = string
}

variable "account" {
  description = "Account whose jobs may take on the role."
  type        = string
}

variable "input_bucket_arn" {
  description = "ARN of the bucket that the mezzanines are read from."
  type        = string
}

variable "output_bucket_arn" {
  description = "ARN of the bucket that outputs are written to, below jobs/."
  type        = string
}
