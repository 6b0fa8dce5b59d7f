//! The properties of a media file on disk, from ffprobe.

use std::path::Path;
use std::process::{Command, Stdio};

use reelsmith_core::audio_track::AudioRole;
use reelsmith_media::Tools;
use serde::Deserialize;

use crate::error::{CliError, ResultExt};

/// The properties that a manifest states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Duration in decimal seconds, as ffprobe writes it.
    pub duration: Option<String>,
    /// Overall bit rate in kbit/s.
    pub bitrate_kbps: Option<u64>,
    pub video: VideoFacts,
    /// Every audio stream, in order; may be empty.
    pub audio: Vec<AudioFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoFacts {
    /// ffmpeg's name of the codec.
    pub codec: String,
    pub width: u32,
    pub height: u32,
    /// Frame rate as a fraction, `24000/1001`.
    pub frame_rate: String,
    /// Bits per component.
    pub bit_depth: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioFacts {
    /// ffmpeg's name of the codec.
    pub codec: String,
    pub channels: u32,
    /// Whether the file states the places of the channels, or its kind implies them.
    pub placed: bool,
    pub role: AudioRole,
    /// The language tag of the stream.
    pub language: Option<String>,
    /// The title of the stream.
    pub title: Option<String>,
}

#[derive(Deserialize)]
struct ProbeOutput {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Deserialize, Default)]
struct Format {
    #[serde(default)]
    format_name: String,
    duration: Option<String>,
    bit_rate: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: Option<String>,
    codec_name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    pix_fmt: Option<String>,
    bits_per_raw_sample: Option<String>,
    r_frame_rate: Option<String>,
    avg_frame_rate: Option<String>,
    channels: Option<u32>,
    channel_layout: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    tags: Tags,
}

#[derive(Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
    #[serde(default)]
    comment: u8,
    #[serde(default)]
    visual_impaired: u8,
}

#[derive(Deserialize, Default)]
struct Tags {
    language: Option<String>,
    title: Option<String>,
    handler_name: Option<String>,
}

impl Facts {
    pub fn probe(tools: &Tools, file: &Path) -> Result<Self, CliError> {
        let failed = |why: String| {
            CliError::new(
                format!("probe {}", file.display()),
                why,
                "give a file with one video stream that ffmpeg can decode",
            )
        };
        let output = Command::new(&tools.ffprobe)
            .args("-v error -print_format json -show_format -show_streams -i".split(' '))
            .arg(absolute(file)?)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| failed(format!("{}: {e}", tools.ffprobe.display())))?;
        if !output.status.success() {
            return Err(failed(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            ));
        }
        let output: ProbeOutput =
            serde_json::from_slice(&output.stdout).map_err(|e| failed(e.to_string()))?;
        output.facts().map_err(failed)
    }
}

/// An absolute path cannot be mistaken for an option or a protocol.
fn absolute(file: &Path) -> Result<std::path::PathBuf, CliError> {
    std::path::absolute(file).on_file("find", file)
}

impl ProbeOutput {
    fn facts(self) -> Result<Facts, String> {
        let of = |kind: &str, s: &Stream| s.codec_type.as_deref() == Some(kind);
        let picture = |s: &&Stream| of("video", s) && s.disposition.attached_pic == 0;
        let video = self.streams.iter().find(picture);
        let video = video
            .ok_or("expected a video stream, found none")?
            .video()?;
        let audio = self.streams.iter().filter(|s| of("audio", s));
        let matroska = self.format.format_name.contains("matroska");
        let audio = audio.map(|s| s.audio(matroska)).collect();
        let bit_rate = self.format.bit_rate.and_then(|b| b.parse::<u64>().ok());
        Ok(Facts {
            duration: self.format.duration,
            bitrate_kbps: bit_rate.map(|b| b / 1000).filter(|k| *k > 0),
            video,
            audio,
        })
    }
}

impl Stream {
    fn video(&self) -> Result<VideoFacts, String> {
        let size = self.width.zip(self.height);
        let (width, height) = size.ok_or("expected a picture size, found none")?;
        let known = |rate: &&String| !rate.starts_with("0/") && !rate.ends_with("/0");
        let rates = [&self.avg_frame_rate, &self.r_frame_rate];
        let rate = rates.into_iter().flatten().find(known);
        Ok(VideoFacts {
            codec: self.codec_name.clone().unwrap_or_default(),
            width,
            height,
            frame_rate: rate.cloned().ok_or("expected a frame rate, found none")?,
            bit_depth: self.bit_depth(),
        })
    }

    fn bit_depth(&self) -> u8 {
        let stated = self.bits_per_raw_sample.as_deref();
        let stated = stated.and_then(|b| b.parse().ok()).filter(|b| *b > 0);
        let format = self.pix_fmt.as_deref().unwrap_or_default();
        let deep = |b: &u8| format.contains(&format!("p{b}"));
        stated
            .or_else(|| [10, 12, 14, 16].into_iter().find(deep))
            .unwrap_or(8)
    }

    /// What the file marks the stream as, otherwise what its title says.
    fn role(&self) -> AudioRole {
        let title = self.tags.title.as_deref().unwrap_or_default();
        let title = title.to_lowercase();
        if self.disposition.visual_impaired != 0 || title.contains("audio description") {
            AudioRole::Description
        } else if self.disposition.comment != 0 || title.contains("commentary") {
            AudioRole::Commentary
        } else {
            AudioRole::Main
        }
    }

    /// Eight channels in Matroska without a layout are 7.1; in other containers they may be separate.
    fn audio(&self, matroska: bool) -> AudioFacts {
        let title = self.tags.title.clone();
        // Muxers write generic names here, such as "SoundHandler".
        let named = self
            .tags
            .handler_name
            .clone()
            .filter(|h| !h.contains("Handler"));
        AudioFacts {
            codec: self.codec_name.clone().unwrap_or_default(),
            channels: self.channels.unwrap_or(0),
            placed: self.channel_layout.is_some() || matroska,
            role: self.role(),
            language: self.tags.language.clone().filter(|l| l != "und"),
            title: title.or(named),
        }
    }
}
