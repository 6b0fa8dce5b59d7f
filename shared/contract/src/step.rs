//! The list of functions. To add one: its folder in functions/ with its function.yaml, one entry here, one state.

/// One function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Folder in functions/, package, and last part of the deployed name.
    pub function: &'static str,
    /// The states of the ASL that call it; none for a function outside of it.
    pub states: &'static [&'static str],
}

/// Every function.
pub const STEPS: &[Step] = &[
    Step {
        function: "start-execution",
        states: &[],
    },
    Step {
        function: "reap-jobs",
        states: &[],
    },
    Step {
        function: "parse-manifest",
        states: &["ParseManifest"],
    },
    Step {
        function: "validate-input",
        states: &["ValidateInput"],
    },
    Step {
        function: "submit-job",
        states: &["SubmitJob"],
    },
    Step {
        function: "plan-chunks",
        states: &["PlanChunks"],
    },
    Step {
        function: "verify-mezzanine",
        states: &["VerifyMezzanine"],
    },
    Step {
        function: "start-encode",
        states: &["StartEncode"],
    },
    Step {
        function: "check-job",
        states: &["CheckJob"],
    },
    Step {
        function: "transcode-chunk",
        states: &["TranscodeChunk"],
    },
    Step {
        function: "encode-audio",
        states: &["EncodeAudio"],
    },
    Step {
        function: "convert-captions",
        states: &["ConvertCaptions"],
    },
    Step {
        function: "assemble-rendition",
        states: &["AssembleRendition"],
    },
    Step {
        function: "make-images",
        states: &["MakeImages"],
    },
    Step {
        function: "package-outputs",
        states: &["PackageOutputs"],
    },
    Step {
        function: "validate-output",
        states: &["ValidateOutput"],
    },
    Step {
        function: "publish-job",
        states: &["PublishJob"],
    },
    Step {
        function: "cleanup-job",
        states: &["CleanupJob"],
    },
    Step {
        function: "fail-job",
        states: &["FailJob"],
    },
    Step {
        function: "notify",
        states: &["NotifySuccess", "NotifyFailure", "NotifyDuplicate"],
    },
];
