variable "deployment" {
  description = "First part of the names."
  type        = string
}

variable "spec" {
  description = "manifest_queue of resources.yaml: {name, visibility_timeout_s, retention_s, max_receive_count, dead_letter}."
  type        = any
}

variable "account" {
  description = "Id of this account."
  type        = string
}

variable "bucket_arn" {
  description = "The bucket whose events the queue accepts."
  type        = string
}

variable "topic_arn" {
  description = "The topic with messages about ended executions; start-execution then admits the next manifest."
  type        = string
}
