variable "deployment" {
  description = "First part of the name."
  type        = string
}

variable "spec" {
  description = "notification_topic of resources.yaml: {name}."
  type        = any
}

variable "emails" {
  description = "Addresses to subscribe."
  type        = set(string)
}
