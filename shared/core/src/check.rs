//! The manifest and the house's limits against what the probe found.

use crate::ladder::VideoRange;
use crate::manifest::Manifest;
use crate::probe::{Inspection, Probe};

/// Why a mezzanine is refused. Each becomes an error of its own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A codec that is not decoded here.
    Codec(Finding),
    /// A picture too small or too large.
    Resolution(Finding),
    /// Too short or too long.
    Duration(Finding),
    /// No usable frame rate.
    FrameRate(Finding),
    /// More streams than a delivery has.
    Streams(Finding),
    /// A kind of picture that is not encoded rightly yet.
    Picture(Finding),
    /// An audio track of the manifest that the file does not have.
    AudioTrack(Finding),
    /// The file is not what the manifest describes.
    Mismatch(Finding),
}

/// What was expected and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, for example `Mezzanine/DurationSeconds`.
    pub about: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: expected {}, found {}",
            self.about, self.expected, self.found
        )
    }
}

impl Refusal {
    /// The finding, whatever the kind.
    #[must_use]
    pub fn finding(&self) -> &Finding {
        match self {
            Self::Codec(f)
            | Self::Resolution(f)
            | Self::Duration(f)
            | Self::FrameRate(f)
            | Self::Streams(f)
            | Self::Picture(f)
            | Self::AudioTrack(f)
            | Self::Mismatch(f) => f,
        }
    }
}

/// Video codecs that are decoded.
pub const VIDEO_CODECS: [&str; 9] = [
    "h264",
    "hevc",
    "mpeg2video",
    "mpeg4",
    "prores",
    "dnxhd",
    "ffv1",
    "vp9",
    "mjpeg",
];
/// Audio codecs that are decoded, besides every `pcm_…`.
pub const AUDIO_CODECS: [&str; 10] = [
    "aac", "ac3", "eac3", "mp2", "mp3", "flac", "alac", "opus", "vorbis", "dts",
];
/// Pixels of a side.
pub const SIDES: std::ops::RangeInclusive<u32> = 64..=8_192;
/// Duration in microseconds: 0.2 s to 6 h.
pub const DURATION_US: std::ops::RangeInclusive<i64> = 200_000..=21_600_000_000;
/// Streams of a file.
pub const MAX_STREAMS: u32 = 64;
/// Frames per second.
pub const MAX_FRAME_RATE: u32 = 240;
/// How far a declared duration may be from the measured one, in milliseconds.
pub const DURATION_TOLERANCE_MS: u64 = 500;

/// Holds a probe against the house's limits and the manifest. Every refusal, in order of weight.
#[must_use]
pub fn check(manifest: &Manifest, inspection: &Inspection) -> Vec<Refusal> {
    let probe = &inspection.probe;
    let mut refusals = Vec::new();
    limits(probe, &mut refusals);
    audio_tracks(manifest, probe, &mut refusals);
    mismatches(manifest, probe, &mut refusals);
    refusals
}

fn finding(about: &str, expected: impl ToString, found: impl ToString) -> Finding {
    Finding {
        about: about.to_owned(),
        expected: expected.to_string(),
        found: found.to_string(),
    }
}

fn limits(probe: &Probe, refusals: &mut Vec<Refusal>) {
    let video = &probe.video;
    if !VIDEO_CODECS.contains(&video.codec.as_str()) {
        let expected = format!("one of {}", VIDEO_CODECS.join(", "));
        refusals.push(Refusal::Codec(finding(
            "video codec",
            expected,
            &video.codec,
        )));
    }
    let display = video.display();
    if !SIDES.contains(&display.width) || !SIDES.contains(&display.height) {
        let expected = format!("sides of {} to {} pixels", SIDES.start(), SIDES.end());
        refusals.push(Refusal::Resolution(finding(
            "resolution",
            expected,
            display,
        )));
    }
    if !DURATION_US.contains(&probe.duration_us) {
        let found = format!("{} ms", probe.duration_us / 1_000);
        refusals.push(Refusal::Duration(finding(
            "duration",
            "0.2 s to 6 h",
            found,
        )));
    }
    match video.average_frame_rate.or(video.base_frame_rate) {
        None => refusals.push(Refusal::FrameRate(finding(
            "frame rate",
            "a frame rate",
            "none",
        ))),
        Some(rate) if rate.exceeds(MAX_FRAME_RATE) => {
            let expected = format!("at most {MAX_FRAME_RATE} frames per second");
            refusals.push(Refusal::FrameRate(finding("frame rate", expected, rate)));
        }
        Some(_) => {}
    }
    if probe.streams > MAX_STREAMS {
        let expected = format!("at most {MAX_STREAMS} streams");
        refusals.push(Refusal::Streams(finding(
            "streams",
            expected,
            probe.streams,
        )));
    }
    if video.dynamic_range() != VideoRange::Sdr
        && let Some(matrix) = video.matrix.as_deref().filter(|m| *m != "bt2020nc")
    {
        refusals.push(Refusal::Picture(finding(
            "matrix of an HDR picture",
            "bt2020nc (BT.2020, non-constant luminance)",
            matrix,
        )));
    }
}

