//! The environment of the functions: every name, what it means, its default. The local stack and Terraform set exactly
//! these; a test compares.

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $name:ident = $default:expr;)+) => {
        /// One setting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(non_camel_case_types, reason = "written as in the environment")]
        pub enum Setting {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Setting {
            /// Every setting.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name in the environment.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What holds where it is not set; `None` where it must be set.
            #[must_use]
            pub fn default(self) -> Option<&'static str> {
                match self { $(Self::$name => $default,)+ }
            }

            /// What it means.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

settings! {
    /// Bucket of manifests, mezzanines and captions.
    INPUT_BUCKET = None;
    /// Bucket of working files and deliverables.
    OUTPUT_BUCKET = None;
    /// The submission table.
    SUBMISSION_TABLE = None;
    /// Topic of success, failure and duplicate messages.
    NOTIFICATION_TOPIC_ARN = None;
    /// The state machine that start-execution starts.
    STATE_MACHINE_ARN = None;
    /// Name of the encoding profile, a file of shared/core/ladders.
    PROFILE = Some("default");
    /// Also encode the H.265 rungs: true or false.
    ENABLE_H265 = Some("true");
    /// Also write the MPD: true or false.
    ENABLE_DASH = Some("true");
    /// Encode again although a job is complete: true or false.
    FORCE_REPROCESS = Some("false");
    /// Which encoder: lambda or mediaconvert. A manifest may say otherwise.
    ENCODER = Some("lambda");
    /// ARN of the role that MediaConvert takes on. Empty where the deployment has no MediaConvert.
    MEDIACONVERT_ROLE_ARN = Some("");
    /// ARN of the queue that MediaConvert's jobs go to.
    MEDIACONVERT_QUEUE_ARN = Some("");
    /// Identity of the encoder binary; part of the profile hash. `ffmpeg -version` must start with it.
    ENCODER_BUILD = None;
    /// Placeholders instead of real encodes: true or false. The right sizes, frame rate and duration for pennies; its
    /// jobs have keys of their own and encode with lambda.
    MOCK_MODE = Some("false");
    /// Workers of a job at once: the Map's concurrency, from which the planner picks the chunk length.
    MAX_CONCURRENCY = Some("40");
    /// Jobs at once in this deployment; the manifests of others wait in line, the most urgent first.
    MAX_RUNNING_JOBS = Some("20");
    /// How long the chunks of a job that failed are kept for another attempt, in seconds.
    ABANDONED_AFTER_SECONDS = Some("604800");
    /// How long an execution's hold on a job is respected, in seconds.
    LEASE_SECONDS = Some("7200");
    /// What a job may cost at most, in US dollars as estimated; empty for no cap.
    MAX_JOB_COST_USD = Some("50");
    /// The ffmpeg binary. Looked for in /opt/bin and PATH where not set.
    FFMPEG = Some("");
    /// The ffprobe binary. Looked for in /opt/bin and PATH where not set.
    FFPROBE = Some("");
    /// Log filter, as in `info,reelsmith_media=debug`.
    RUST_LOG = Some("info");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Setting::ALL.iter().map(|s| s.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Setting::ALL.len());
    }
}
