# The queue that jobs go to, and the role that MediaConvert takes on to read the mezzanine and write its output.

resource "aws_media_convert_queue" "this" {
  name         = var.name
  description  = "Encodes of reelsmith, paid by the minute of output."
  pricing_plan = "ON_DEMAND"
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["mediaconvert.amazonaws.com"]
    }

    # Only for jobs of this account: a role that a service may take on is otherwise open to a confused deputy.
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

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "ReadMezzanines"
    actions   = ["s3:GetObject"]
    resources = ["${var.input_bucket_arn}/*"]
  }

  # Below the working files only: what is published is written by our own functions, after it was looked at.
  statement {
    sid       = "WriteOutputs"
    actions   = ["s3:PutObject"]
    resources = ["${var.output_bucket_arn}/jobs/*"]
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "media"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}
