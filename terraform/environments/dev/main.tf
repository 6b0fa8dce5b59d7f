data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  # The local stack reads the same three sources, so the two stay equal.
  project   = abspath("${path.root}/../../..")
  resources = yamldecode(file("${local.project}/terraform/resources.yaml"))
  functions = {
    for path in fileset("${local.project}/functions", "*/function.yaml") :
    dirname(path) => yamldecode(file("${local.project}/functions/${path}"))
  }
  # The build in the layer of scripts/package.
  own_build = jsondecode(file("${local.project}/scripts/media-layer.json")).encoder_build
  settings  = toset(flatten([for spec in local.functions : spec.environment]))
  profiles  = [for path in fileset("${local.project}/shared/core/ladders", "*.yaml") : trimsuffix(path, ".yaml")]
  # A function with another value cannot start.
  setting_patterns = {
    FORCE_REPROCESS         = "^(true|false)$"
    MOCK_MODE               = "^(true|false)$"
    LEASE_SECONDS           = "^[1-9][0-9]*$"
    ABANDONED_AFTER_SECONDS = "^[1-9][0-9]*$"
    PASS_SECONDS            = "^[1-9][0-9]*$"
  }

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  bucket_names = { for key, bucket in local.resources.buckets : key => "${var.deployment}-${bucket.name}" }
  bucket_arns  = { for key, name in local.bucket_names : key => "arn:${local.partition}:s3:::${name}" }

  # start-execution needs the state machine's ARN, and the state machine needs the functions' ARNs. A name breaks the cycle.
  state_machine_name = "${var.deployment}-${local.resources.state_machine.name}"
  state_machine_arn  = "arn:${local.partition}:states:${var.aws_region}:${local.account}:stateMachine:${local.state_machine_name}"

  # Grants name them in any case, so these ARNs are derived from names too.
  mediaconvert_name  = "${var.deployment}-mediaconvert"
  mediaconvert_arn   = "arn:${local.partition}:mediaconvert:${var.aws_region}:${local.account}"
  mediaconvert_queue = "${local.mediaconvert_arn}:queues/${local.mediaconvert_name}"
  mediaconvert_role  = "arn:${local.partition}:iam::${local.account}:role/${local.mediaconvert_name}"
}

module "mediaconvert" {
  source = "../../modules/mediaconvert"
  count  = var.mediaconvert ? 1 : 0

  name              = local.mediaconvert_name
  account           = local.account
  input_bucket_arn  = local.bucket_arns["input"]
  output_bucket_arn = local.bucket_arns["output"]
}

module "queue" {
  source = "../../modules/queue"

  deployment = var.deployment
  spec       = local.resources.manifest_queue
  account    = local.account
  bucket_arn = local.bucket_arns["input"]
  topic_arn  = module.notifications.arn
}

module "buckets" {
  source = "../../modules/buckets"

  specs               = local.resources.buckets
  names               = local.bucket_names
  queue_arn           = module.queue.arn
  policy_documents    = { output = module.delivery[*].bucket_policy }
  deletion_protection = var.deletion_protection

  # S3 checks the queue's policy before it accepts the notification.
  depends_on = [module.queue]
}

module "submission_table" {
  source = "../../modules/submission_table"

  deployment          = var.deployment
  spec                = local.resources.submission_table
  deletion_protection = var.deletion_protection
}

module "notifications" {
  source = "../../modules/notifications"

  deployment = var.deployment
  spec       = local.resources.notification_topic
  emails     = var.notification_emails
}

module "media_layer" {
  source = "../../modules/media_layer"
  count  = var.media_layer_arn == null ? 1 : 0

  deployment   = var.deployment
  packages     = var.packages
  architecture = var.architecture
  bucket       = module.buckets.names["output"]
}

module "functions" {
  source = "../../modules/functions"

