variable "deployment" {
  description = "First part of the name."
  type        = string
}

variable "packages" {
  description = "Folder with media-layer.zip."
  type        = string
}

variable "architecture" {
  description = "x86_64 or arm64."
  type        = string
}

variable "bucket" {
  description = "Bucket from which Lambda reads the layer."
  type        = string
}
