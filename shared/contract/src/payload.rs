//! What goes in and out of each state. Keys and small numbers only: what is large is in S3, under the keys of
//! [`reelsmith_core::keys`].

use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, Generation, GenerationKeys, JobKey};
use reelsmith_core::plan::{ChunkItem, RenditionItem};
use reelsmith_core::submission::{Fence, Outputs};
use serde::{Deserialize, Serialize};

/// The greatest state payload that Step Functions takes.
pub const MAX_PAYLOAD_BYTES: usize = 262_144;

/// The manifest object that an execution is about. The input of an execution is `{"source": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestObject {
    /// Bucket.
    pub bucket: String,
    /// Key, decoded.
    pub key: String,
    /// Version id where the bucket is versioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// Input of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionInput {
    /// The manifest.
    pub source: ManifestObject,
}

/// The execution a state runs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// ARN: the owner token of the submission.
    pub id: String,
    /// Name.
    pub name: String,
}

/// Input of `parse-manifest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParseManifestInput {
    /// The manifest.
    pub source: ManifestObject,
}

/// Output of `parse-manifest`, kept as `$.job`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRef {
    /// The job.
    pub job_key: JobKey,
    /// The title.
    pub asset: AssetId,
}

/// Input of `validate-input`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidateInputInput {
    /// The job.
    pub job: JobRef,
}

/// Output of `validate-input`, kept as `$.input`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidateInputOutput {
    /// Key of the inspection in the output bucket.
    pub probe: String,
}

/// Input of `submit-job`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitJobInput {
    /// The job.
    pub job: JobRef,
    /// Who asks.
    pub execution: Execution,
}

/// What the submission decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    /// This execution holds the job: encode.
    Encode,
    /// Another execution holds it: end.
    DuplicateRunning,
    /// It is done: end with what is published.
    DuplicateComplete,
}

impl Decision {
    /// The name the ASL's Choice compares with.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Encode => "ENCODE",
            Self::DuplicateRunning => "DUPLICATE_RUNNING",
            Self::DuplicateComplete => "DUPLICATE_COMPLETE",
        }
    }
}

/// Output of `submit-job`, kept as `$.submission`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitJobOutput {
    /// What to do.
    pub decision: Decision,
    /// Which encoder.
    pub encoder: EncoderKind,
    /// The hold on the job. For a duplicate, the other's.
    pub claim: Claim,
    /// What is published, for [`Decision::DuplicateComplete`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Outputs>,
    /// The outbox that holds this execution's notification, for a duplicate.
    pub outbox: String,
}

/// A hold on one generation of a job: what every later state gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The job.
    pub job_key: JobKey,
    /// The title.
    pub asset: AssetId,
    /// Generation, attempt and owner.
    #[serde(flatten)]
    pub fence: Fence,
}

impl Claim {
    /// Keys of everything this generation writes.
    #[must_use]
    pub fn keys(&self) -> GenerationKeys {
        GenerationKeys::new(&self.asset, &self.job_key, self.fence.generation)
    }

    /// The generation held.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.fence.generation
    }
}

/// Input of `plan-chunks`, `verify-mezzanine`, `start-encode`, `check-job`, `package-outputs`, `validate-output`, `publish-job` and `cleanup-job`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimInput {
    /// The hold.
    pub claim: Claim,
}

/// Output of `plan-chunks`, kept as `$.plan`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOutput {
    /// Key of the list that the video Map reads.
    pub video_items: String,
    /// Key of the list that the audio Map reads.
    pub audio_items: String,
    /// Key of the list that the caption Map reads.
    pub text_items: String,
    /// Key of the list that the assembly Map reads.
    pub rendition_items: String,
    /// Items of the video Map.
    pub video_count: u32,
    /// Items of the audio Map.
    pub audio_count: u32,
    /// Items of the caption Map.
    pub text_count: u32,
}

/// Output of `verify-mezzanine`, which nothing reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyMezzanineOutput {
    /// Key of the checksums in the output bucket.
    pub checksums: String,
}

/// Output of `start-encode`, kept as `$.encode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartEncodeOutput {
    /// The service's name of the job.
    pub encode_id: String,
}

/// Whether the encoding service is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobProgress {
    /// Look again later.
    Running,
    /// All outputs are there.
    Done,
}

/// Output of `check-job`, kept as `$.check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckJobOutput {
    /// Whether to look again.
    pub state: JobProgress,
    /// How much is done, 0 to 100, as the service estimates it.
    pub percent: u8,
    /// How long to wait before that.
    pub wait_seconds: u32,
}

/// Input of `transcode-chunk`: one item of the video Map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscodeChunkInput {
    /// The hold.
    pub claim: Claim,
    /// Which chunk and group.
    pub item: ChunkItem,
}

/// Input of `encode-audio`, `convert-captions` and `assemble-rendition`: one item of their Maps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionInput {
    /// The hold.
    pub claim: Claim,
    /// Which rendition.
    pub item: RenditionItem,
}

/// Output of the workers: where the record is, and whether this call made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerOutput {
    /// Key of the record.
    pub record: String,
    /// False where the record was there already.
    pub encoded: bool,
}

/// Output of `package-outputs`, kept as `$.package`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageOutput {
    /// Key of the multivariant playlist.
    pub hls: String,
    /// Key of the MPD where DASH was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dash: Option<String>,
}

/// Output of `validate-output`, kept as `$.validation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidateOutputOutput {
    /// Key of the report.
    pub report: String,
    /// Rules that were checked.
    pub rules: u32,
    /// Warnings that do not stop the job.
    pub warnings: u32,
}

/// Output of `publish-job`, kept as `$.published`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishJobOutput {
    /// What is published.
    pub outputs: Outputs,
    /// The outbox that holds the notification.
    pub outbox: String,
}

/// Input of `fail-job`: whatever the execution knew when it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailJobInput {
    /// The execution.
    pub execution: Execution,
    /// The state data, as far as it got.
    pub state: FailedState,
}

/// The state data of a failed execution: every part may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedState {
    /// The manifest.
    pub source: ManifestObject,
    /// The job, once the manifest was parsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobRef>,
    /// The hold, once submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<SubmitJobOutput>,
    /// What Step Functions caught.
    pub error: Caught,
}

/// An error as Step Functions catches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caught {
    /// Error name.
    #[serde(rename = "Error")]
    pub error: String,
    /// For a function's own errors a JSON text with `errorType` and `errorMessage`.
    #[serde(rename = "Cause", default)]
    pub cause: String,
}

/// Output of `fail-job`, kept as `$.failure`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailJobOutput {
    /// The error the execution ends with: the worker's own where a Map failed.
    pub error: String,
    /// Its cause, readable.
    pub cause: String,
    /// The outbox that holds the notification.
    pub outbox: String,
}

/// Input of `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyInput {
    /// The outbox to drain: a job key, or `execution#NAME`.
    pub outbox: String,
}

/// Output of `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyOutput {
    /// Messages sent by this call.
    pub sent: u32,
}

/// Output of `reap-jobs`: what it found left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReapOutput {
    /// Jobs released whose execution had ended without a word.
    pub released: u32,
    /// Messages sent that waited in an outbox.
    pub sent: u32,
    /// Slots given back of executions that had ended.
    pub freed: u32,
    /// Executions started from the line.
    pub started: u32,
    /// Objects deleted of jobs that were given up.
    pub deleted: u32,
}

/// Output of `cleanup-job`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanupOutput {
    /// Objects deleted.
    pub deleted: u32,
}
