output "queue_arn" {
  description = "ARN of the queue."
  value       = aws_media_convert_queue.this.arn
}

output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn
}
