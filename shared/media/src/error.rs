//! Media errors: typed while they travel through this crate, turned into a [`Failure`] at the boundary of a function.
//!
//! Every variant carries the values that were expected and found. [`OnSource`] is the one conversion into a failure: it
//! adds the source that was read, the error's stable name, what to do about it, and the command that reproduces it.
//!
//! ```
//! use reelsmith_media::{MediaError, OnSource as _};
//!
//! let result: Result<(), MediaError> = Err(MediaError::NoVideo { streams: 2 });
//! let failure = result.on_source("s3://in/film.mov").unwrap_err();
//! assert_eq!(failure.expected, "a video stream");
//! assert_eq!(failure.found, "2 streams and no video");
//! ```

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::ports::PortError;

use crate::command::Command;

/// A failure of probing, indexing, encoding or converting.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// ffmpeg or ffprobe is not installed.
    ToolMissing {
        tool: &'static str,
        path: PathBuf,
    },
    /// A tool is installed but cannot be used.
    ToolUnusable {
        path: PathBuf,
        source: io::Error,
    },
    /// The installed encoder is another build than the one that the job was planned for.
    Build {
        expected: String,
        found: String,
    },
    /// ffmpeg or ffprobe failed.
    Program {
        command: Box<Command>,
        #[source]
        failure: ProgramFailure,
    },
    /// The demuxer cannot read the container.
    Unreadable {
        found: String,
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The file has no video stream besides cover art.
    NoVideo {
        streams: u32,
    },
    /// The manifest selects a video stream that the file does not have.
    NoSuchVideo {
        /// Position among the video streams, from 0.
        wanted: u32,
        found: usize,
    },
    /// Several video streams may be the programme.
    AmbiguousVideo {
        found: String,
    },
    /// The file ends before the media that it describes.
    Truncated {
        expected: String,
        found: String,
    },
    /// The samples are encrypted.
    Encrypted {
        found: String,
    },
    /// The pictures are of a kind that cannot be encoded correctly.
    Picture {
        expected: String,
        found: String,
    },
    TooManyStreams {
        found: u32,
        limit: u32,
    },
    /// The packets do not have the timestamps that an exact plan needs.
    Unindexable {
        found: String,
    },
    /// The encoder produced another number of frames or samples than planned.
    FrameCount {
        rendition: String,
        /// `frames`, `samples` or `pictures`.
        unit: &'static str,
        expected: u64,
        found: u64,
    },
    /// A frame or sample is at another tick than planned.
    Timing {
        rendition: String,
        /// What has that time, for example `frame 96`.
        what: String,
        expected: i64,
        found: i64,
    },
    /// The encoder's file does not have the expected structure.
    Output {
        rendition: String,
        expected: String,
        found: String,
    },
    /// The source cannot be read from the object store, or was replaced.
    Source(#[source] PortError),
    /// A task asked for more bytes of its source than its budget allows.
    ReadBudget {
        budget: u64,
    },
    /// A caption file is malformed.
    Captions {
        /// Line from 1; `None` if the error concerns the whole file.
        line: Option<u32>,
        expected: String,
        found: String,
    },
    /// The plan is inconsistent.
    Plan {
        expected: String,
        found: String,
    },
    /// The local file system, the loopback or the kernel refused a call.
    Io {
        attempt: String,
        source: io::Error,
    },
}

/// Why a run of a program failed; `stderr` is the end of its stderr.
#[derive(Debug, thiserror::Error)]
pub enum ProgramFailure {
    #[error("{0}")]
    NotStarted(#[source] io::Error),
    #[error("{status}: {stderr}")]
    Exit { status: ExitStatus, stderr: String },
    /// It made no progress and was killed.
    #[error("none for {seconds} s: {stderr}")]
    Stalled { seconds: u64, stderr: String },
    /// It exceeded its wall-clock limit and was killed.
    #[error("it still running: {stderr}")]
    TimedOut { seconds: u64, stderr: String },
    /// It printed a longer line than any valid file causes.
    #[error("a longer line")]
    LineTooLong { limit: u64 },
}

impl ProgramFailure {
    /// What the program was expected to do.
    fn expected(&self) -> String {
        match self {
            Self::NotStarted(_) => "to start".to_owned(),
            Self::Exit { .. } => "to succeed".to_owned(),
            Self::Stalled { .. } => "to make progress".to_owned(),
            Self::TimedOut { seconds, .. } => format!("to end within {seconds} s"),
            Self::LineTooLong { limit } => format!("to print lines of at most {limit} bytes"),
        }
    }
}

impl fmt::Display for MediaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place() {
            write!(f, "{place}: ")?;
        }
        write!(f, "expected {}, found {}", self.expected(), self.found())?;
        match self.command() {
            Some(command) => write!(f, "; command: {command}"),
            None => Ok(()),
        }
    }
}