  deployment         = var.deployment
  specs              = local.functions
  packages           = var.packages
  architecture       = var.architecture
  media_layer_arn    = var.media_layer_arn == null ? one(module.media_layer[*].arn) : var.media_layer_arn
  log_retention_days = var.log_retention_days

  settings = merge(var.settings, {
    ENABLE_H265            = tostring(var.enable_h265)
    ENABLE_DASH            = tostring(var.enable_dash)
    ENCODER                = var.encoder
    MAX_JOB_COST_USD       = var.max_job_cost_usd == null ? "" : tostring(var.max_job_cost_usd)
    INPUT_BUCKET           = local.bucket_names["input"]
    OUTPUT_BUCKET          = local.bucket_names["output"]
    SUBMISSION_TABLE       = module.submission_table.name
    NOTIFICATION_TOPIC_ARN = module.notifications.arn
    STATE_MACHINE_ARN      = local.state_machine_arn
    ENCODER_BUILD          = coalesce(var.encoder_build, local.own_build)
    MAX_CONCURRENCY        = tostring(var.max_concurrency)
    MAX_RUNNING_JOBS       = tostring(var.max_running_jobs)
    MOCK_MODE              = tostring(var.mock_mode)
    MEDIACONVERT_ROLE_ARN  = var.mediaconvert ? local.mediaconvert_role : ""
    MEDIACONVERT_QUEUE_ARN = local.mediaconvert_queue
  })

  # The resources that a grant in function.yaml may name.
  grantable = {
    input_bucket       = local.bucket_arns["input"]
    output_bucket      = local.bucket_arns["output"]
    submission_table   = module.submission_table.arn
    notification_topic = module.notifications.arn
    manifest_queue     = module.queue.arn
    state_machine      = local.state_machine_arn
    mediaconvert_queue = local.mediaconvert_queue
    mediaconvert_jobs  = "${local.mediaconvert_arn}:jobs/*"
    mediaconvert_role  = local.mediaconvert_role
    executions         = "${replace(local.state_machine_arn, ":stateMachine:", ":execution:")}:*"
    submission_indexes = "${module.submission_table.arn}/index/*"
  }
  queues = { manifest_queue = module.queue.arn }
}

module "state_machine" {
  source = "../../modules/state_machine"

  name               = local.state_machine_name
  type               = local.resources.state_machine.type
  template           = "${local.project}/${local.resources.state_machine.definition}"
  function_arns      = module.functions.arns
  output_bucket      = local.bucket_names["output"]
  output_bucket_arn  = local.bucket_arns["output"]
  max_concurrency    = var.max_concurrency
  arn                = local.state_machine_arn
  account            = local.account
  log_retention_days = var.log_retention_days
}

module "delivery" {
  source = "../../modules/delivery"
  count  = var.delivery_public_key == null ? 0 : 1

  deployment         = var.deployment
  bucket_arn         = local.bucket_arns["output"]
  bucket_domain_name = module.buckets.domain_names["output"]
  public_key         = var.delivery_public_key
  allowed_origins    = var.delivery_allowed_origins
  price_class        = var.delivery_price_class
  countries          = var.delivery_countries
  aliases            = var.delivery_aliases
  certificate_arn    = var.delivery_certificate_arn
}

module "monitoring" {
  source = "../../modules/monitoring"

  deployment             = var.deployment
  region                 = var.aws_region
  function_names         = module.functions.names
  state_machine_arn      = local.state_machine_arn
  queue_name             = module.queue.name
  dead_letter_name       = module.queue.dead_letter_name
  table_name             = module.submission_table.name
  bucket_names           = local.bucket_names
  mediaconvert_queue_arn = var.mediaconvert ? local.mediaconvert_queue : null
  oldest_manifest_s      = 600
  emails                 = var.notification_emails
}

module "budget" {
  source = "../../modules/budget"
  count  = var.monthly_budget_usd == null ? 0 : 1

  deployment  = var.deployment
  monthly_usd = var.monthly_budget_usd
  emails      = var.notification_emails
}
