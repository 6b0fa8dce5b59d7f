//! The settings of a job, as far as reelsmith sets them. The names are those of the service's API.

use std::collections::HashMap;

use reelsmith_core::timecode::Timecode;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobSettings {
    pub(crate) inputs: [Input; 1],
    pub(crate) output_groups: [OutputGroup; 1],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    pub(crate) file_input: S3Url,
    #[serde(default)]
    pub(crate) audio_selectors: HashMap<String, AudioSelector>,
    /// At most one.
    #[serde(default)]
    pub(crate) input_clippings: Vec<InputClipping>,
}

/// A part of the input. Both timecodes count from zero, and the frame of the end is included.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InputClipping {
    pub(crate) start_timecode: Timecode,
    pub(crate) end_timecode: Timecode,
}

#[derive(Deserialize)]
pub(crate) struct AudioSelector {
    /// Audio track of the input, from 1.
    pub(crate) tracks: [u32; 1],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutputGroup {
    output_group_settings: OutputGroupSettings,
    pub(crate) outputs: Vec<Output>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutputGroupSettings {
    cmaf_group_settings: CmafSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CmafSettings {
    pub(crate) destination: S3Url,
    /// In seconds.
    pub(crate) segment_length: u64,
    pub(crate) write_dash_manifest: String,
}

/// `s3://bucket/key`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct S3Url {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// An output has either a video description or one audio description.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pub(crate) name_modifier: String,
    pub(crate) video_description: Option<VideoDescription>,
    #[serde(default)]
    pub(crate) audio_descriptions: Vec<AudioDescription>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VideoDescription {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) codec_settings: VideoCodecSettings,
}

#[derive(Deserialize)]
pub(crate) struct VideoCodecSettings {
    #[serde(rename = "h264Settings")]
    pub(crate) h264: Option<H26xSettings>,
    #[serde(rename = "h265Settings")]
    pub(crate) h265: Option<H26xSettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct H26xSettings {
    pub(crate) framerate_numerator: u32,
    pub(crate) framerate_denominator: u32,
    /// In frames.
    pub(crate) gop_size: f64,
    pub(crate) qvbr_settings: QvbrSettings,
    pub(crate) max_bitrate: u64,
    pub(crate) hrd_buffer_size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QvbrSettings {
    pub(crate) qvbr_quality_level: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AudioDescription {
    pub(crate) audio_source_name: String,
    pub(crate) custom_language_code: String,
    pub(crate) codec_settings: AudioCodecSettings,
    pub(crate) audio_normalization_settings: LoudnessSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AudioCodecSettings {
    pub(crate) aac_settings: AacSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AacSettings {
    pub(crate) bitrate: u64,
    pub(crate) sample_rate: u64,
    pub(crate) coding_mode: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoudnessSettings {
    pub(crate) target_lkfs: f64,
    pub(crate) true_peak_limiter_threshold: f64,
}

impl JobSettings {
    pub(crate) fn cmaf(&self) -> &CmafSettings {
        let [group] = &self.output_groups;
        &group.output_group_settings.cmaf_group_settings
    }
}

impl TryFrom<String> for S3Url {
    type Error = String;

    fn try_from(url: String) -> Result<Self, String> {
        let parts = url.strip_prefix("s3://").and_then(|p| p.split_once('/'));
        let (bucket, key) = parts.ok_or(format!("expected s3://bucket/key, found {url}"))?;
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }
}
