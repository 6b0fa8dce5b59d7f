# Delivers outputs to viewers: CloudFront in front of the private output bucket. Every request needs a signature by the key
# whose public half is in the key group.

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = "${var.deployment}-output"
  description                       = "CloudFront signs its own requests to the output bucket."
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_public_key" "this" {
  name_prefix = "${var.deployment}-"
  comment     = "Public half of the key that `reelsmith sign` signs with."
  encoded_key = var.public_key

  # Keys are immutable, and a group must always have one, so the new key is created first.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudfront_key_group" "this" {
  name    = "${var.deployment}-viewers"
  comment = "Keys whose signatures open the deliverables."
  items   = [aws_cloudfront_public_key.this.id]
}

# The Cache-Control of the functions applies: segments for a year, the pointer current.json for seconds. The query string of a
# signed URL is not part of the cache key, so all viewers share one copy.
resource "aws_cloudfront_cache_policy" "this" {
  name        = "${var.deployment}-deliverables"
  comment     = "By path alone; as long as the object says."
  min_ttl     = 0
  default_ttl = 60
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    # Playlists are stored gzipped, so the cache key does not depend on the accepted encodings.
    enable_accept_encoding_gzip   = false
    enable_accept_encoding_brotli = false

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  name    = "${var.deployment}-players"
  comment = "Players on these origins may read what they fetch."

  cors_config {
    access_control_allow_credentials = !contains(var.allowed_origins, "*")
    access_control_max_age_sec       = 86400
    origin_override                  = true

    access_control_allow_headers {
      items = ["Range"]
    }

    access_control_allow_methods {
      items = ["GET", "HEAD"]
    }

    access_control_allow_origins {
      items = var.allowed_origins
    }

    access_control_expose_headers {
      items = ["Content-Length", "Content-Range", "ETag"]
    }
  }

  security_headers_config {
    content_type_options {
      override = true
    }

    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = false
      override                   = true
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  comment         = "Deliverables of ${var.deployment}"
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = var.price_class
  aliases         = var.aliases

  origin {
    origin_id                = "output"
    domain_name              = var.bucket_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  default_cache_behavior {
    target_origin_id           = "output"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = false
    cache_policy_id            = aws_cloudfront_cache_policy.this.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    trusted_key_groups         = [aws_cloudfront_key_group.this.id]
  }

  restrictions {
    geo_restriction {
      restriction_type = length(var.countries) == 0 ? "none" : "whitelist"
      locations        = var.countries
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.certificate_arn == null
    acm_certificate_arn            = var.certificate_arn
    ssl_support_method             = var.certificate_arn == null ? null : "sni-only"
    minimum_protocol_version       = var.certificate_arn == null ? null : "TLSv1.2_2021"
  }
}

# Deliverables only: working files are not accessible even with a signature.
data "aws_iam_policy_document" "read" {
  statement {
    sid       = "CloudFrontReadsDeliverables"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arn}/outputs/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudfront_distribution.this.arn]
    }
  }
}
