# What is deployed against what the files say, with a provider that only pretends: no account is needed.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  deployment      = "reelsmith-test"
  packages        = "packages"
  media_layer_arn = "arn:aws:lambda:us-east-1:123456789012:layer:ffmpeg:1"
  encoder_build   = "ffmpeg 7.1.1"
  max_concurrency = 7
}

run "a_function_for_each_folder_with_the_environment_its_file_lists" {
  assert {
    condition     = toset(keys(module.functions.arns)) == toset(keys(local.functions))
    error_message = "functions and folders differ"
  }

  assert {
    condition = alltrue([
      for name, environment in module.functions.environments :
      length(setsubtract(keys(environment), local.functions[name].environment)) == 0
    ])
    error_message = "a function has a setting that its function.yaml does not list"
  }

  assert {
    condition = alltrue([
      for name, environment in module.functions.environments : alltrue([
        for setting in ["INPUT_BUCKET", "OUTPUT_BUCKET", "SUBMISSION_TABLE", "NOTIFICATION_TOPIC_ARN", "STATE_MACHINE_ARN", "ENCODER_BUILD"] :
        lookup(environment, setting, "") != "" if contains(local.functions[name].environment, setting)
      ])
    ])
    error_message = "a setting without a default has no value"
  }
}

run "the_state_machine_calls_every_function_but_those_that_start_it_or_clean_up_after_it" {
  assert {
    condition     = toset(module.state_machine.called) == toset([for name, arn in module.functions.arns : arn if !contains(["start-execution", "reap-jobs"], name)])
    error_message = "the role of the state machine and its states differ"
  }

  assert {
    condition     = !strcontains(module.state_machine.definition, "$${")
    error_message = "a placeholder was left"
  }

  assert {
    condition     = jsondecode(module.state_machine.definition).States.AssembleRenditions.MaxConcurrency == 7
    error_message = "the concurrency did not reach the Maps"
  }
}

run "a_setting_that_no_function_lists_is_refused" {
  command = plan

  variables {
    settings = { ENABLE_H266 = "true" }
  }

  expect_failures = [var.settings]
}

run "a_deployment_name_that_cannot_be_a_bucket_is_refused" {
  command = plan

  variables {
    deployment = "Reelsmith_Dev"
  }

  expect_failures = [var.deployment]
}

run "mediaconvert_is_there_where_it_is_asked_for" {
  variables {
    mediaconvert = true
    encoder      = "mediaconvert"
  }

  assert {
    condition     = one(module.mediaconvert).role_arn != ""
    error_message = "there is no role for MediaConvert"
  }

  assert {
    condition     = module.functions.environments["parse-manifest"]["ENCODER"] == "mediaconvert"
    error_message = "the encoder did not reach parse-manifest"
  }

  assert {
    condition     = endswith(module.functions.environments["start-encode"]["MEDIACONVERT_QUEUE_ARN"], "queues/reelsmith-test-mediaconvert")
    error_message = "start-encode does not know the queue"
  }
}

run "an_encoder_that_is_not_there_is_refused" {
  command = plan

  variables {
    encoder = "mediaconvert"
  }

  expect_failures = [var.encoder]
}
