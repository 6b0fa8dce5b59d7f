//! Errors as users see them: a stable name, what was expected, what was found, where, and what to do.
//!
//! A port reports what happened as a [`PortError`]; what that means for a job depends on the port. [`PortResultExt`] makes
//! this conversion at the call, so that each function writes `store.head(&object).await.on_object(&object)?`. Only kinds
//! that may pass become names that the state machine retries:
//!
//! | kind of the port error | object storage | table, Step Functions, topic | MediaConvert |
//! |---|---|---|---|
//! | `Unavailable` | `StorageUnavailable` | `TableUnavailable`, … | `MediaConvertUnavailable` |
//! | `Denied`, `Unauthenticated` | `StorageDenied` | `TableDenied`, … | `MediaConvertDenied` |
//! | `NotFound` | `StorageInconsistent` | `ConfigurationInvalid` | `MediaConvertRefused` |
//! | `Changed` | `MezzanineChanged` | `Internal` | `MediaConvertRefused` |
//! | `Invalid` | `StorageInconsistent` | `Internal` | `MediaConvertRefused` |

use std::fmt;

use reelsmith_core::ports::{PortError, PortErrorKind, PortResult};
use serde::{Deserialize, Serialize};
use strum::{EnumMessage as _, VariantArray as _};

use crate::setting::Setting;
use crate::step::STEPS;

/// The name of an error, as Step Functions, alarms and operators see it. A released name never changes.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumMessage,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum ErrorName {
    /// The manifest object no longer exists.
    ManifestMissing,
    /// The manifest cannot be read as a job; the cause lists every defect with its line and column.
    ManifestInvalid,
    /// The mezzanine is not in the bucket, or has not arrived yet.
    MezzanineMissing,
    /// The mezzanine is an object of 0 bytes.
    MezzanineEmpty,
    /// The size of the mezzanine is not the size that the manifest declares.
    MezzanineSizeMismatch,
    /// A checksum of the mezzanine is not the one that the manifest declares.
    MezzanineChecksumMismatch,
    /// The mezzanine was replaced after it was validated.
    MezzanineChanged,
    /// The mezzanine is not in a supported container.
    ContainerUnsupported,
    /// ffprobe cannot read the mezzanine.
    MezzanineUnreadable,
    /// The mezzanine ends before the media that its container or the manifest describes.
    MezzanineTruncated,
    /// More pictures of the mezzanine are damaged than the job allows.
    MezzanineDamaged,
    /// The samples of the mezzanine are encrypted.
    MezzanineEncrypted,
    /// The mezzanine has no video stream, or not the one that the manifest selects.
    VideoStreamMissing,
    /// The mezzanine has several video streams, and neither the file nor the manifest states which is the programme.
    VideoStreamAmbiguous,
    /// The codec of a stream is not supported.
    CodecUnsupported,
    /// The picture is smaller or larger than the supported sizes.
    ResolutionUnsupported,
    /// The mezzanine is shorter or longer than the supported durations.
    DurationUnsupported,
    /// The mezzanine states no frame rate, or more frames per second than are supported.
    FrameRateUnsupported,
    /// The mezzanine has more streams than are supported.
    StreamLimitExceeded,
    /// The pictures are of a kind that is not encoded: some HDR or Dolby Vision, single fields, or a format that changes.
    PictureUnsupported,
    /// The manifest names an audio track that the mezzanine does not have.
    AudioTrackMissing,
    /// The channels of an audio stream have no known places, and the manifest has no `ChannelMap`.
    AudioLayoutUnsupported,
    /// A caption file of the manifest is not in the bucket, or has not arrived yet.
    CaptionMissing,
    /// A caption file breaks the rules of its format.
    CaptionInvalid,
    /// The mezzanine differs from what the manifest describes.
    ManifestMismatch,
    /// The job asks for an encoder that is not part of this deployment.
    EncoderUnavailable,
    /// The estimated cost of the job exceeds the deployment's limit.
    CostLimitExceeded,
    /// MediaConvert cannot produce what is planned.
    OrderImpossible,
    /// MediaConvert refused a request about the job.
    MediaConvertRefused,
    /// MediaConvert's job failed or was cancelled; the cause has its code and message.
    MediaConvertJobFailed,
    /// MediaConvert denied access to the function.
    MediaConvertDenied,
    /// MediaConvert did not answer, or throttled the call.
    MediaConvertUnavailable,
    /// `InPoint` and `OutPoint` do not select a part of the mezzanine.
    ClipInvalid,
    /// The index of the mezzanine does not allow an exact plan.
    PlanImpossible,
    /// The encoder ended with an error.
    EncoderFailed,
    /// The encoder made no progress and was stopped.
    EncoderStalled,
    /// An encoder produced other frames or samples, by number or time, than planned.
    FrameCountMismatch,
    /// The installed encoder is not the build that the job was planned for.
    EncoderBuildMismatch,
    /// The chunks of a rendition have different init segments.
    InitSegmentMismatch,
    /// The records of a rendition leave a gap in the timeline, or overlap.
    RecordsIncomplete,
    /// An object that is written once already exists with other bytes.
    OutputConflict,
    /// The output breaks a conformance rule, or a part of it could not be measured.
    OutputInvalid,
    /// Another execution holds the job now.
    SubmissionLost,
    /// The execution ended without reporting a failure: it was stopped, or exceeded its time limit.
    ExecutionEnded,
    /// A worker of a Map failed without leaving a note of its error.
    WorkerFailed,
    /// Object storage did not answer, or throttled the call.
    StorageUnavailable,
    /// Object storage denied access to the function.
    StorageDenied,
    /// An object of the job is missing or cannot be read.
    StorageInconsistent,
    /// The submission table did not answer, or throttled the call.
    TableUnavailable,
    /// The submission table denied access to the function.
    TableDenied,
    /// Step Functions did not answer, or throttled the call.
    WorkflowUnavailable,
    /// Step Functions denied access to the function.
    WorkflowDenied,
    /// The topic did not answer, or throttled the call.
    NotificationUnavailable,
    /// The topic denied access to the function.
    NotificationDenied,
    /// A setting of the function is missing or wrong, or names something that does not exist.
    ConfigurationInvalid,
    /// The input of the state is not what the function accepts.
    PayloadInvalid,
    /// A state that should be impossible: a defect of reelsmith.
    Internal,
}

