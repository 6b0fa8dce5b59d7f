output "input_bucket" {
  description = "Bucket of mezzanines, captions and manifests; upload the manifest last."
  value       = local.bucket_names["input"]
}

output "output_bucket" {
  description = "Bucket of the deliverables."
  value       = local.bucket_names["output"]
}

output "submission_table" {
  description = "Submission table: one row per job."
  value       = module.submission_table.name
}

output "notification_topic_arn" {
  description = "Topic of success, failure and duplicate messages."
  value       = module.notifications.arn
}

output "dead_letter_queue_url" {
  description = "Queue of manifest events that could not be processed. It should be empty."
  value       = module.queue.dead_letter_url
}

output "state_machine_arn" {
  description = "ARN of the state machine."
  value       = module.state_machine.arn
}

output "state_machine_console_url" {
  description = "Console page of its executions."
  value       = "https://${var.aws_region}.console.aws.amazon.com/states/home?region=${var.aws_region}#/statemachines/view/${module.state_machine.arn}"
}

output "dashboard_url" {
  description = "Console page of the dashboard."
  value       = "https://${var.aws_region}.console.aws.amazon.com/cloudwatch/home?region=${var.aws_region}#dashboards/dashboard/${module.monitoring.dashboard_name}"
}

output "alarm_topic_arn" {
  description = "Topic of the alarms."
  value       = module.monitoring.alarm_topic_arn
}

output "distribution_domain" {
  description = "Domain of the CDN; null without delivery_public_key."
  value       = one(module.delivery[*].domain_name)
}

output "delivery_key_pair_id" {
  description = "Id of the public key, for `reelsmith sign --key-pair-id`; null without delivery_public_key."
  value       = one(module.delivery[*].key_pair_id)
}
