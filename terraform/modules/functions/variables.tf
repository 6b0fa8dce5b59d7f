variable "deployment" {
  description = "First part of every name."
  type        = string
}

variable "specs" {
  description = "functions/*/function.yaml by folder: {description, memory_mb, timeout_s, tmp_mb, media, environment, grants, trigger?}."
  type        = any
}

variable "packages" {
  description = "Folder of {function}.zip."
  type        = string
}

variable "architecture" {
  description = "x86_64 or arm64."
  type        = string
}

variable "media_layer_arn" {
  description = "Layer with ffmpeg and ffprobe, for functions with media: true."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "settings" {
  description = "Values of settings by environment name. A function gets those that its function.yaml lists."
  type        = map(string)
}

variable "grantable" {
  description = "ARN of each resource that a grant may name."
  type        = map(string)
}

variable "queues" {
  description = "ARN of each queue that a trigger may name."
  type        = map(string)
}
