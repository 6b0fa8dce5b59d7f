//! The input job description: types, and the parser that reports every defect with line and column.

mod build;
mod defects;
mod fields;
mod guard;
mod key;
mod parse;
mod rules;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use serde::{Deserialize, Serialize};

use crate::time::FrameRate;
use crate::units::{BitsPerSecond, Bytes, Resolution};

pub use fields::{Field, Kind, Occurs, ROOT};
pub use parse::{VERSION, parse};

/// A parsed `AnimeTranscodeManifest`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// `ManifestId`: the delivery's own identity.
    pub manifest_id: String,
    /// What is delivered.
    pub episode: Episode,
    /// The mezzanine and what the delivery says of it.
    pub mezzanine: Mezzanine,
    /// One rendition each, in order. At least one.
    pub audio_tracks: Vec<AudioTrack>,
    /// Sidecar captions, in order. May be empty.
    pub subtitle_tracks: Vec<SubtitleTrack>,
    /// 0 to 10; higher goes first. 5 where not stated.
    pub priority: u8,
    /// Where to announce the end of the job, as delivered. Not called before it is checked.
    pub callback_url: Option<String>,
    /// What differs from the deployment's settings.
    pub settings: TranscodeSettings,
}

/// `Episode`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// `SeriesId`.
    pub series_id: String,
    /// `SeriesTitle`.
    pub series_title: String,
    /// `SeriesTitleJa`.
    pub series_title_ja: Option<String>,
    /// `SeasonNumber`.
    pub season_number: u32,
    /// `EpisodeNumber`.
    pub episode_number: u32,
    /// `EpisodeTitle`.
    pub episode_title: String,
    /// `EpisodeTitleJa`.
    pub episode_title_ja: Option<String>,
    /// `DurationSeconds` in milliseconds.
    pub duration_ms: Option<u64>,
    /// `ReleaseDate`, `YYYY-MM-DD`.
    pub release_date: Option<String>,
    /// `ContentRating`.
    pub rating: Option<String>,
    /// `Studio`.
    pub studio: Option<String>,
    /// `SeasonTag`, for example `FALL-2026`.
    pub season_tag: Option<String>,
    /// `Genres/Genre`.
    pub genres: Vec<String>,
    /// `IsSimulcast`.
    pub simulcast: Option<bool>,
    /// `IsDubbed`.
    pub dubbed: Option<bool>,
}

/// `Mezzanine`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mezzanine {
    /// `FilePath`: the key in the input bucket. Relative, within an allow-list of characters, no `..`.
    pub file_path: String,
    /// `ChecksumMD5`: 32 hexadecimal digits, lower case.
    pub checksum_md5: String,
    /// `ChecksumXXHash`: 16 digits (xxHash64 or XXH3-64) or 32 (XXH3-128), lower case.
    pub checksum_xxhash: Option<String>,
    /// `FileSizeBytes`.
    pub file_size: Bytes,
    /// `DurationSeconds` in milliseconds.
    pub duration_ms: Option<u64>,
    /// `VideoCodec`, as delivered.
    pub video_codec: Option<String>,
    /// `AudioCodec`, as delivered.
    pub audio_codec: Option<String>,
    /// `ResolutionWidth` and `ResolutionHeight`; both or neither.
    pub resolution: Option<Resolution>,
    /// `FrameRate`: `23.976`, `24000/1001` or `25`. Decimals of NTSC rates are read as their exact fraction.
    pub frame_rate: Option<FrameRate>,
    /// `BitrateKbps`.
    pub bitrate: Option<BitsPerSecond>,
    /// `ColorSpace`, as delivered.
    pub color_space: Option<String>,
    /// `BitDepth`.
    pub bit_depth: Option<u8>,
}

/// `AudioTracks/AudioTrack`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioTrack {
    /// `Language`: a BCP 47 tag, unique among the descriptive and among the other tracks.
    pub language: String,
    /// `Label`: what a player shows. The language where not stated.
    pub label: String,
    /// `IsDefault`: at most one; the first track where none says so.
    pub default: bool,
    /// `Channels`, as delivered.
    pub channels: Option<u32>,
    /// `TrackIndex`: position among the mezzanine's audio streams from 0. The track's own position where not stated.
    pub track_index: u32,
    /// `IsDescriptive`: an audio description, which tells what is seen.
    #[serde(default)]
    pub described: bool,
}

/// `SubtitleTracks/SubtitleTrack`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtitleTrack {
    /// `Language`: a BCP 47 tag.
    pub language: String,
    /// `Label`. The language where not stated, with ` (forced)` or ` (SDH)` where it is.
    pub label: String,
    /// `FilePath`: the key in the input bucket, under the same rules as the mezzanine's.
    pub file_path: String,
    /// `IsDefault`.
    pub default: bool,
    /// `IsForced`.
    pub forced: bool,
    /// `IsSDH`: captions for the deaf and hard of hearing: who speaks, music and sounds too.
    #[serde(default)]
    pub sdh: bool,
    /// `Format`.
    pub format: CaptionFormat,
}

/// Format of a caption file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaptionFormat {
    /// `srt`: `SubRip`.
    Srt,
    /// `vtt` or `webvtt`: WebVTT.
    Vtt,
    /// `ass` or `ssa`: Advanced `SubStation` Alpha; its text, without its styling.
    Ass,
    /// `ttml`, `dfxp` or `imsc`: Timed Text Markup Language.
    Ttml,
}

/// `TranscodeSettings`: what this job wants otherwise than the deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscodeSettings {
    /// `EnableH265`.
    pub enable_h265: Option<bool>,
    /// `EnableDASH`.
    pub enable_dash: Option<bool>,
    /// `EnableProgressive`.
    pub enable_progressive: Option<bool>,
    /// `EnableEmbeddedCaptions`.
    #[serde(default)]
    pub enable_embedded_captions: Option<bool>,
    /// `ClosedCaptionLanguage`: a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_caption_language: Option<String>,
    /// `MaxBitrateCap` in kbit/s: no rung's cap is above it.
    pub max_bitrate_cap: Option<BitsPerSecond>,
    /// `Encoder`: `lambda` or `mediaconvert`.
    pub encoder: Option<crate::encoder::EncoderKind>,
    /// `ForceReprocess`: encode again although the job is complete.
    pub force_reprocess: bool,
}

impl TranscodeSettings {
    /// Whether the mezzanine's own subtitle streams become captions too.
    #[must_use]
    pub fn takes_embedded_captions(&self) -> bool {
        self.enable_embedded_captions != Some(false)
    }
}

/// One thing that is wrong, or odd, in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// Whether it stops the job.
    pub severity: Severity,
    /// Line from 1.
    pub line: u32,
    /// Column from 1, in characters.
    pub column: u32,
    /// Path of the element, for example `AnimeTranscodeManifest/Mezzanine/ChecksumMD5`.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// What was found, shortened.
    pub found: String,
}

/// Whether a defect stops the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The job cannot be done as described.
    Error,
    /// The job goes on.
    Warning,
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(
            f,
            "{}:{}: {severity}: {}: expected {}, found {}",
            self.line, self.column, self.path, self.expected, self.found
        )
    }
}

/// What parsing gave: the manifest where there is no error, and every defect in document order.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The manifest, where no defect is an error.
    pub manifest: Option<Manifest>,
    /// All defects.
    pub defects: Vec<Defect>,
}
