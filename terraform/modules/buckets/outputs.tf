output "arns" {
  description = "ARN of each bucket."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.arn }
}

output "names" {
  description = "Name of each bucket by its key in resources.yaml, once it exists."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.id }
}

output "domain_names" {
  description = "Regional domain name of each bucket by its key in resources.yaml."
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.bucket_regional_domain_name }
}
