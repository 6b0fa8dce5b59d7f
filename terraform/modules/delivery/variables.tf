variable "deployment" {
  description = "First part of every name."
  type        = string
}

variable "bucket_arn" {
  description = "ARN of the output bucket."
  type        = string
}

variable "bucket_domain_name" {
  description = "Regional domain name of the output bucket."
  type        = string
}

variable "public_key" {
  description = "Public key in PEM (RSA 2048) of the pair that signs viewers' URLs and cookies."
  type        = string

  validation {
    condition     = startswith(trimspace(var.public_key), "-----BEGIN PUBLIC KEY-----")
    error_message = "Expected a public key in PEM, beginning with -----BEGIN PUBLIC KEY-----."
  }
}

variable "allowed_origins" {
  description = "Origins of web players, for example https://player.example.com. With \"*\" browsers send no cookies, so only signed URLs work."
  type        = list(string)
}

variable "price_class" {
  description = "CloudFront price class, which determines the locations: PriceClass_100, PriceClass_200 or PriceClass_All."
  type        = string

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "Expected PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "countries" {
  description = "Countries that are served, as ISO 3166-1 alpha-2 codes; empty for all."
  type        = list(string)
}

variable "aliases" {
  description = "Custom domain names. They need a certificate."
  type        = list(string)

  validation {
    condition     = length(var.aliases) == 0 || var.certificate_arn != null
    error_message = "Expected certificate_arn together with aliases."
  }
}

variable "certificate_arn" {
  description = "ACM certificate in us-east-1 for the aliases; null for CloudFront's own."
  type        = string
}
