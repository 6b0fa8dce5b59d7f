locals {
  names = { for function, spec in var.specs : function => "${var.deployment}-${function}" }

  # Exactly the names that function.yaml lists. A listed name without a value keeps the default of the code.
  environments = {
    for function, spec in var.specs :
    function => { for name in spec.environment : name => var.settings[name] if contains(keys(var.settings), name) }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.specs

  name              = "/aws/lambda/${local.names[each.key]}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "this" {
  for_each = var.specs

  function_name = local.names[each.key]
  description   = each.value.description
  role          = aws_iam_role.this[each.key].arn

  filename = "${var.packages}/${each.key}.zip"
  # A plan works without packages; an apply fails if the file is missing.
  source_code_hash = fileexists("${var.packages}/${each.key}.zip") ? filebase64sha256("${var.packages}/${each.key}.zip") : null
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  layers           = each.value.media ? [var.media_layer_arn] : []

  memory_size = each.value.memory_mb
  timeout     = each.value.timeout_s

  ephemeral_storage {
    size = each.value.tmp_mb
  }

  environment {
    variables = local.environments[each.key]
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this[each.key].name
  }

  # Without its policy the first invocations would fail.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_cloudwatch_event_rule" "schedule" {
  for_each = { for function, spec in var.specs : function => spec.schedule if can(spec.schedule) }

  name                = local.names[each.key]
  description         = var.specs[each.key].description
  schedule_expression = each.value
}

resource "aws_cloudwatch_event_target" "schedule" {
  for_each = aws_cloudwatch_event_rule.schedule

  rule = each.value.name
  arn  = aws_lambda_function.this[each.key].arn
}

resource "aws_lambda_permission" "schedule" {
  for_each = aws_cloudwatch_event_rule.schedule

  statement_id  = "Schedule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.key].function_name
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each = { for function, spec in var.specs : function => spec.trigger if can(spec.trigger.queue) }

  function_name                      = aws_lambda_function.this[each.key].arn
  event_source_arn                   = var.queues[each.value.queue]
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.batching_window_s
  # A failed message is delivered again alone, not with its batch.
  function_response_types = ["ReportBatchItemFailures"]
}
