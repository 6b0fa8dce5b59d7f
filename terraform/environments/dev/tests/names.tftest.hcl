# Compares the plan with the files it is made from. The provider is mocked, so no account is needed.

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

run "one_function_per_folder_with_the_environment_of_its_file" {
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

run "the_state_machine_calls_all_functions_except_start_execution_and_reap_jobs" {
  assert {
    condition     = toset(module.state_machine.called) == toset([for name, arn in module.functions.arns : arn if !contains(["start-execution", "reap-jobs"], name)])
    error_message = "the role of the state machine and its states differ"
  }

  assert {
    condition     = !strcontains(module.state_machine.definition, "$${")
    error_message = "a placeholder was not filled"
  }

  assert {
    condition     = jsondecode(module.state_machine.definition).States.AssembleRenditions.MaxConcurrency == 7
    error_message = "the concurrency did not reach the Maps"
  }
}

run "an_unknown_profile_is_refused" {
  command = plan

  variables {
    settings = { PROFILE = "ultra" }
  }

  expect_failures = [var.settings]
}

run "a_value_that_no_function_accepts_is_refused" {
  command = plan

  variables {
    settings = { MOCK_MODE = "yes" }
  }

  expect_failures = [var.settings]
}

run "an_unknown_setting_is_refused" {
  command = plan

  variables {
    settings = { ENABLE_H266 = "true" }
  }

  expect_failures = [var.settings]
}

run "an_invalid_deployment_name_is_refused" {
  command = plan

  variables {
    deployment = "Reelsmith_Dev"
  }

  expect_failures = [var.deployment]
}

run "mediaconvert_exists_if_requested" {
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

run "an_unavailable_encoder_is_refused" {
  command = plan

  variables {
    encoder = "mediaconvert"
  }

  expect_failures = [var.encoder]
}
