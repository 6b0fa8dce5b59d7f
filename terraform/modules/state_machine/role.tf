data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

locals {
  executions = replace(var.arn, ":stateMachine:", ":execution:")
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "CallFunctions"
    actions   = ["lambda:InvokeFunction"]
    resources = local.called
  }

  statement {
    sid       = "ReadItemLists"
    actions   = ["s3:GetObject"]
    resources = ["${var.output_bucket_arn}/jobs/working/*/items/*"]
  }

  # A Distributed Map starts its children as executions of this state machine, and stops them if one fails.
  statement {
    sid       = "StartChildren"
    actions   = ["states:StartExecution"]
    resources = [var.arn]
  }

  statement {
    sid       = "FollowChildren"
    actions   = ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"]
    resources = ["${local.executions}:*", "${local.executions}/*"]
  }

  # Log delivery and X-Ray have no resource-level permissions.
  statement {
    sid = "Logs"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  statement {
    sid = "Traces"
    actions = [
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "grants"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}
