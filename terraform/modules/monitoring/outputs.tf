output "dashboard_name" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "dashboard" {
  description = "Body of the dashboard, as JSON."
  value       = aws_cloudwatch_dashboard.this.dashboard_body
}

output "alarm_topic_arn" {
  description = "Topic of the alarms."
  value       = aws_sns_topic.alarms.arn
}
