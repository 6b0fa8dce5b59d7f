provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Project    = "reelsmith"
      Deployment = var.deployment
      ManagedBy  = "terraform"
    }
  }
}
