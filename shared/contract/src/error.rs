//! Errors as product: a stable name, what was expected, what was found, where, and what to do.

use std::fmt;

use reelsmith_core::ports::{PortError, PortErrorKind};
use serde::{Deserialize, Serialize};

macro_rules! error_names {
    ($($(#[doc = $doc:literal])+ $name:ident $(: $retry:ident)?;)+) => {
        /// The name of an error as Step Functions, alarms and operators see it. Never renamed once released.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ErrorName {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorName {
            /// Every name, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name as text.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// Whether the same call may succeed when it is made again: the ASL retries exactly these.
            #[must_use]
            pub fn retry(self) -> Retry {
                match self { $(Self::$name => error_names!(@retry $($retry)?),)+ }
            }

            /// What the name means.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
    (@retry) => { Retry::Never };
    (@retry $retry:ident) => { Retry::$retry };
}

/// How the state machine meets an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It is final.
    Never,
    /// A passing fault of the platform: again with backoff and jitter.
    Transient,
    /// The encoder failed: a few times, since a second try costs an encode.
    Encoder,
    /// The mezzanine may still be on its way: patiently.
    Arrival,
}

error_names! {
    /// The manifest object is gone.
    ManifestMissing;
    /// The manifest cannot be read as a job; the cause lists every defect with line and column.
    ManifestInvalid;
    /// The mezzanine is not in the bucket (yet).
    MezzanineMissing: Arrival;
    /// The mezzanine has no bytes.
    MezzanineEmpty;
    /// The mezzanine's size is not the manifest's.
    MezzanineSizeMismatch;
    /// A checksum of the mezzanine is not the manifest's.
    MezzanineChecksumMismatch;
    /// The mezzanine was replaced after it was validated.
    MezzanineChanged;
    /// The bytes are not a container that is decoded here.
    ContainerUnsupported;
    /// The container cannot be probed.
    MezzanineUnreadable;
    /// There is no video stream.
    VideoStreamMissing;
    /// A stream's codec is not decoded here.
    CodecUnsupported;
    /// The picture is too small or too large.
    ResolutionUnsupported;
    /// The mezzanine is too short or too long.
    DurationUnsupported;
    /// The video stream states no frame rate, or one above the limit.
    FrameRateUnsupported;
    /// There are more streams than a delivery has.
    StreamLimitExceeded;
    /// The pictures are HDR with another matrix than BT.2020 non-constant luminance.
    PictureUnsupported;
    /// An audio track of the manifest is not in the mezzanine.
    AudioTrackMissing;
    /// A caption file of the manifest is not in the bucket.
    CaptionMissing: Arrival;
    /// A caption file cannot be read in its format.
    CaptionInvalid;
    /// The mezzanine is not what the manifest describes.
    ManifestMismatch;
    /// The job asks for an encoder that this deployment does not have.
    EncoderUnavailable;
    /// The job would cost more than the deployment's cap.
    CostLimitExceeded;
    /// MediaConvert cannot make what is planned.
    OrderImpossible;
    /// MediaConvert refused the order or a question about it.
    MediaConvertRefused;
    /// MediaConvert ended the job without its outputs, or somebody called it off; the cause has its code and message.
    MediaConvertJobFailed;
    /// MediaConvert could not be reached or throttled.
    MediaConvertUnavailable: Transient;
    /// No exact plan can be made from the index.
    PlanImpossible;
    /// The encoder ended with an error.
    EncoderFailed: Encoder;
    /// The encoder made no progress and was ended.
    EncoderStalled: Encoder;
    /// The encoder made another number of frames or samples than planned.
    FrameCountMismatch: Encoder;
    /// The encoder binary is not the one the job was planned for.
    EncoderBuildMismatch;
    /// Chunks of one rendition do not share one init segment.
    InitSegmentMismatch;
    /// The records do not tile the timeline.
    RecordsIncomplete;
    /// An object that must be written once holds other bytes.
    OutputConflict;
    /// The output breaks a conformance rule, or could not be measured.
    OutputInvalid;
    /// Another execution holds the job now.
    SubmissionLost;
    /// The execution ended without a word: it was stopped, or took longer than the state machine allows.
    ExecutionEnded;
    /// A worker inside a Map failed and left no note why.
    WorkerFailed;
    /// Object storage could not be reached or throttled.
    StorageUnavailable: Transient;
    /// Object storage refused access.
    StorageDenied;
    /// An object of this job is missing or malformed.
    StorageInconsistent;
    /// The submission table could not be reached or throttled.
    TableUnavailable: Transient;
    /// Step Functions could not be reached or throttled.
    WorkflowUnavailable: Transient;
    /// The topic could not be reached or throttled.
    NotificationUnavailable: Transient;
    /// A setting of the function is missing or wrong.
    ConfigurationInvalid;
    /// The state's input is not what the function takes.
    PayloadInvalid;
    /// Something that should be impossible; a defect of reelsmith.
    Internal;
}

impl fmt::Display for ErrorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error as it leaves a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable name.
    pub name: ErrorName,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// Where: an object, a line and column, a byte, a frame.
    pub location: String,
    /// What to do.
    pub remedy: String,
}

impl Failure {
    /// A failure with all its parts.
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

    /// Something that should be impossible.
    pub fn internal(found: impl Into<String>, location: impl Into<String>) -> Self {
        Self::new(
            ErrorName::Internal,
            "an invariant of reelsmith to hold",
            found,
            location,
            "report it with the execution's history; running the job again is safe",
        )
    }

    /// A failed call to object storage.
    pub fn storage(error: &PortError, location: impl fmt::Display) -> Self {
        let (name, expected, remedy) = match error.kind {
            PortErrorKind::Unavailable => (
                ErrorName::StorageUnavailable,
                "object storage to answer",
                "nothing: it is retried; if it lasts, look at the region's health",
            ),
            PortErrorKind::Denied => (
                ErrorName::StorageDenied,
                "access to the object",
                "compare the function's grants with its policy and the bucket's",
            ),
            PortErrorKind::Changed => (
                ErrorName::MezzanineChanged,
                "the version that was validated",
                "deliver again under a new key and do not replace files while a job runs",
            ),
            PortErrorKind::NotFound | PortErrorKind::Invalid => (
                ErrorName::StorageInconsistent,
                "an object that an earlier state wrote",
                "start the job again; if it recurs, report it with the execution's history",
            ),
        };
        Self::new(name, expected, &error.detail, location.to_string(), remedy)
    }

    /// A failed call to the encoding service.
    #[must_use]
    pub fn encode_service(error: &PortError) -> Self {
        let (name, expected, remedy) = match error.kind {
            PortErrorKind::Unavailable => (
                ErrorName::MediaConvertUnavailable,
                "MediaConvert to answer",
                "nothing: it is retried; if it lasts, look at the account's quotas and the region's health",
            ),
            _ => (
                ErrorName::MediaConvertRefused,
                "MediaConvert to do as asked",
                "compare queue, role and the function's grants with docs/mediaconvert.md",
            ),
        };
        Self::new(name, expected, &error.detail, "MediaConvert", remedy)
    }

    /// A failed call to the submission table.
    #[must_use]
    pub fn table(error: &PortError) -> Self {
        let remedy = "nothing: it is retried; if it lasts, look at the table's throttling and the function's grants";
        Self::new(
            ErrorName::TableUnavailable,
            "the submission table to answer",
            error.to_string(),
            "submission table",
            remedy,
        )
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
    use super::*;

    #[test]
    fn names_are_their_own_text_and_have_a_meaning() {
        for name in ErrorName::ALL {
            assert_eq!(format!("{name:?}"), name.as_str());
            assert!(name.meaning().ends_with('.'), "{name}");
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
}
