# The layer with ffmpeg and ffprobe that scripts/package makes. It is too large for a request, so it is uploaded to S3.
locals {
  file = "${var.packages}/media-layer.zip"
  # A plan works without packages; an apply fails if the file is missing.
  hash = fileexists(local.file) ? filesha256(local.file) : "not-packaged"
}

resource "aws_s3_object" "this" {
  bucket = var.bucket
  key    = "deploy/media-layer-${var.architecture}-${substr(local.hash, 0, 16)}.zip"
  source = local.file
}

resource "aws_lambda_layer_version" "this" {
  layer_name               = "${var.deployment}-media"
  description              = "Static ffmpeg and ffprobe, pinned in scripts/media-layer.json"
  license_info             = "GPL-3.0-or-later"
  s3_bucket                = var.bucket
  s3_key                   = aws_s3_object.this.key
  compatible_runtimes      = ["provided.al2023"]
  compatible_architectures = [var.architecture]
}
