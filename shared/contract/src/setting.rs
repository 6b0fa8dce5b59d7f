//! The settings of the functions: every name in their environment, its meaning and its default. Tests compare the local
//! stack and Terraform with this list.

use strum::{EnumMessage as _, VariantArray as _};

/// A setting, named as in the environment.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    strum::EnumMessage,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[expect(non_camel_case_types, reason = "written as in the environment")]
pub enum Setting {
    /// Bucket of manifests, mezzanines and captions.
    INPUT_BUCKET,
    /// Bucket of working files and deliverables.
    OUTPUT_BUCKET,
    /// Name of the submission table.
    SUBMISSION_TABLE,
    /// ARN of the topic of success, failure and duplicate messages.
    NOTIFICATION_TOPIC_ARN,
    /// ARN of the state machine that start-execution starts.
    STATE_MACHINE_ARN,
    /// Name of the encoding profile, a file of shared/core/ladders.
    PROFILE,
    /// The share of pictures that are compared in full with the mezzanine: 10 to 100 percent, or all; empty for the profile's.
    QUALITY_SAMPLING,
    /// Whether the H.265 rungs are encoded too: true or false.
    ENABLE_H265,
    /// Whether an MPD is written too: true or false.
    ENABLE_DASH,
    /// Whether a complete job is encoded again: true or false.
    FORCE_REPROCESS,
    /// The encoder of manifests that do not name one: lambda or mediaconvert.
    ENCODER,
    /// ARN of the role that MediaConvert assumes; empty if the deployment does not use MediaConvert.
    MEDIACONVERT_ROLE_ARN,
    /// ARN of the MediaConvert queue; empty if the deployment does not use MediaConvert.
    MEDIACONVERT_QUEUE_ARN,
    /// Identity of the ffmpeg build, part of the profile hash, for example `ffmpeg n8.1.2 + 7.0.2-static`.
    ENCODER_BUILD,
    /// Whether placeholders of the right size, frame rate and duration are encoded, for pennies: true or false.
    MOCK_MODE,
    /// How many workers a job uses at once: the concurrency of the Maps, from which the planner picks the chunk length.
    MAX_CONCURRENCY,
    /// How many jobs run at once; the manifests of others wait in line, the most urgent first.
    MAX_RUNNING_JOBS,
    /// How long one invocation reads the mezzanine for its checksums before the next one continues, in seconds.
    PASS_SECONDS,
    /// How long the chunks of a failed job are kept for another attempt, in seconds.
    ABANDONED_AFTER_SECONDS,
    /// How long an execution's hold on a job is respected, in seconds.
    LEASE_SECONDS,
    /// The highest estimated cost of a job, in US dollars; empty for no limit.
    MAX_JOB_COST_USD,
    /// Path of ffmpeg; if empty, that of the media layer.
    FFMPEG,
    /// Path of ffprobe; if empty, that of the media layer.
    FFPROBE,
    /// Log filter, for example `info,reelsmith_media=debug`.
    RUST_LOG,
}

impl Setting {
    /// Every setting.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name in the environment.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What the setting means, in one sentence.
    pub fn meaning(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }

    /// The value if none is set; `None` if the setting is required.
    pub fn default(self) -> Option<&'static str> {
        Some(match self {
            Self::PROFILE => "default",
            Self::QUALITY_SAMPLING => "",
            Self::ENABLE_H265 => "true",
            Self::ENABLE_DASH => "true",
            Self::FORCE_REPROCESS => "false",
            Self::ENCODER => "lambda",
            Self::MEDIACONVERT_ROLE_ARN => "",
            Self::MEDIACONVERT_QUEUE_ARN => "",
            Self::MOCK_MODE => "false",
            Self::MAX_CONCURRENCY => "40",
            Self::MAX_RUNNING_JOBS => "20",
            Self::PASS_SECONDS => "780",
            Self::ABANDONED_AFTER_SECONDS => "604800",
            Self::LEASE_SECONDS => "7200",
            Self::MAX_JOB_COST_USD => "50",
            Self::FFMPEG => "",
            Self::FFPROBE => "",
            Self::RUST_LOG => "info",
            Self::INPUT_BUCKET
            | Self::OUTPUT_BUCKET
            | Self::SUBMISSION_TABLE
            | Self::NOTIFICATION_TOPIC_ARN
            | Self::STATE_MACHINE_ARN
            | Self::ENCODER_BUILD => return None,
        })
    }
}
