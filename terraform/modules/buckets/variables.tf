variable "specs" {
  description = "The buckets of resources.yaml: {name, versioned, notification?, expire?}."
  type        = any
}

variable "names" {
  description = "Full name of each bucket."
  type        = map(string)
}

variable "queue_arn" {
  description = "Queue that receives events of new objects, for buckets with a notification."
  type        = string
}

variable "deletion_protection" {
  description = "Refuse to delete a bucket that is not empty."
  type        = bool
}

variable "policy_documents" {
  description = "Further statements of a bucket's policy, as policy documents, by its key in resources.yaml."
  type        = map(list(string))
  default     = {}
}
