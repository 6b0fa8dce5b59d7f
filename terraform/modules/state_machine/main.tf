locals {
  placeholders = { for function, arn in var.function_arns : replace(function, "-", "_") => arn }
  # The functions that the states call, by the placeholders in the template.
  called = [for name, arn in local.placeholders : arn if strcontains(file(var.template), "$${${name}}")]
}

resource "aws_cloudwatch_log_group" "this" {
  # Log groups of this prefix do not count against the size limit of the log delivery policy.
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_sfn_state_machine" "this" {
  name     = var.name
  type     = var.type
  role_arn = aws_iam_role.this.arn

  definition = templatefile(var.template, merge(local.placeholders, {
    output_bucket   = var.output_bucket
    max_concurrency = var.max_concurrency
  }))

  logging_configuration {
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
    level                  = "ERROR"
    include_execution_data = true
  }

  tracing_configuration {
    enabled = true
  }

  # Step Functions checks the role's permission to deliver logs when it creates the state machine.
  depends_on = [aws_iam_role_policy.this]
}
