//! The input and the output of each state: keys and small numbers only. Everything large is an object in S3, under the keys
//! of [`reelsmith_core::keys`], because Step Functions limits the state to [`MAX_PAYLOAD_BYTES`].

use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, Generation, GenerationKeys, JobKey};
use reelsmith_core::plan::{ChunkItem, RenditionItem};
use reelsmith_core::submission::{Fence, Outputs};
use serde::{Deserialize, Serialize};

/// The largest state payload that Step Functions accepts, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 262_144;

/// The manifest object that an execution is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestObject {
    pub bucket: String,
    /// The key after URL decoding.
    pub key: String,
    /// The version id, if the bucket is versioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// The input of an execution: `{"source": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionInput {
    pub source: ManifestObject,
}

/// The execution that a state belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// The ARN, which is the owner token of the submission.
    pub id: String,
    pub name: String,
}

/// Input of `parse-manifest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParseManifestInput {
    pub source: ManifestObject,
}

/// Output of `parse-manifest`, kept as `$.job`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRef {
    pub job_key: JobKey,
    pub asset: AssetId,
}

/// Input of `validate-input`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidateInputInput {
    pub job: JobRef,
    /// When the execution entered the state, RFC 3339. The retries of the state have the same value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered: Option<String>,
}

/// How long the state machine waits for a file that the manifest names, in seconds: the sum of the delays between the
/// calls of `validate-input`.
pub const ARRIVAL_WAIT_SECONDS: u32 = 1_562;

/// Output of `validate-input`, kept as `$.input`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidateInputOutput {
    /// The key of the inspection in the output bucket.
    pub probe: String,
}

/// Input of `submit-job`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitJobInput {
    pub job: JobRef,
    pub execution: Execution,
}

/// What the submission decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    /// This execution holds the job and encodes it.
    Encode,
    /// Another execution holds the job; this one ends.
    DuplicateRunning,
    /// The job is complete; this execution ends with what is published.
    DuplicateComplete,
}

impl Decision {
    /// The name that the Choice state of the ASL compares with.
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
    pub decision: Decision,
    pub encoder: EncoderKind,
    pub claim: Claim,
    /// What is published, for [`Decision::DuplicateComplete`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Outputs>,
    /// The outbox of this execution's notification, for a duplicate.
    pub outbox: String,
}

/// A hold on one generation of a job. Every later state gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub job_key: JobKey,
    pub asset: AssetId,
    #[serde(flatten)]
    pub fence: Fence,
}

impl Claim {
    /// The keys of everything that this generation writes.
    pub fn keys(&self) -> GenerationKeys {
        GenerationKeys::new(&self.asset, &self.job_key, self.fence.generation)
    }

    /// The generation that is held.
    pub fn generation(&self) -> Generation {
        self.fence.generation
    }
}

/// Input of `plan-chunks`, `verify-mezzanine`, `start-encode`, `check-job`, `package-outputs`, `validate-output`, `publish-job` and `cleanup-job`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimInput {
    pub claim: Claim,
}

/// Output of `plan-chunks`, kept as `$.plan`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOutput {
    /// The key of the list that the video Map reads; the others likewise.
    pub video_items: String,
    pub audio_items: String,
    pub text_items: String,
    pub rendition_items: String,
    pub video_count: u32,
    pub audio_count: u32,
    pub text_count: u32,
}

/// Output of `verify-mezzanine`, kept as `$.verification`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyMezzanineOutput {
    /// Whether every byte was read; if not, the next invocation continues.
    pub state: Progress,
    /// How much of the mezzanine was read, from 0 to 100.
    pub percent: u8,
    /// The key of the checksums in the output bucket, which exist if the state is `Done`.
    pub checksums: String,
}

/// Output of `start-encode`, kept as `$.encode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartEncodeOutput {
    /// The id that MediaConvert gave the job.
    pub encode_id: String,
}

/// Whether work that takes several invocations has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Progress {
    Running,
    Done,
}

/// Output of `check-job`, kept as `$.check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckJobOutput {
    pub state: Progress,
    /// Progress from 0 to 100, as MediaConvert estimates it.
    pub percent: u8,
    /// How long to wait before the next check, in seconds.
    pub wait_seconds: u32,
}

/// Input of `transcode-chunk`: one item of the video Map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscodeChunkInput {
    pub claim: Claim,
    pub item: ChunkItem,
}

/// Input of `encode-audio`, `convert-captions` and `assemble-rendition`: one item of their Maps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionInput {
    pub claim: Claim,
    pub item: RenditionItem,
}

/// Output of the workers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerOutput {
    pub record: String,
    /// False if the record existed already.
    pub encoded: bool,
}

/// Output of `package-outputs`, kept as `$.package`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageOutput {
    pub hls: String,
    /// The key of the MPD, if the job writes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dash: Option<String>,
}

/// Output of `validate-output`, kept as `$.validation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidateOutputOutput {
    pub report: String,
    pub rules: u32,
    /// Violations that do not fail the job.
    pub warnings: u32,
}

/// Output of `publish-job`, kept as `$.published`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishJobOutput {
    pub outputs: Outputs,
    /// The outbox of the notification.
    pub outbox: String,
}

/// Input of `fail-job`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailJobInput {
    pub execution: Execution,
    pub state: FailedState,
}

/// The state data of a failed execution, as far as it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedState {
    pub source: ManifestObject,
    /// Present once the manifest was parsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobRef>,
    /// Present once the job was submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<SubmitJobOutput>,
    pub error: Caught,
}

/// An error as Step Functions catches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caught {
    #[serde(rename = "Error")]
    pub error: String,
    /// For an error of a function: JSON with `errorType` and `errorMessage`.
    #[serde(rename = "Cause", default)]
    pub cause: String,
}

/// The message of a cause: Lambda wraps the error of a function in JSON; any other cause is readable as it is.
pub fn error_message(cause: &str) -> String {
    let wrapped = serde_json::from_str::<serde_json::Value>(cause).unwrap_or_default();
    wrapped["errorMessage"].as_str().unwrap_or(cause).to_owned()
}

/// Output of `fail-job`, kept as `$.failure`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailJobOutput {
    /// The error that the execution ends with. If a Map failed, it is the error of its worker.
    pub error: String,
    /// The cause as text for people.
    pub cause: String,
    /// The outbox of the notification.
    pub outbox: String,
}

/// Input of `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyInput {
    /// The outbox to send: a job key, or `execution#NAME`.
    pub outbox: String,
}

/// Output of `notify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyOutput {
    pub sent: u32,
}

/// Output of `reap-jobs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReapOutput {
    /// Jobs that were released because their execution had ended.
    pub released: u32,
    /// Messages that were left in an outbox and are sent now.
    pub sent: u32,
    /// Slots that were freed because their execution had ended.
    pub freed: u32,
    /// Executions that were started from the line.
    pub started: u32,
    /// Objects of abandoned jobs that were deleted.
    pub deleted: u32,
}

/// Output of `cleanup-job`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanupOutput {
    pub deleted: u32,
}