impl ErrorName {
    /// Every name, in the order of the documents.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name as text.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What the name means, in one sentence.
    pub fn meaning(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }

    /// How the state machine retries the call.
    pub fn retry(self) -> Retry {
        match self {
            Self::MezzanineMissing | Self::CaptionMissing => Retry::Arrival,
            Self::MediaConvertUnavailable
            | Self::StorageUnavailable
            | Self::TableUnavailable
            | Self::WorkflowUnavailable
            | Self::NotificationUnavailable => Retry::Transient,
            Self::EncoderFailed | Self::EncoderStalled | Self::FrameCountMismatch => Retry::Encoder,
            _ => Retry::Never,
        }
    }
}

/// How the state machine retries a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Not at all: the error is final.
    Never,
    /// With backoff and jitter: the platform has a passing fault.
    Transient,
    /// Twice: each retry costs an encode.
    Encoder,
    /// For several minutes: the file may still be on its way.
    Arrival,
}

/// An error as it leaves a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub name: ErrorName,
    pub expected: String,
    pub found: String,
    /// An object, a line and column, a byte or a frame.
    pub location: String,
    /// What the user can do, as an instruction without a full stop.
    pub remedy: String,
}

impl Failure {
    /// A failure with all its parts, in the order in which they are shown.
    pub fn new(
        name: ErrorName,
        expected: impl Into<String>,
        found: impl Into<String>,
        location: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            name,
            expected: expected.into(),
            found: found.into(),
            location: location.into(),
            remedy: remedy.into(),
        }
    }

    /// A state that should be impossible.
    pub fn internal(found: impl Into<String>, location: impl Into<String>) -> Self {
        Self::new(
            ErrorName::Internal,
            "an invariant of reelsmith to hold",
            found,
            location,
            "report this with the history of the execution; it is safe to run the job again",
        )
    }

    /// A failed call to object storage. `location` is the object, or the prefix of a listing.
    pub fn storage(error: &PortError, location: impl fmt::Display) -> Self {
        let (name, expected, remedy) = match error.kind() {
            PortErrorKind::Changed => (
                ErrorName::MezzanineChanged,
                "the version that was validated",
                "deliver the file again under a new key, and do not replace files while a job runs",
            ),
            PortErrorKind::NotFound | PortErrorKind::Invalid => (
                ErrorName::StorageInconsistent,
                "an object that an earlier state wrote",
                "start the job again; if it recurs, report it with the history of the execution",
            ),
            _ => return STORAGE.access(error, location),
        };
        let location = location.to_string();
        Self::new(name, expected, error.detail(), location, remedy)
    }

    /// A failed call to MediaConvert.
    pub fn encoder(error: &PortError) -> Self {
        if error.kind().is_about_access() {
            return ENCODER.access(error, ENCODER.what);
        }
        Self::new(
            ErrorName::MediaConvertRefused,
            "MediaConvert to accept the request",
            error.detail(),
            ENCODER.what,
            "compare the queue, the role and the order with docs/mediaconvert.md",
        )
    }

    /// A failed call to the submission table.
    pub fn table(error: &PortError) -> Self {
        TABLE.failure(error)
    }

    /// A failed call to Step Functions.
    pub fn workflow(error: &PortError) -> Self {
        WORKFLOW.failure(error)
    }

    /// A failed call to the topic.
    pub fn topic(error: &PortError) -> Self {
        TOPIC.failure(error)
    }

    /// The same failure, with the function's name in the remedy of a denial. `deployed` is the name of the deployed
    /// function, such as `reelsmith-submit-job`.
    pub fn in_function(mut self, deployed: &str) -> Self {
        let services = [STORAGE, TABLE, WORKFLOW, TOPIC, ENCODER];
        if let Some(service) = services.iter().find(|s| s.denied == self.name) {
            let step = STEPS.iter().find(|s| deployed.ends_with(s.function));
            self.remedy = service.remedy_of_denial(step.map_or(deployed, |s| s.function));
        }
        self
    }
}