impl MediaError {
    /// For `map_err`: the error of a call to the operating system, for example `MediaError::io("making a temporary folder")`.
    pub fn io<E: Into<io::Error>>(attempt: impl Into<String>) -> impl FnOnce(E) -> Self {
        let attempt = attempt.into();
        move |error| Self::Io {
            attempt,
            source: error.into(),
        }
    }

    /// A container that cannot be read, by what was found in it.
    pub fn unreadable(found: impl Into<String>) -> Self {
        Self::Unreadable {
            found: found.into(),
            source: None,
        }
    }

    pub(crate) fn frame_count(
        rendition: impl Into<String>,
        unit: &'static str,
        expected: u64,
        found: u64,
    ) -> Self {
        Self::FrameCount {
            rendition: rendition.into(),
            unit,
            expected,
            found,
        }
    }

    /// `expected` and `found` are ticks of the track.
    pub(crate) fn timing<T: TryInto<i64>>(
        rendition: &str,
        what: impl Into<String>,
        expected: T,
        found: T,
    ) -> Self {
        Self::Timing {
            rendition: rendition.to_owned(),
            what: what.into(),
            expected: expected.try_into().unwrap_or(i64::MAX),
            found: found.try_into().unwrap_or(i64::MAX),
        }
    }

    pub(crate) fn plan(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Plan {
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(crate) fn output(
        rendition: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Output {
            rendition: rendition.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// A demuxer that fails, or does not end, means a file that cannot be read; any other error stays what it is.
    pub(crate) fn of_demuxer(self) -> Self {
        match self {
            Self::Program {
                failure: ProgramFailure::NotStarted(_),
                ..
            } => self,
            Self::Program { .. } => Self::Unreadable {
                found: self.found(),
                source: Some(Box::new(self)),
            },
            other => other,
        }
    }

    /// The name under which this error leaves a function.
    pub fn name(&self) -> ErrorName {
        match self {
            Self::ToolMissing { .. } | Self::ToolUnusable { .. } => ErrorName::ConfigurationInvalid,
            Self::Build { .. } => ErrorName::EncoderBuildMismatch,
            Self::Program {
                failure: ProgramFailure::Stalled { .. } | ProgramFailure::TimedOut { .. },
                ..
            } => ErrorName::EncoderStalled,
            Self::Program { .. }
            | Self::Output { .. }
            | Self::ReadBudget { .. }
            | Self::Io { .. } => ErrorName::EncoderFailed,
            Self::Unreadable { .. } => ErrorName::MezzanineUnreadable,
            Self::NoVideo { .. } | Self::NoSuchVideo { .. } => ErrorName::VideoStreamMissing,
            Self::AmbiguousVideo { .. } => ErrorName::VideoStreamAmbiguous,
            Self::Truncated { .. } => ErrorName::MezzanineTruncated,
            Self::Encrypted { .. } => ErrorName::MezzanineEncrypted,
            Self::Picture { .. } => ErrorName::PictureUnsupported,
            Self::TooManyStreams { .. } => ErrorName::StreamLimitExceeded,
            Self::Unindexable { .. } | Self::Plan { .. } => ErrorName::PlanImpossible,
            Self::FrameCount { .. } | Self::Timing { .. } => ErrorName::FrameCountMismatch,
            Self::Source(error) => Failure::storage(error, "").name,
            Self::Captions { .. } => ErrorName::CaptionInvalid,
        }
    }

    /// What was expected, for example `192 frames of video/h264_720p`.
    fn expected(&self) -> String {
        match self {
            Self::ToolMissing { tool, .. } => format!("the program {tool}"),
            Self::ToolUnusable { path, .. } => {
                format!("{} to print its version", path.display())
            }
            Self::Build { expected, .. } => format!("the encoder build {expected:?}"),
            Self::Program { command, failure } => {
                format!("{} {}", command.name(), failure.expected())
            }
            Self::Unreadable { .. } => "a readable file".to_owned(),
            Self::NoVideo { .. } => "a video stream".to_owned(),
            Self::Encrypted { .. } => "clear samples".to_owned(),
            Self::NoSuchVideo { wanted, .. } => format!("video stream {wanted} (VideoTrackIndex)"),
            Self::AmbiguousVideo { .. } => {
                "one video stream that is marked as default, or is the largest that spans the programme".to_owned()
            }
            Self::Truncated { expected, .. } | Self::Picture { expected, .. } => expected.clone(),
            Self::TooManyStreams { limit, .. } => format!("at most {limit} streams"),
            Self::Unindexable { .. } => "a timestamp on every video packet".to_owned(),
            Self::FrameCount {
                rendition,
                unit,
                expected,
                ..
            } => format!("{expected} {unit} of {rendition}"),
            Self::Timing {
                rendition,
                what,
                expected,
                ..
            } => format!("{what} of {rendition} at tick {expected}"),
            Self::Output {
                rendition,
                expected,
                ..
            } => format!("{expected} in the encoder's output for {rendition}"),
            Self::Source(_) => "the object store to serve the source".to_owned(),
            Self::ReadBudget { budget } => format!("reads of at most {budget} bytes of the source"),
            Self::Captions { expected, .. } => expected.clone(),
            Self::Plan { expected, .. } => format!("{expected} in the plan"),
            Self::Io { attempt, .. } => format!("{attempt} to succeed"),
        }
    }

    /// What was found instead.
    fn found(&self) -> String {
        match self {
            Self::ToolMissing { path, .. } => format!("none at {}", path.display()),
            Self::ToolUnusable { source, .. } | Self::Io { source, .. } => source.to_string(),
            Self::Build { found, .. } => format!("{found:?}"),
            Self::Program { failure, .. } => failure.to_string(),
            Self::NoVideo { streams } => format!("{streams} streams and no video"),
            Self::NoSuchVideo { found, .. } => format!("{found} video streams"),
            Self::TooManyStreams { found, .. } => found.to_string(),
            Self::FrameCount { found, .. } => found.to_string(),
            Self::Timing { found, .. } => found.to_string(),
            Self::Source(error) => error.detail(),
            Self::ReadBudget { .. } => "a request for more".to_owned(),
            Self::Unreadable { found, .. }
            | Self::Unindexable { found }
            | Self::AmbiguousVideo { found }
            | Self::Encrypted { found }
            | Self::Truncated { found, .. }
            | Self::Picture { found, .. }
            | Self::Output { found, .. }
            | Self::Captions { found, .. }
            | Self::Plan { found, .. } => found.clone(),
        }
    }

    /// The place within the source that the error concerns.
    fn place(&self) -> Option<String> {
        match self {
            Self::Captions { line, .. } => line.map(|line| format!("line {line}")),
            _ => None,
        }
    }

    fn command(&self) -> Option<&Command> {
        match self {
            Self::Program { command, .. } => Some(command),
            _ => None,
        }
    }

    fn remedy(&self) -> &'static str {
        match self {
            Self::ToolMissing { .. } | Self::ToolUnusable { .. } => {
                "install ffmpeg and ffprobe, or set their paths in the function's settings"
            }
            Self::Build { .. } => {
                "plan the job again with the installed build, or deploy the build that it was planned for"
            }
            Self::Unreadable { .. } => {
                "play the file from start to end; if it does not play, deliver it again"
            }
            Self::NoVideo { .. } => "deliver a file with a video stream",
            Self::NoSuchVideo { .. } => {
                "correct VideoTrackIndex in the manifest or deliver the track"
            }
            Self::AmbiguousVideo { .. } => {
                "state the position of the programme among the video streams as Mezzanine/VideoTrackIndex in the manifest, or \
                 mark it as the default in the file"
            }
            Self::Truncated { .. } => {
                "the file is incomplete: upload it again, or export it again if it was cut off before"
            }
            Self::Encrypted { .. } => "deliver the file without encryption",
            Self::Picture { .. } => {
                "convert the file to progressive or interleaved frames of one size, shape and pixel format"
            }
            Self::TooManyStreams { .. } => "deliver a file without unused streams",
            Self::Unindexable { .. } => {
                "remux the file so that every packet has a timestamp: ffmpeg -fflags +genpts -i FILE -c copy OUT.mkv"
            }
            Self::Captions { .. } => "correct the caption file and deliver it again",
            Self::FrameCount { .. } | Self::Timing { .. } => {
                "no action needed at first: the work is retried; if it fails again, decode the mezzanine to the end \
                 (ffmpeg -v error -i FILE -f null -), deliver a repaired file if ffmpeg prints errors, and otherwise \
                 report this as a defect of reelsmith"
            }
            Self::ReadBudget { .. } => {
                "deliver a file with its index at the start and its streams interleaved, or raise the read budget"
            }
            Self::Plan { .. } => {
                "start the job again; if it fails again, report it with the history of the execution"
            }
            Self::Program { .. } => {
                "run the command on your own machine; if it succeeds there, start the job again"
            }
            _ => {
                "start the job again; if it fails again, report it with the history of the execution"
            }
        }
    }

    fn into_failure(self, source: &str, part: Option<&str>) -> Failure {
        let mut location = source.to_owned();
        for part in [part, self.place().as_deref()].into_iter().flatten() {
            location.push_str(", ");
            location.push_str(part);
        }
        if let Self::Source(error) = &self {
            return Failure::storage(error, location);
        }
        let mut found = self.found();
        if let Some(command) = self.command() {
            found.push_str("; reproduce with: ");
            found.push_str(&command.shell_line(source));
        }
        Failure::new(self.name(), self.expected(), found, location, self.remedy())
    }
}

/// The conversion of media errors where they leave a function.
pub trait OnSource<T> {
    /// The failure of a task that read `source`, for example `s3://bucket/film.mov`.
    ///
    /// # Errors
    /// The error as a failure at `source`.
    fn on_source(self, source: &(impl fmt::Display + ?Sized)) -> Result<T, Failure>;

    /// As [`OnSource::on_source`], for a task on one part of it, for example `chunk 12`.
    ///
    /// # Errors
    /// The error as a failure at that part of `source`.
    fn on_source_part(
        self,
        source: &(impl fmt::Display + ?Sized),
        part: &(impl fmt::Display + ?Sized),
    ) -> Result<T, Failure>;
}

impl<T> OnSource<T> for Result<T, MediaError> {
    fn on_source(self, source: &(impl fmt::Display + ?Sized)) -> Result<T, Failure> {
        self.map_err(|e| e.into_failure(&source.to_string(), None))
    }

    fn on_source_part(
        self,
        source: &(impl fmt::Display + ?Sized),
        part: &(impl fmt::Display + ?Sized),
    ) -> Result<T, Failure> {
        self.map_err(|e| e.into_failure(&source.to_string(), Some(&part.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use reelsmith_core::ports::PortErrorKind;

    use super::*;

    fn failure(error: MediaError) -> Failure {
        Err::<(), _>(error)
            .on_source("s3://in/film.mov")
            .unwrap_err()
    }

    #[test]
    fn a_failed_encode_carries_the_command_that_reproduces_it() {
        let args = ["-i", "http://127.0.0.1:1/x/m", "out.mp4"].map(str::to_owned);
        let error = MediaError::Program {
            command: Box::new(Command::new("/usr/bin/ffmpeg", args.to_vec())),
            failure: ProgramFailure::Exit {
                status: ExitStatus::from_raw(1 << 8),
                stderr: "moov atom not found".into(),
            },
        };
        insta::assert_snapshot!(error, @"expected ffmpeg to succeed, found exit status: 1: moov atom not found; command: ffmpeg -i MEZZANINE out.mp4");
        let result: Result<(), _> = Err(error);
        let failure = result
            .on_source_part("s3://in/film.mov", "chunk 12")
            .unwrap_err();
        assert_eq!(failure.name, ErrorName::EncoderFailed);
        insta::assert_snapshot!(failure, @"expected ffmpeg to succeed; found exit status: 1: moov atom not found; reproduce with: aws s3 cp s3://in/film.mov film.mov && ffmpeg -i film.mov out.mp4; at s3://in/film.mov, chunk 12; to do: run the command on your own machine; if it succeeds there, start the job again");
    }

    #[test]
    fn a_wrong_frame_count_states_both_counts() {
        let failure = failure(MediaError::FrameCount {
            rendition: "video/h264_720p".into(),
            unit: "frames",
            expected: 192,
            found: 0,
        });
        assert_eq!(failure.name, ErrorName::FrameCountMismatch);
        insta::assert_snapshot!(failure, @"expected 192 frames of video/h264_720p; found 0; at s3://in/film.mov; to do: no action needed at first: the work is retried; if it fails again, decode the mezzanine to the end (ffmpeg -v error -i FILE -f null -), deliver a repaired file if ffmpeg prints errors, and otherwise report this as a defect of reelsmith");
    }

    #[test]
    fn the_line_of_a_caption_error_is_part_of_the_location() {
        let error = MediaError::Captions {
            line: Some(7),
            expected: "a time as 00:00:00,000".into(),
            found: "\"soon\"".into(),
        };
        insta::assert_snapshot!(error, @r#"line 7: expected a time as 00:00:00,000, found "soon""#);
        insta::assert_snapshot!(failure(error), @r#"expected a time as 00:00:00,000; found "soon"; at s3://in/film.mov, line 7; to do: correct the caption file and deliver it again"#);
    }

    #[test]
    fn a_demuxer_error_keeps_its_source() {
        let error = MediaError::Program {
            command: Box::new(Command::new("/usr/bin/ffprobe", Vec::new())),
            failure: ProgramFailure::TimedOut {
                seconds: 60,
                stderr: String::new(),
            },
        };
        let error = error.of_demuxer();
        assert_eq!(error.name(), ErrorName::MezzanineUnreadable);
        assert!(error.source().unwrap().is::<MediaError>());
    }

    #[test]
    fn a_replaced_mezzanine_and_an_unavailable_store_have_different_names() {
        let of = |kind| MediaError::Source(PortError::new(kind, "x")).name();
        assert_eq!(of(PortErrorKind::Changed), ErrorName::MezzanineChanged);
        assert_eq!(
            of(PortErrorKind::Unavailable),
            ErrorName::StorageUnavailable
        );
        assert_eq!(of(PortErrorKind::Denied), ErrorName::StorageDenied);
    }
}
