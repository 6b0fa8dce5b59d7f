# One role per function: what function.yaml grants, its own log group, its own traces, nothing else.

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = var.specs

  name               = local.names[each.key]
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

data "aws_iam_policy_document" "this" {
  for_each = var.specs

  dynamic "statement" {
    for_each = each.value.grants

    content {
      actions   = statement.value.actions
      resources = [join("/", compact([var.grantable[statement.value.resource], try(statement.value.path, "")]))]

      # A role may be passed only to MediaConvert.
      dynamic "condition" {
        for_each = contains(statement.value.actions, "iam:PassRole") ? ["mediaconvert.amazonaws.com"] : []

        content {
          test     = "StringEquals"
          variable = "iam:PassedToService"
          values   = [condition.value]
        }
      }
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this[each.key].arn}:*"]
  }

  # X-Ray has no resource-level permissions.
  statement {
    sid       = "Traces"
    actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "this" {
  for_each = var.specs

  name   = "grants"
  role   = aws_iam_role.this[each.key].id
  policy = data.aws_iam_policy_document.this[each.key].json
}
