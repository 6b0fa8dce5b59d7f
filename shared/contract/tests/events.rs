//! The sample events have the shapes that the functions accept, one for each function.

#![expect(clippy::panic, reason = "helpers of tests are tests too")]

use std::path::Path;

use reelsmith_contract::payload::{
    ClaimInput, FailJobInput, NotifyInput, ParseManifestInput, RenditionInput, SubmitJobInput,
    TranscodeChunkInput, ValidateInputInput,
};
use reelsmith_contract::step::STEPS;
use serde::de::DeserializeOwned;

fn read<T: DeserializeOwned>(function: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/events");
    let path = folder.join(format!("{function}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str::<T>(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

#[test]
fn every_function_has_a_sample_event() {
    for step in STEPS {
        match step.function {
            "parse-manifest" => read::<ParseManifestInput>(step.function),
            "validate-input" => read::<ValidateInputInput>(step.function),
            "submit-job" => read::<SubmitJobInput>(step.function),
            "transcode-chunk" => read::<TranscodeChunkInput>(step.function),
            "encode-audio" | "convert-captions" | "assemble-rendition" => {
                read::<RenditionInput>(step.function);
            }
            "fail-job" => read::<FailJobInput>(step.function),
            "notify" => read::<NotifyInput>(step.function),
            // An event of SQS, which the test of the function reads, and of a schedule, which the function ignores.
            "start-execution" | "reap-jobs" => read::<serde_json::Value>(step.function),
            _ => read::<ClaimInput>(step.function),
        }
    }
}
