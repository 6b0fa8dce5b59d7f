output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "dead_letter_url" {
  description = "URL of the queue of events that could not be handled."
  value       = aws_sqs_queue.dead_letter.url
}
