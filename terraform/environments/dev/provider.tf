provider "aws" {
  region = var.aws_region

  default_tags {
    tags = {
      Project     = "reelsmith"
      Deployment  = var.deployment
      Environment = var.environment
      ManagedBy   = "terraform"
    }
  }
}
