resource "aws_s3_bucket" "this" {
  for_each = var.specs

  bucket        = var.names[each.key]
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = { for key, spec in var.specs : key => spec if spec.versioned }

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = var.specs

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = var.specs

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = var.specs

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

locals {
  expiries = { for key, spec in var.specs : key => merge(
    spec.versioned ? { "expire-replaced-versions" = { prefix = "", days = null, noncurrent_days = 30 } } : {},
    { for expire in try([spec.expire], []) : "expire-working-files" => { prefix = expire.prefix, days = expire.days, noncurrent_days = null } },
  ) }
}

# Removes what is invisible but billed: incomplete uploads, replaced versions, and working files that outlived their job. A job is
# pinned to a version and lasts hours at most.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = var.specs

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = local.expiries[each.key]

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      dynamic "expiration" {
        for_each = rule.value.days[*]

        content {
          days = expiration.value
        }
      }

      dynamic "noncurrent_version_expiration" {
        for_each = rule.value.noncurrent_days[*]

        content {
          noncurrent_days = noncurrent_version_expiration.value
        }
      }
    }
  }
}

data "aws_iam_policy_document" "this" {
  for_each = var.specs

  source_policy_documents = lookup(var.policy_documents, each.key, [])

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this[each.key].arn, "${aws_s3_bucket.this[each.key].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = var.specs

  bucket = aws_s3_bucket.this[each.key].id
  policy = data.aws_iam_policy_document.this[each.key].json

  # Both calls change the bucket's policy settings, and S3 refuses concurrent changes.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_notification" "this" {
  for_each = { for key, spec in var.specs : key => spec.notification if can(spec.notification) }

  bucket = aws_s3_bucket.this[each.key].id

  queue {
    id            = "manifests"
    queue_arn     = var.queue_arn
    events        = each.value.events
    filter_prefix = each.value.prefix
    filter_suffix = each.value.suffix
  }
}
