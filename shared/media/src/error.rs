//! What can go wrong with media, and the stable name each failure leaves a function under.

use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::ports::{PortError, PortErrorKind};

use crate::command::Command;

/// A failure of probing, indexing, encoding or converting.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// ffmpeg or ffprobe is not installed.
    #[error("expected the program {tool}, found none at {looked}")]
    ToolMissing {
        /// Which.
        tool: &'static str,
        /// Where it was looked for.
        looked: String,
    },
    /// The encoder is another build than the job was planned for.
    #[error("expected the encoder build {expected:?}, found {found:?}")]
    Build {
        /// Build of the plan.
        expected: String,
        /// Build that is installed.
        found: String,
    },
    /// A program could not be started.
    #[error("expected {command} to start, found {detail}")]
    Start {
        /// What was to run.
        command: Box<Command>,
        /// What the system said.
        detail: String,
    },
    /// A program ended with an error.
    #[error("expected {command} to succeed, found {status}: {stderr}")]
    Failed {
        /// What ran.
        command: Box<Command>,
        /// Exit status or signal.
        status: String,
        /// The end of what it said.
        stderr: String,
    },
    /// A program made no progress and was ended.
    #[error("expected {command} to make progress, found none for {seconds} s: {stderr}")]
    Stalled {
        /// What ran.
        command: Box<Command>,
        /// Patience.
        seconds: u64,
        /// The end of what it said.
        stderr: String,
    },
    /// A program did not end within its time and was ended.
    #[error("expected {command} to end within {seconds} s, found it still running: {stderr}")]
    TimedOut {
        /// What ran.
        command: Box<Command>,
        /// Wall-clock limit.
        seconds: u64,
        /// The end of what it said.
        stderr: String,
    },
    /// A program said more than any file can need.
    #[error("expected {command} to say at most {limit}, found more")]
    TooMuchOutput {
        /// What ran.
        command: Box<Command>,
        /// The limit that was passed.
        limit: String,
    },
    /// The container cannot be read.
    #[error("expected a readable file, found {detail}")]
    Unreadable {
        /// What the demuxer said.
        detail: String,
    },
    /// There is no video stream besides cover art.
    #[error("expected a video stream, found {streams} streams and no video")]
    NoVideo {
        /// Number of all streams.
        streams: u32,
    },
    /// More streams than a delivery has.
    #[error("expected at most {limit} streams, found {found}")]
    TooManyStreams {
        /// Number of streams.
        found: u32,
        /// The limit.
        limit: u32,
    },
    /// Packets without the timestamps that an exact plan needs.
    #[error("expected a timestamp on every video packet, found {detail}")]
    Unindexable {
        /// Which packet, and what it has.
        detail: String,
    },
    /// The encoder made another number of frames or samples than planned.
    #[error("expected {expected} {unit} of {rendition}, found {found}")]
    FrameCount {
        /// Folder of the rendition.
        rendition: String,
        /// `frames` or `samples`.
        unit: &'static str,
        /// As planned.
        expected: u64,
        /// As made.
        found: u64,
    },
    /// A frame is not where the plan has it.
    #[error("expected {what} of {rendition} at tick {expected}, found {found}")]
    Timing {
        /// Folder of the rendition.
        rendition: String,
        /// Which time, for example `frame 96`.
        what: String,
        /// As planned.
        expected: i64,
        /// As made.
        found: i64,
    },
    /// The encoder's file is not what it should be.
    #[error("expected {expected} in the encoder's output for {rendition}, found {found}")]
    Output {
        /// Folder of the rendition.
        rendition: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The pinned version is not there any more.
    #[error("expected the version that was validated, found {detail}")]
    SourceChanged {
        /// What the store said.
        detail: String,
    },
    /// The store did not answer, for another reason than a change.
    #[error("expected the store to serve the source, found {0}")]
    Source(PortError),
    /// A task read more of its source than it was allowed to.
    #[error("expected to read at most {budget} bytes of the source, found more were asked for")]
    ReadBudget {
        /// The allowance.
        budget: u64,
    },
    /// A caption file is malformed.
    #[error("{}expected {expected}, found {found}", at_line(*line))]
    Captions {
        /// Line from 1; 0 where it is about the whole file.
        line: u32,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A plan that does not hold together.
    #[error("expected {expected} in the plan, found {found}")]
    Plan {
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The local file system or network refused.
    #[error("expected {what} to work, found {detail}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        detail: String,
    },
}

/// `line 7: `, or nothing where a finding is about a whole file.
fn at_line(line: u32) -> String {
    if line > 0 {
        format!("line {line}: ")
    } else {
        String::new()
    }
}

impl MediaError {
    /// A refusal of the local file system or network: what was tried, for example `making a temporary folder`.
    pub fn io(what: impl Into<String>, error: &std::io::Error) -> Self {
        Self::Io {
            what: what.into(),
            detail: error.to_string(),
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

    /// The error of a port, where a source could not be read.
    #[must_use]
    pub fn source(error: PortError) -> Self {
        if error.kind == PortErrorKind::Changed {
            Self::SourceChanged {
                detail: error.detail,
            }
        } else {
            Self::Source(error)
        }
    }

    /// The name this error leaves a function under.
    #[must_use]
    pub fn name(&self) -> ErrorName {
        match self {
            Self::ToolMissing { .. } => ErrorName::ConfigurationInvalid,
            Self::Build { .. } => ErrorName::EncoderBuildMismatch,
            Self::Start { .. }
            | Self::Failed { .. }
            | Self::TooMuchOutput { .. }
            | Self::Output { .. }
            | Self::ReadBudget { .. }
            | Self::Io { .. } => ErrorName::EncoderFailed,
            Self::Stalled { .. } | Self::TimedOut { .. } => ErrorName::EncoderStalled,
            Self::Unreadable { .. } => ErrorName::MezzanineUnreadable,
            Self::NoVideo { .. } => ErrorName::VideoStreamMissing,
            Self::TooManyStreams { .. } => ErrorName::StreamLimitExceeded,
            Self::Unindexable { .. } | Self::Plan { .. } => ErrorName::PlanImpossible,
            Self::FrameCount { .. } | Self::Timing { .. } => ErrorName::FrameCountMismatch,
            Self::SourceChanged { .. } => ErrorName::MezzanineChanged,
            Self::Source(error) => Failure::storage(error, "").name,
            Self::Captions { .. } => ErrorName::CaptionInvalid,
        }
    }

    /// What to do about it.
    fn remedy(&self) -> &'static str {
        match self {
            Self::ToolMissing { .. } => {
                "install ffmpeg, or name both programs in the function's settings"
            }
            Self::Build { .. } => {
                "plan the job again with the installed build, or deploy the build it was planned for"
            }
            Self::Unreadable { .. } => {
                "play the file from start to end; deliver it again if it does not play"
            }
            Self::NoVideo { .. } => "deliver a file with a video stream",
            Self::TooManyStreams { .. } => "deliver the programme alone, without unused streams",
            Self::Unindexable { .. } => {
                "remux the file so that every packet has a timestamp: ffmpeg -fflags +genpts -i FILE -c copy OUT.mkv"
            }
            Self::SourceChanged { .. } => {
                "deliver again under a new key and do not replace files while a job runs"
            }
            Self::Captions { .. } => "correct the caption file and deliver it again",
            Self::FrameCount { .. } | Self::Timing { .. } => {
                "nothing at first: it is tried again; if it recurs, the mezzanine is damaged near that time"
            }
            Self::ReadBudget { .. } => {
                "deliver a file with its index at the start and its streams interleaved, or raise the allowance"
            }
            Self::Plan { .. } => {
                "start the job again; if it recurs, report it with the execution's history"
            }
            Self::Start { .. }
            | Self::Failed { .. }
            | Self::Stalled { .. }
            | Self::TimedOut { .. }
            | Self::TooMuchOutput { .. } => {
                "run that command on a machine of your own; if it succeeds there, start the job again"
            }
            _ => "start the job again; if it recurs, play the mezzanine near that place",
        }
    }

    /// What was found, with the command that shows it again.
    fn found(&self, source: &str) -> String {
        let with = |command: &Command, found: String| {
            format!("{found}; to see it again: {}", command.reproducing(source))
        };
        match self {
            Self::Start { command, detail } => with(command, detail.clone()),
            Self::Failed {
                command,
                status,
                stderr,
            } => with(command, format!("{status}: {stderr}")),
            Self::Stalled {
                command,
                seconds,
                stderr,
            } => with(command, format!("none for {seconds} s: {stderr}")),
            Self::TimedOut {
                command,
                seconds,
                stderr,
            } => with(
                command,
                format!("it still runs after {seconds} s: {stderr}"),
            ),
            Self::TooMuchOutput { command, limit } => with(command, format!("more than {limit}")),
            other => {
                let text = other.to_string();
                let found = text.split_once(", found ").map(|(_, f)| f.to_owned());
                found.unwrap_or(text)
            }
        }
    }

    fn expected(&self) -> String {
        match self {
            Self::Start { .. } => "the encoder to start".to_owned(),
            Self::Failed { .. } => "the encoder to succeed".to_owned(),
            Self::Stalled { .. } => "the encoder to make progress".to_owned(),
            Self::TimedOut { .. } => "the encoder to end in time".to_owned(),
            Self::TooMuchOutput { .. } => "an output of sensible size".to_owned(),
            other => {
                let text = other.to_string();
                let head = text
                    .split_once(", found ")
                    .map_or(text.as_str(), |(h, _)| h);
                head.replacen("expected ", "", 1)
            }
        }
    }

    /// This error as it leaves a function: `source` names what was read, for example `s3://bucket/film.mov`.
    #[must_use]
    pub fn into_failure(self, source: &str) -> Failure {
        self.failure(source, source)
    }

    /// As [`MediaError::into_failure`], where it is about one part of what was read, for example `chunk 12, group 0`.
    #[must_use]
    pub fn into_failure_of(self, source: &str, part: &str) -> Failure {
        self.failure(source, &format!("{source}, {part}"))
    }

    fn failure(self, source: &str, location: &str) -> Failure {
        if let Self::Source(error) = &self {
            return Failure::storage(error, location);
        }
        let found = self.found(source);
        Failure::new(self.name(), self.expected(), found, location, self.remedy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_encode_carries_the_command_that_shows_it_again() {
        let args = ["-i", "http://127.0.0.1:1/x/m", "out.mp4"].map(str::to_owned);
        let error = MediaError::Failed {
            command: Box::new(Command::new("/usr/bin/ffmpeg", args.to_vec())),
            status: "exit status 1".into(),
            stderr: "moov atom not found".into(),
        };
        let failure = error.into_failure_of("s3://in/film.mov", "chunk 12");
        assert_eq!(failure.name, ErrorName::EncoderFailed);
        insta::assert_snapshot!(failure, @"expected the encoder to succeed; found exit status 1: moov atom not found; to see it again: aws s3 cp s3://in/film.mov film.mov && ffmpeg -i film.mov out.mp4; at s3://in/film.mov, chunk 12; to do: run that command on a machine of your own; if it succeeds there, start the job again");
    }

    #[test]
    fn missing_frames_say_how_many() {
        let error = MediaError::FrameCount {
            rendition: "video/h264_720p".into(),
            unit: "frames",
            expected: 192,
            found: 0,
        };
        let failure = error.into_failure("s3://in/film.mov");
        assert_eq!(failure.name, ErrorName::FrameCountMismatch);
        insta::assert_snapshot!(failure, @"expected 192 frames of video/h264_720p; found 0; at s3://in/film.mov; to do: nothing at first: it is tried again; if it recurs, the mezzanine is damaged near that time");
    }

    #[test]
    fn the_line_of_a_caption_stays_in_the_failure() {
        let error = MediaError::Captions {
            line: 7,
            expected: "a time as 00:00:00,000".into(),
            found: "\"soon\"".into(),
        };
        insta::assert_snapshot!(error.into_failure("s3://in/en.srt"), @r#"expected line 7: a time as 00:00:00,000; found "soon"; at s3://in/en.srt; to do: correct the caption file and deliver it again"#);
    }

    #[test]
    fn a_replaced_mezzanine_is_told_from_a_store_that_does_not_answer() {
        let of = |kind| MediaError::source(PortError::new(kind, "x")).name();
        assert_eq!(of(PortErrorKind::Changed), ErrorName::MezzanineChanged);
        assert_eq!(
            of(PortErrorKind::Unavailable),
            ErrorName::StorageUnavailable
        );
        assert_eq!(of(PortErrorKind::Denied), ErrorName::StorageDenied);
    }
}