/// How failures name the service behind a port.
struct Service {
    what: &'static str,
    unavailable: ErrorName,
    denied: ErrorName,
    /// What to check after a denial, besides the function's own grants.
    also: &'static str,
    /// The setting that names the thing.
    setting: Setting,
}

const STORAGE: Service = Service {
    what: "object storage",
    unavailable: ErrorName::StorageUnavailable,
    denied: ErrorName::StorageDenied,
    also: ", and check the policy of the bucket",
    setting: Setting::OUTPUT_BUCKET,
};
const TABLE: Service = Service {
    what: "the submission table",
    unavailable: ErrorName::TableUnavailable,
    denied: ErrorName::TableDenied,
    also: "",
    setting: Setting::SUBMISSION_TABLE,
};
const WORKFLOW: Service = Service {
    what: "Step Functions",
    unavailable: ErrorName::WorkflowUnavailable,
    denied: ErrorName::WorkflowDenied,
    also: "",
    setting: Setting::STATE_MACHINE_ARN,
};
const TOPIC: Service = Service {
    what: "the topic",
    unavailable: ErrorName::NotificationUnavailable,
    denied: ErrorName::NotificationDenied,
    also: "",
    setting: Setting::NOTIFICATION_TOPIC_ARN,
};
const ENCODER: Service = Service {
    what: "MediaConvert",
    unavailable: ErrorName::MediaConvertUnavailable,
    denied: ErrorName::MediaConvertDenied,
    also: ", and check iam:PassRole for the role of MediaConvert",
    setting: Setting::MEDIACONVERT_QUEUE_ARN,
};

