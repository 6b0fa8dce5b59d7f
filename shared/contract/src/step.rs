//! The list of functions. To add one, create its folder in functions/ with a function.yaml, add a line here, and add a
//! state to the state machine.

/// One function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The folder in functions/, the package, and the last part of the deployed name.
    pub function: &'static str,
    /// The states of the ASL that call the function; empty if the state machine does not call it.
    pub states: &'static [&'static str],
}

/// Every function.
pub const STEPS: &[Step] = &[
    step("start-execution", &[]),
    step("reap-jobs", &[]),
    step("parse-manifest", &["ParseManifest"]),
    step("validate-input", &["ValidateInput"]),
    step("submit-job", &["SubmitJob"]),
    step("plan-chunks", &["PlanChunks"]),
    step("verify-mezzanine", &["VerifyMezzanine"]),
    step("start-encode", &["StartEncode"]),
    step("check-job", &["CheckJob"]),
    step("transcode-chunk", &["TranscodeChunk"]),
    step("encode-audio", &["EncodeAudio"]),
    step("convert-captions", &["ConvertCaptions"]),
    step("assemble-rendition", &["AssembleRendition"]),
    step("make-images", &["MakeImages"]),
    step("package-outputs", &["PackageOutputs"]),
    step("validate-output", &["ValidateOutput"]),
    step("publish-job", &["PublishJob"]),
    step("cleanup-job", &["CleanupJob"]),
    step("fail-job", &["FailJob"]),
    step(
        "notify",
        &["NotifySuccess", "NotifyFailure", "NotifyDuplicate"],
    ),
];

const fn step(function: &'static str, states: &'static [&'static str]) -> Step {
    Step { function, states }
}
