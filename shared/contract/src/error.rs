//! Errors as product: a stable name, what was expected, what was found, where, and what to do.

use std::fmt;

use reelsmith_core::ports::{PortError, PortErrorKind, PortResult};
use serde::{Deserialize, Serialize};

use crate::setting::Setting;
use crate::step::STEPS;

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
    /// MediaConvert denied access to the function.
    MediaConvertDenied;
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
    /// Object storage denied access to the function.
    StorageDenied;
    /// An object of this job is missing or malformed.
    StorageInconsistent;
    /// The submission table could not be reached or throttled.
    TableUnavailable: Transient;
    /// The submission table denied access to the function.
    TableDenied;
    /// Step Functions could not be reached or throttled.
    WorkflowUnavailable: Transient;
    /// Step Functions denied access to the function.
    WorkflowDenied;
    /// The topic could not be reached or throttled.
    NotificationUnavailable: Transient;
    /// The topic denied access to the function.
    NotificationDenied;
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

    /// A failed call to object storage. `location` is the object, or the prefix of a listing.
    pub fn storage(error: &PortError, location: impl fmt::Display) -> Self {
        let (name, expected, remedy) = match error.kind() {
            PortErrorKind::Unavailable => return Self::unavailable(Port::Storage, error, location),
            PortErrorKind::Denied | PortErrorKind::Unauthenticated => {
                return Self::denied(Port::Storage, error, location);
            }
            PortErrorKind::Changed => (
                ErrorName::MezzanineChanged,
                "the version that was validated",
                "deliver the file again under a new key, and do not replace files while a job runs",
            ),
            PortErrorKind::NotFound | PortErrorKind::Invalid => (
                ErrorName::StorageInconsistent,
                "an object that an earlier state wrote",
                "start the job again; if it recurs, report it with the execution's history",
            ),
        };
        Self::new(name, expected, error.detail(), location.to_string(), remedy)
    }

    /// A failed call to the submission table.
    #[must_use]
    pub fn table(error: &PortError) -> Self {
        Self::of_port(Port::Table, error)
    }

    /// A failed call to Step Functions.
    #[must_use]
    pub fn workflow(error: &PortError) -> Self {
        Self::of_port(Port::Workflow, error)
    }

    /// A failed call to the topic.
    #[must_use]
    pub fn topic(error: &PortError) -> Self {
        Self::of_port(Port::Topic, error)
    }

    /// A failed call to MediaConvert.
    #[must_use]
    pub fn encoder(error: &PortError) -> Self {
        let location = Port::Encoder.location();
        match error.kind() {
            PortErrorKind::Unavailable => Self::unavailable(Port::Encoder, error, location),
            PortErrorKind::Denied | PortErrorKind::Unauthenticated => {
                Self::denied(Port::Encoder, error, location)
            }
            PortErrorKind::NotFound | PortErrorKind::Changed | PortErrorKind::Invalid => Self::new(
                ErrorName::MediaConvertRefused,
                "MediaConvert to accept the request",
                error.detail(),
                location,
                "compare the queue, the role and the order with docs/mediaconvert.md",
            ),
        }
    }

    fn of_port(port: Port, error: &PortError) -> Self {
        let location = port.location();
        match error.kind() {
            PortErrorKind::Unavailable => Self::unavailable(port, error, location),
            PortErrorKind::Denied | PortErrorKind::Unauthenticated => {
                Self::denied(port, error, location)
            }
            // The service answered that the table, machine or topic itself does not exist.
            PortErrorKind::NotFound if error.code().is_some() => Self::new(
                ErrorName::ConfigurationInvalid,
                format!("{} to exist", port.what()),
                error.detail(),
                location,
                format!(
                    "compare {} and the region with what is deployed",
                    port.setting().name()
                ),
            ),
            PortErrorKind::NotFound | PortErrorKind::Changed | PortErrorKind::Invalid => {
                Self::internal(error.detail(), location)
            }
        }
    }

    fn unavailable(port: Port, error: &PortError, location: impl fmt::Display) -> Self {
        Self::new(
            port.unavailable(),
            format!("{} to answer", port.what()),
            error.detail(),
            location.to_string(),
            "no action needed: the call is retried; if it lasts, check the account's quotas and the health of the region",
        )
    }

    fn denied(port: Port, error: &PortError, location: impl fmt::Display) -> Self {
        let expected = match error.kind() {
            PortErrorKind::Unauthenticated => "credentials that AWS accepts".to_owned(),
            _ => format!("{} to allow the call", port.what()),
        };
        Self::new(
            port.denied(),
            expected,
            error.detail(),
            location.to_string(),
            port.remedy_of_denial("NAME"),
        )
    }

    /// The same failure, with the function's name in the remedy of a denial. `deployed` is the name of the deployed
    /// function, such as `reelsmith-submit-job`.
    #[must_use]
    pub fn in_function(mut self, deployed: &str) -> Self {
        let port = Port::ALL.into_iter().find(|p| p.denied() == self.name);
        if let Some(port) = port {
            let folder = STEPS.iter().find(|s| deployed.ends_with(s.function));
            self.remedy = port.remedy_of_denial(folder.map_or(deployed, |s| s.function));
        }
        self
    }
}

