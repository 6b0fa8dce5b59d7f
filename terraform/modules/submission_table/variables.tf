variable "deployment" {
  description = "First part of the name."
  type        = string
}

variable "spec" {
  description = "submission_table of resources.yaml: {name, partition_key, sort_key, ttl_attribute, indexes}."
  type        = any
}

variable "deletion_protection" {
  description = "Refuse to delete the table."
  type        = bool
}
