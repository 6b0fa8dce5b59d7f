//! The stations of a job in order.

use reelsmith_core::plan::ChunkItem;
use serde_json::Value;

/// One call of one function.
#[derive(Clone, Debug, PartialEq)]
pub enum Station {
    StartExecution,
    ParseManifest,
    ValidateInput,
    SubmitJob,
    PlanChunks,
    VerifyMezzanine,
    TranscodeChunk(ChunkItem),
    EncodeAudio(String),
    ConvertCaptions(String),
    AssembleRendition(String),
    MakeImages,
    StartEncode,
    CheckJob,
    PackageOutputs,
    ValidateOutput,
    /// Another execution of the same manifest fails at the same time.
    FailJob,
    PublishJob,
    CleanupJob,
    Notify,
    /// A third execution was stopped before it could report its failure.
    ReapJobs,
}

impl Station {
    /// Folder name of the function.
    pub fn function(&self) -> &'static str {
        match self {
            Self::StartExecution => "start-execution",
            Self::ParseManifest => "parse-manifest",
            Self::ValidateInput => "validate-input",
            Self::SubmitJob => "submit-job",
            Self::PlanChunks => "plan-chunks",
            Self::VerifyMezzanine => "verify-mezzanine",
            Self::TranscodeChunk(_) => "transcode-chunk",
            Self::EncodeAudio(_) => "encode-audio",
            Self::ConvertCaptions(_) => "convert-captions",
            Self::AssembleRendition(_) => "assemble-rendition",
            Self::MakeImages => "make-images",
            Self::StartEncode => "start-encode",
            Self::CheckJob => "check-job",
            Self::PackageOutputs => "package-outputs",
            Self::ValidateOutput => "validate-output",
            Self::FailJob => "fail-job",
            Self::PublishJob => "publish-job",
            Self::CleanupJob => "cleanup-job",
            Self::Notify => "notify",
            Self::ReapJobs => "reap-jobs",
        }
    }

    /// The function and its item.
    pub fn name(&self) -> String {
        match self {
            Self::TranscodeChunk(item) => format!("transcode-chunk {}-{}", item.chunk, item.group),
            Self::EncodeAudio(r) | Self::ConvertCaptions(r) | Self::AssembleRendition(r) => {
                format!("{} {r}", self.function())
            }
            _ => self.function().to_owned(),
        }
    }

    /// The part of an output that a retry must return again. How much a call did itself depends on earlier calls.
    pub fn lasting(&self, output: &Value) -> Value {
        let mut output = output.clone();
        if let Some(fields) = output.as_object_mut() {
            fields.remove("encoded");
        }
        match self {
            Self::CleanupJob | Self::Notify | Self::ReapJobs => Value::Null,
            _ => output,
        }
    }
}
