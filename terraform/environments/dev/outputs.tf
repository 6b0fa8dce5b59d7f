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
  value       = "https://${var.region}.console.aws.amazon.com/states/home?region=${var.region}#/statemachines/view/${module.state_machine.arn}"
}