fn audio_tracks(manifest: &Manifest, probe: &Probe, refusals: &mut Vec<Refusal>) {
    for track in &manifest.audio_tracks {
        let about = format!("audio track {}", track.language);
        let Some(stream) = probe.audio.get(track.track_index as usize) else {
            let expected = format!("TrackIndex below {}", probe.audio.len());
            refusals.push(Refusal::AudioTrack(finding(
                &about,
                expected,
                track.track_index,
            )));
            continue;
        };
        if !stream.codec.starts_with("pcm_") && !AUDIO_CODECS.contains(&stream.codec.as_str()) {
            let expected = format!("PCM or one of {}", AUDIO_CODECS.join(", "));
            refusals.push(Refusal::Codec(finding(&about, expected, &stream.codec)));
        }
        if let Some(channels) = track.channels.filter(|c| *c != stream.channels) {
            let expected = format!("{channels} channels");
            refusals.push(Refusal::Mismatch(finding(
                &about,
                expected,
                stream.channels,
            )));
        }
    }
}

fn mismatches(manifest: &Manifest, probe: &Probe, refusals: &mut Vec<Refusal>) {
    let mezzanine = &manifest.mezzanine;
    let mut mismatch = |about: &str, expected: String, found: String| {
        refusals.push(Refusal::Mismatch(finding(about, expected, found)));
    };
    let measured_ms = u64::try_from(probe.duration_us / 1_000).unwrap_or(0);
    if let Some(ms) = mezzanine
        .duration_ms
        .filter(|ms| ms.abs_diff(measured_ms) > DURATION_TOLERANCE_MS)
    {
        let expected = format!("{ms} ms ± {DURATION_TOLERANCE_MS} ms");
        mismatch(
            "Mezzanine/DurationSeconds",
            expected,
            format!("{measured_ms} ms"),
        );
    }
    let video = &probe.video;
    if let Some(size) = mezzanine
        .resolution
        .filter(|r| *r != video.coded && *r != video.display())
    {
        mismatch(
            "Mezzanine/ResolutionWidth × ResolutionHeight",
            size.to_string(),
            video.coded.to_string(),
        );
    }
    let rate = video.average_frame_rate.or(video.base_frame_rate);
    if let (Some(declared), Some(found)) = (mezzanine.frame_rate, rate) {
        // Container rounding moves an average by less than a thousandth.
        if (declared.as_f64() / found.as_f64() - 1.0).abs() > 0.000_9 {
            mismatch(
                "Mezzanine/FrameRate",
                declared.to_string(),
                found.to_string(),
            );
        }
    }
    if let Some(depth) = mezzanine.bit_depth.filter(|d| *d != video.bit_depth) {
        mismatch(
            "Mezzanine/BitDepth",
            depth.to_string(),
            video.bit_depth.to_string(),
        );
    }
    if let Some(declared) = mezzanine
        .video_codec
        .as_deref()
        .filter(|d| !same_codec(d, &video.codec))
    {
        mismatch(
            "Mezzanine/VideoCodec",
            declared.to_owned(),
            video.codec.clone(),
        );
    }
}

/// Whether a delivery's name of a codec means what ffmpeg calls `codec`. Names that are not known pass.
fn same_codec(declared: &str, codec: &str) -> bool {
    const NAMES: [(&str, &[&str]); 7] = [
        ("h264", &["h264", "avc", "avc1", "x264"]),
        ("hevc", &["h265", "hevc", "hvc1", "x265"]),
        ("prores", &["prores", "apcn", "apch", "ap4h"]),
        ("dnxhd", &["dnxhd", "dnxhr", "vc3"]),
        ("mpeg2video", &["mpeg2", "mpeg2video"]),
        ("vp9", &["vp9"]),
        ("ffv1", &["ffv1"]),
    ];
    let plain: String = declared
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let known = NAMES
        .iter()
        .find(|(_, names)| names.iter().any(|n| plain.starts_with(n)));
    known.is_none_or(|(name, _)| *name == codec)
}
