output "arn" {
  description = "Version ARN of the layer."
  value       = aws_lambda_layer_version.this.arn
}
