output "arn" {
  description = "ARN of the state machine."
  value       = aws_sfn_state_machine.this.arn
}

output "called" {
  description = "ARNs of the functions that its role may call."
  value       = local.called
}

output "definition" {
  description = "The ASL, rendered."
  value       = aws_sfn_state_machine.this.definition
}
