output "input_bucket" {
  description = "Where mezzanines, captions and, last, manifests go."
  value       = local.bucket_names["input"]
}

output "output_bucket" {
  description = "Where deliverables appear."
  value       = local.bucket_names["output"]
}

output "submission_table" {
  description = "One row per job."
  value       = module.submission_table.name
}

output "notification_topic_arn" {
  description = "Topic of success, failure and duplicate messages."
  value       = module.notifications.arn
}

output "dead_letter_queue_url" {
  description = "Manifest events that could not be handled end here. It should be empty."
  value       = module.queue.dead_letter_url
}

output "state_machine_arn" {
  description = "The pipeline."
  value       = module.state_machine.arn
}

output "state_machine_console_url" {
  description = "Its executions in the console."
  value       = "https://${var.aws_region}.console.aws.amazon.com/states/home?region=${var.aws_region}#/statemachines/view/${module.state_machine.arn}"
}

output "dashboard_url" {
  description = "The dashboard in the console."
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
