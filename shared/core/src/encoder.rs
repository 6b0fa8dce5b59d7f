//! Which encoder runs a job.

use serde::{Deserialize, Serialize};
use strum::EnumString;

/// The encoder of a job, as the manifest and the deployment's settings name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum EncoderKind {
    /// ffmpeg in Lambda functions, one chunk per invocation.
    #[default]
    Lambda,
    /// AWS Elemental MediaConvert.
    MediaConvert,
}
