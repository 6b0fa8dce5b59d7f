output "domain_name" {
  description = "Domain of the distribution."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "key_pair_id" {
  description = "Id of the public key, which a signed URL names as Key-Pair-Id."
  value       = aws_cloudfront_public_key.this.id
}

output "bucket_policy" {
  description = "Statement for the output bucket's policy, as a policy document."
  value       = data.aws_iam_policy_document.read.json
}