impl Service {
    /// The failure of a service that keeps one thing, which exists for as long as the deployment does.
    fn failure(&self, error: &PortError) -> Failure {
        let location = self.what.trim_start_matches("the ");
        if error.kind().is_about_access() {
            return self.access(error, location);
        }
        // An adapter reports a missing entry without a code; with a code, the service says that the thing itself is missing.
        if error.kind() == PortErrorKind::NotFound && error.code().is_some() {
            let setting = self.setting.name();
            return Failure::new(
                ErrorName::ConfigurationInvalid,
                format!("{} to exist", self.what),
                error.detail(),
                location,
                format!("compare {setting} and the region with what is deployed"),
            );
        }
        Failure::internal(error.detail(), location)
    }

    /// A call that the service did not answer or did not allow.
    fn access(&self, error: &PortError, location: impl fmt::Display) -> Failure {
        let (found, location) = (error.detail(), location.to_string());
        let (name, expected, remedy) = match error.kind() {
            PortErrorKind::Unavailable => (
                self.unavailable,
                format!("{} to answer", self.what),
                "no action needed: the call is retried; if it lasts, check the quotas of the account and the health of the region"
                    .to_owned(),
            ),
            PortErrorKind::Unauthenticated => (
                self.denied,
                "credentials that AWS accepts".to_owned(),
                self.remedy_of_denial("NAME"),
            ),
            _ => (
                self.denied,
                format!("{} to allow the call", self.what),
                self.remedy_of_denial("NAME"),
            ),
        };
        Failure::new(name, expected, found, location, remedy)
    }

    fn remedy_of_denial(&self, function: &str) -> String {
        let also = self.also;
        format!(
            "compare the grants in functions/{function}/function.yaml with the policy of the function's role{also}; then start the job again"
        )
    }
}

/// Turns the error of a port into a [`Failure`] at the call.
pub trait PortResultExt<T> {
    /// The result of a call to object storage: [`Failure::storage`]. `object` is the object, or the prefix of a listing.
    fn on_object(self, object: impl fmt::Display) -> Result<T, Failure>;

    /// The result of a call to the submission table: [`Failure::table`].
    fn on_table(self) -> Result<T, Failure>;

    /// The result of a call to MediaConvert: [`Failure::encoder`].
    fn on_encoder(self) -> Result<T, Failure>;

    /// The result of a call to Step Functions: [`Failure::workflow`].
    fn on_workflow(self) -> Result<T, Failure>;

    /// The result of a call to the topic: [`Failure::topic`].
    fn on_topic(self) -> Result<T, Failure>;
}

