variable "deployment" {
  description = "First part of every name, and the dimension of the functions' own metrics."
  type        = string
}

variable "region" {
  description = "Region of the metrics."
  type        = string
}

variable "function_names" {
  description = "Full name of each function by folder."
  type        = map(string)
}

variable "state_machine_arn" {
  description = "ARN of the state machine."
  type        = string
}

variable "queue_name" {
  description = "Name of the manifest queue."
  type        = string
}

variable "dead_letter_name" {
  description = "Name of its dead-letter queue."
  type        = string
}

variable "table_name" {
  description = "Name of the submission table."
  type        = string
}

variable "bucket_names" {
  description = "Name of each bucket by its key in resources.yaml."
  type        = map(string)
}

variable "mediaconvert_queue_arn" {
  description = "ARN of the MediaConvert queue; null if this deployment encodes only with Lambda."
  type        = string
}

variable "oldest_manifest_s" {
  description = "Seconds that a manifest may wait in the queue before the alarm."
  type        = number
}

variable "emails" {
  description = "E-mail addresses that get the alarms."
  type        = set(string)
}
