locals {
  # Metrics that the functions write in the embedded metric format (shared/pipeline/src/metrics.rs).
  own = "reelsmith"

  # Each widget: title, metrics, and differences from the common settings.
  widgets = concat([
    {
      title = "Executions"
      stat  = "Sum"
      metrics = [
        for metric in ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"] :
        ["AWS/States", metric, "StateMachineArn", var.state_machine_arn]
      ]
    },
    {
      title = "Duration of an execution (ms)"
      metrics = [
        ["AWS/States", "ExecutionTime", "StateMachineArn", var.state_machine_arn, { stat = "p50" }],
        ["AWS/States", "ExecutionTime", "StateMachineArn", var.state_machine_arn, { stat = "p95" }],
        ["AWS/States", "ExecutionTime", "StateMachineArn", var.state_machine_arn, { stat = "Maximum" }],
      ]
    },
    {
      title = "Seconds of a chunk"
      metrics = [
        for stat in ["p50", "p90", "Maximum"] :
        [local.own, "Seconds", "Deployment", var.deployment, "Function", "transcode-chunk", { stat = stat }]
      ]
    },
    {
      title = "Bytes of the mezzanine that a worker reads"
      stat  = "Average"
      metrics = [
        for function in ["transcode-chunk", "encode-audio"] :
        [local.own, "BytesRead", "Deployment", var.deployment, "Function", function]
      ]
    },
    {
      title = "Workers at once"
      stat  = "Maximum"
      metrics = [
        for function in ["transcode-chunk", "encode-audio"] :
        ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", var.function_names[function]]
      ]
    },
    {
      title   = "Failures by error name"
      stat    = "Sum"
      metrics = [[{ expression = "SEARCH('{${local.own},Deployment,Error} MetricName=\"Failures\" Deployment=\"${var.deployment}\"', 'Sum')", id = "failures" }]]
    },
    {
      title = "Lambda: errors and throttles"
      stat  = "Sum"
      metrics = concat([
        for metric in ["Errors", "Throttles"] : [
          for function in sort(keys(var.function_names)) : ["AWS/Lambda", metric, "FunctionName", var.function_names[function]]
        ]
      ]...)
    },
    {
      title = "Manifests waiting: number, and age of the oldest (s)"
      stat  = "Maximum"
      metrics = [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.queue_name],
        ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queue_name, { yAxis = "right" }],
      ]
    },
    {
      title   = "Manifests put aside (dead letters)"
      stat    = "Maximum"
      metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.dead_letter_name]]
    },
    {
      title = "Estimated dollars: a minute of output, a job"
      stat  = "Average"
      metrics = [
        [local.own, "EstimatedUsdPerMinute", "Deployment", var.deployment],
        [local.own, "EstimatedUsd", "Deployment", var.deployment, { stat = "Sum", yAxis = "right" }],
      ]
    },
    {
      title  = "S3: bytes and objects stored"
      stat   = "Average"
      period = 86400
      metrics = concat([
        for bucket in sort(values(var.bucket_names)) : [
          ["AWS/S3", "BucketSizeBytes", "BucketName", bucket, "StorageType", "StandardStorage"],
          ["AWS/S3", "NumberOfObjects", "BucketName", bucket, "StorageType", "AllStorageTypes", { yAxis = "right" }],
        ]
      ]...)
    },
    {
      title = "Submission table: refused and throttled"
      stat  = "Sum"
      metrics = [
        ["AWS/DynamoDB", "ConditionalCheckFailedRequests", "TableName", var.table_name],
        ["AWS/DynamoDB", "WriteThrottleEvents", "TableName", var.table_name],
        ["AWS/DynamoDB", "ReadThrottleEvents", "TableName", var.table_name],
      ]
    },
    ], var.mediaconvert_queue_arn == null ? [] : [
    {
      title = "MediaConvert"
      stat  = "Sum"
      metrics = [
        for metric in ["JobsCompletedCount", "JobsErroredCount", "HDOutputDuration", "SDOutputDuration"] :
        ["AWS/MediaConvert", metric, "Queue", var.mediaconvert_queue_arn]
      ]
    },
  ])
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.deployment

  dashboard_body = jsonencode({
    widgets = [
      for index, widget in local.widgets : {
        type   = "metric"
        x      = index % 2 * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = widget.title
          region  = var.region
          view    = "timeSeries"
          period  = try(widget.period, 60)
          stat    = try(widget.stat, "Average")
          metrics = widget.metrics
        }
      }
    ]
  })
}
