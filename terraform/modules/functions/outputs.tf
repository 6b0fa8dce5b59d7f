output "arns" {
  description = "ARN of each function by folder."
  value       = { for function, deployed in aws_lambda_function.this : function => deployed.arn }
}

output "environments" {
  description = "Environment of each function by folder."
  value       = local.environments
}

output "names" {
  description = "Full name of each function by folder."
  value       = local.names
}