impl<T> PortResultExt<T> for PortResult<T> {
    fn on_object(self, object: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|e| Failure::storage(&e, object))
    }

    fn on_table(self) -> Result<T, Failure> {
        self.map_err(|e| Failure::table(&e))
    }

    fn on_encoder(self) -> Result<T, Failure> {
        self.map_err(|e| Failure::encoder(&e))
    }

    fn on_workflow(self) -> Result<T, Failure> {
        self.map_err(|e| Failure::workflow(&e))
    }

    fn on_topic(self) -> Result<T, Failure> {
        self.map_err(|e| Failure::topic(&e))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected {}; found {}; at {}; to do: {}",
            self.expected, self.found, self.location, self.remedy
        )
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reelsmith_core::ports::ServiceAnswer;

    use super::*;

    #[test]
    fn every_name_has_a_meaning_of_one_sentence() {
        for name in ErrorName::ALL {
            let meaning = name.meaning();
            assert!(meaning.ends_with('.') && !meaning.contains('\n'), "{name}");
        }
    }

    #[test]
    fn a_failure_reads_as_a_sentence() {
        let failure = Failure::new(
            ErrorName::MezzanineEmpty,
            "bytes",
            "0 bytes",
            "s3://b/k",
            "upload it again",
        );
        insta::assert_snapshot!(failure.to_string(), @"expected bytes; found 0 bytes; at s3://b/k; to do: upload it again");
    }

    fn refused(kind: PortErrorKind, code: Option<&str>) -> PortError {
        PortError::Answered {
            kind,
            operation: "UpdateItem",
            resource: "table t job j".to_owned(),
            answer: Box::new(ServiceAnswer {
                code: code.map(str::to_owned),
                message: Some("no".to_owned()),
                status: Some(400),
            }),
            hint: None,
            source: Arc::new(fmt::Error),
        }
    }

    #[test]
    fn each_kind_of_port_error_has_its_own_name() {
        use ErrorName as Name;
        use PortErrorKind as Kind;
        type Convert = fn(&PortError) -> Failure;
        let storage: Convert = |e| Failure::storage(e, "s3://b/k");
        let ports: [(Convert, [Name; 6]); 5] = [
            (
                storage,
                [
                    Name::StorageUnavailable,
                    Name::StorageDenied,
                    Name::StorageDenied,
                    Name::StorageInconsistent,
                    Name::MezzanineChanged,
                    Name::StorageInconsistent,
                ],
            ),
            (
                Failure::table,
                [
                    Name::TableUnavailable,
                    Name::TableDenied,
                    Name::TableDenied,
                    Name::ConfigurationInvalid,
                    Name::Internal,
                    Name::Internal,
                ],
            ),
            (
                Failure::workflow,
                [
                    Name::WorkflowUnavailable,
                    Name::WorkflowDenied,
                    Name::WorkflowDenied,
                    Name::ConfigurationInvalid,
                    Name::Internal,
                    Name::Internal,
                ],
            ),
            (
                Failure::topic,
                [
                    Name::NotificationUnavailable,
                    Name::NotificationDenied,
                    Name::NotificationDenied,
                    Name::ConfigurationInvalid,
                    Name::Internal,
                    Name::Internal,
                ],
            ),
            (
                Failure::encoder,
                [
                    Name::MediaConvertUnavailable,
                    Name::MediaConvertDenied,
                    Name::MediaConvertDenied,
                    Name::MediaConvertRefused,
                    Name::MediaConvertRefused,
                    Name::MediaConvertRefused,
                ],
            ),
        ];
        let kinds = [
            Kind::Unavailable,
            Kind::Denied,
            Kind::Unauthenticated,
            Kind::NotFound,
            Kind::Changed,
            Kind::Invalid,
        ];
        for (convert, names) in ports {
            for (kind, name) in kinds.into_iter().zip(names) {
                let failure = convert(&refused(kind, Some("Code")));
                assert_eq!(failure.name, name, "{kind:?}");
                let retried = failure.name.retry() == Retry::Transient;
                assert_eq!(retried, kind == Kind::Unavailable, "{kind:?}");
            }
        }
    }

    #[test]
    fn a_missing_outbox_entry_does_not_mean_that_the_table_is_missing() {
        let error = PortError::new(PortErrorKind::NotFound, "no outbox entry e");
        assert_eq!(Failure::table(&error).name, ErrorName::Internal);
    }

    #[test]
    fn a_denial_names_the_function_whose_grants_to_compare() {
        let error = refused(PortErrorKind::Denied, Some("AccessDeniedException"));
        let failed: Result<(), _> = Err(error);
        let failure = failed.on_table().unwrap_err();
        insta::assert_snapshot!(failure.in_function("reelsmith-submit-job"), @"expected the submission table to allow the call; found UpdateItem table t job j: AccessDeniedException: no; at submission table; to do: compare the grants in functions/submit-job/function.yaml with the policy of the function's role; then start the job again");
    }
}
