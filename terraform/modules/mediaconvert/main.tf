# The queue of the jobs, and the role that MediaConvert assumes to read the mezzanine and write its output.

resource "aws_media_convert_queue" "this" {
  name         = var.name
  description  = "Encodes of reelsmith, billed by the minute of output."
  pricing_plan = "ON_DEMAND"
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["mediaconvert.amazonaws.com"]
    }

    # Only for jobs of this account, to prevent a confused deputy.
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

  # Working files only: our own functions write what is published, after checking it.
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