/// The service behind a port, as failures name it.
#[derive(Clone, Copy)]
enum Port {
    Storage,
    Table,
    Workflow,
    Topic,
    Encoder,
}

impl Port {
    const ALL: [Self; 5] = [
        Self::Storage,
        Self::Table,
        Self::Workflow,
        Self::Topic,
        Self::Encoder,
    ];

    fn what(self) -> &'static str {
        match self {
            Self::Storage => "object storage",
            Self::Table => "the submission table",
            Self::Workflow => "Step Functions",
            Self::Topic => "the topic",
            Self::Encoder => "MediaConvert",
        }
    }

    fn location(self) -> &'static str {
        self.what().trim_start_matches("the ")
    }

    fn setting(self) -> Setting {
        match self {
            Self::Storage => Setting::OUTPUT_BUCKET,
            Self::Table => Setting::SUBMISSION_TABLE,
            Self::Workflow => Setting::STATE_MACHINE_ARN,
            Self::Topic => Setting::NOTIFICATION_TOPIC_ARN,
            Self::Encoder => Setting::MEDIACONVERT_QUEUE_ARN,
        }
    }

    fn unavailable(self) -> ErrorName {
        match self {
            Self::Storage => ErrorName::StorageUnavailable,
            Self::Table => ErrorName::TableUnavailable,
            Self::Workflow => ErrorName::WorkflowUnavailable,
            Self::Topic => ErrorName::NotificationUnavailable,
            Self::Encoder => ErrorName::MediaConvertUnavailable,
        }
    }

    fn denied(self) -> ErrorName {
        match self {
            Self::Storage => ErrorName::StorageDenied,
            Self::Table => ErrorName::TableDenied,
            Self::Workflow => ErrorName::WorkflowDenied,
            Self::Topic => ErrorName::NotificationDenied,
            Self::Encoder => ErrorName::MediaConvertDenied,
        }
    }

    fn remedy_of_denial(self, function: &str) -> String {
        let other = match self {
            Self::Storage => ", and check the bucket's policy",
            Self::Encoder => ", and check iam:PassRole for the role of MediaConvert",
            Self::Table | Self::Workflow | Self::Topic => "",
        };
        format!(
            "compare the grants in functions/{function}/function.yaml with the policy of the function's role{other}; then start the job again"
        )
    }
}

/// Turns the error of a port into a [`Failure`], at the call: `store.head(&object).await.on_object(&object)?`.
pub trait PortResultExt<T> {
    /// A call to object storage about `object`: an object, or a prefix that was listed.
    ///
    /// # Errors
    /// As [`Failure::storage`].
    fn on_object(self, object: impl fmt::Display) -> Result<T, Failure>;

    /// A call to the submission table.
    ///
    /// # Errors
    /// As [`Failure::table`].
    fn on_table(self) -> Result<T, Failure>;

    /// A call to MediaConvert.
    ///
    /// # Errors
    /// As [`Failure::encoder`].
    fn on_encoder(self) -> Result<T, Failure>;

    /// A call to Step Functions.
    ///
    /// # Errors
    /// As [`Failure::workflow`].
    fn on_workflow(self) -> Result<T, Failure>;

    /// A call to the topic.
    ///
    /// # Errors
    /// As [`Failure::topic`].
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
