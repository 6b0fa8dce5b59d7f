# Not encrypted: CloudWatch may not use the key of the account's encrypted topics, and an alarm contains only names of metrics.
resource "aws_sns_topic" "alarms" {
  name = "${var.deployment}-alarms"
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

locals {
  # Each alarm: description, metric, threshold.
  alarms = merge({
    executions-failed = {
      description = "A job failed. Its error name and cause are in the failure message and in the execution."
      namespace   = "AWS/States"
      metric      = "ExecutionsFailed"
      dimensions  = { StateMachineArn = var.state_machine_arn }
    }
    executions-timed-out = {
      description = "A job took longer than two hours. Its lease has lapsed: the next delivery of its manifest takes it over."
      namespace   = "AWS/States"
      metric      = "ExecutionsTimedOut"
      dimensions  = { StateMachineArn = var.state_machine_arn }
    }
    dead-letters = {
      description = "A manifest could not be started and is in the dead-letter queue. Check the log of start-execution, then redrive the queue."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
      dimensions  = { QueueName = var.dead_letter_name }
    }
    manifests-wait = {
      description = "Manifests are not picked up. Check errors and throttles of start-execution."
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      statistic   = "Maximum"
      threshold   = var.oldest_manifest_s
      dimensions  = { QueueName = var.queue_name }
    }
    workers-throttled = {
      description = "Lambda refused workers for ten minutes. Lower max_concurrency, or request a higher concurrency quota."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      threshold   = 10
      periods     = 10
      dimensions  = { FunctionName = var.function_names["transcode-chunk"] }
    }
    cannot-record = {
      description = "fail-job fails. Failures are not recorded, and jobs stay reserved until their lease lapses."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = var.function_names["fail-job"] }
    }
    cannot-notify = {
      description = "notify fails. Messages stay in the outbox."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = var.function_names["notify"] }
    }
    table-throttled = {
      description = "The submission table refuses writes. Jobs retry."
      namespace   = "AWS/DynamoDB"
      metric      = "WriteThrottleEvents"
      periods     = 5
      dimensions  = { TableName = var.table_name }
    }
    }, var.mediaconvert_queue_arn == null ? {} : {
    mediaconvert-errors = {
      description = "MediaConvert ended a job with an error. Its code and message are in the job's failure."
      namespace   = "AWS/MediaConvert"
      metric      = "JobsErroredCount"
      dimensions  = { Queue = var.mediaconvert_queue_arn }
    }
  })
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.deployment}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = try(each.value.statistic, "Sum")
  period              = 60
  evaluation_periods  = try(each.value.periods, 1)
  comparison_operator = "GreaterThanThreshold"
  threshold           = try(each.value.threshold, 0)
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
