variable "name" {
  description = "Name of the queue and of the role."
  type        = string
}

variable "account" {
  description = "Account whose jobs may assume the role."
  type        = string
}

variable "input_bucket_arn" {
  description = "ARN of the bucket of the mezzanines."
  type        = string
}

variable "output_bucket_arn" {
  description = "ARN of the bucket of the outputs, which are written below jobs/."
  type        = string
}
