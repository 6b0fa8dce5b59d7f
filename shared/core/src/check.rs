//! Checks a probed mezzanine against the limits of this product and against its manifest.

use std::ops::RangeInclusive;

use crate::ladder::VideoRange;
use crate::manifest::Manifest;
use crate::probe::{Inspection, Probe};

/// A reason to refuse a mezzanine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: expected {expected}, found {found}")]
pub struct Refusal {
    pub kind: RefusalKind,
    /// What was checked, for example `Mezzanine/DurationSeconds`.
    pub subject: String,
    pub expected: String,
    pub found: String,
}

/// The kinds of refusals. Each becomes an error with its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    Codec,
    Resolution,
    Duration,
    FrameRate,
    Streams,
    /// A kind of picture that cannot be encoded correctly.
    Picture,
    /// The manifest names an audio track that the file does not have.
    AudioTrack,
    /// The file differs from the manifest's description.
    Mismatch,
}

/// ffmpeg's names of the video codecs that are decoded.
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
/// ffmpeg's names of the audio codecs that are decoded, in addition to every `pcm_…`.
pub const AUDIO_CODECS: [&str; 10] = [
    "aac", "ac3", "eac3", "mp2", "mp3", "flac", "alac", "opus", "vorbis", "dts",
];
/// Width and height of a picture for display, in pixels.
pub const SIDES: RangeInclusive<u32> = 64..=8_192;
/// Duration in microseconds: 0.2 s to 6 h.
pub const DURATION_US: RangeInclusive<i64> = 200_000..=21_600_000_000;
/// Most streams of a file.
pub const MAX_STREAMS: u32 = 64;
/// Highest frame rate, in frames per second.
pub const MAX_FRAME_RATE: u32 = 240;
/// Largest difference between the declared and the measured duration, in milliseconds.
pub const DURATION_TOLERANCE_MS: u64 = 500;

/// Every reason to refuse the mezzanine: first the limits, then the audio tracks, then differences from the manifest.
pub fn check(manifest: &Manifest, inspection: &Inspection) -> Vec<Refusal> {
    let probe = &inspection.probe;
    let mut refusals = Refusals::default();
    limits(probe, &mut refusals);
    audio_tracks(manifest, probe, &mut refusals);
    mismatches(manifest, probe, &mut refusals);
    refusals.0
}

#[derive(Default)]
struct Refusals(Vec<Refusal>);

impl Refusals {
    fn add(
        &mut self,
        kind: RefusalKind,
        subject: &str,
        expected: impl ToString,
        found: impl ToString,
    ) {
        self.0.push(Refusal {
            kind,
            subject: subject.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
        });
    }
}

fn limits(probe: &Probe, refusals: &mut Refusals) {
    let video = &probe.video;
    if !VIDEO_CODECS.contains(&video.codec.as_str()) {
        let expected = format!("one of {}", VIDEO_CODECS.join(", "));
        refusals.add(RefusalKind::Codec, "video codec", expected, &video.codec);
    }
    let display = video.display();
    if !SIDES.contains(&display.width) || !SIDES.contains(&display.height) {
        let expected = format!("sides of {} to {} pixels", SIDES.start(), SIDES.end());
        refusals.add(RefusalKind::Resolution, "resolution", expected, display);
    }
    if !DURATION_US.contains(&probe.duration_us) {
        let found = format!("{} ms", probe.duration_us / 1_000);
        refusals.add(RefusalKind::Duration, "duration", "0.2 s to 6 h", found);
    }
    match video.average_frame_rate.or(video.base_frame_rate) {
        None => refusals.add(RefusalKind::FrameRate, "frame rate", "a frame rate", "none"),
        Some(rate) if rate.exceeds(MAX_FRAME_RATE) => {
            let expected = format!("at most {MAX_FRAME_RATE} frames per second");
            refusals.add(RefusalKind::FrameRate, "frame rate", expected, rate);
        }
        Some(_) => {}
    }
    if probe.streams > MAX_STREAMS {
        let expected = format!("at most {MAX_STREAMS} streams");
        refusals.add(RefusalKind::Streams, "streams", expected, probe.streams);
    }
    if video.dynamic_range() != VideoRange::Sdr
        && let Some(matrix) = video.matrix.as_deref().filter(|m| *m != "bt2020nc")
    {
        refusals.add(
            RefusalKind::Picture,
            "matrix of an HDR picture",
            "bt2020nc (BT.2020, non-constant luminance)",
            matrix,
        );
    }
}

fn audio_tracks(manifest: &Manifest, probe: &Probe, refusals: &mut Refusals) {
    for track in &manifest.audio_tracks {
        let subject = format!("audio track {}", track.language);
        let Some(stream) = probe.audio.get(track.track_index as usize) else {
            let (expected, found) = match probe.audio.len() {
                0 => (
                    "no AudioTracks for a file without audio".to_owned(),
                    "one".to_owned(),
                ),
                streams => (
                    format!("TrackIndex below {streams}"),
                    track.track_index.to_string(),
                ),
            };
            refusals.add(RefusalKind::AudioTrack, &subject, expected, found);
            continue;
        };
        if !stream.codec.starts_with("pcm_") && !AUDIO_CODECS.contains(&stream.codec.as_str()) {
            let expected = format!("PCM or one of {}", AUDIO_CODECS.join(", "));
            refusals.add(RefusalKind::Codec, &subject, expected, &stream.codec);
        }
        if let Some(channels) = track.channels.filter(|c| *c != stream.channels) {
            let expected = format!("{channels} channels");
            refusals.add(RefusalKind::Mismatch, &subject, expected, stream.channels);
        }
    }
}

fn mismatches(manifest: &Manifest, probe: &Probe, refusals: &mut Refusals) {
    let (declared, video) = (&manifest.mezzanine, &probe.video);
    let mut mismatch = |field: &str, expected: &dyn ToString, found: &dyn ToString| {
        let subject = format!("Mezzanine/{field}");
        let (expected, found) = (expected.to_string(), found.to_string());
        refusals.add(RefusalKind::Mismatch, &subject, expected, found);
    };
    let measured_ms = u64::try_from(probe.duration_us / 1_000).unwrap_or(0);
    let differs = |ms: &u64| ms.abs_diff(measured_ms) > DURATION_TOLERANCE_MS;
    if let Some(ms) = declared.duration_ms.filter(differs) {
        let expected = format!("{ms} ms ± {DURATION_TOLERANCE_MS} ms");
        mismatch("DurationSeconds", &expected, &format!("{measured_ms} ms"));
    }
    let differs = |size: &_| *size != video.coded && *size != video.display();
    if let Some(size) = declared.resolution.filter(differs) {
        mismatch("ResolutionWidth × ResolutionHeight", &size, &video.coded);
    }
    let rate = video.average_frame_rate.or(video.base_frame_rate);
    if let (Some(expected), Some(found)) = (declared.frame_rate, rate) {
        // The rounding of timestamps in a container changes an average by less than a thousandth.
        if (expected.as_f64() / found.as_f64() - 1.0).abs() > 0.000_9 {
            mismatch("FrameRate", &expected, &found);
        }
    }
    if let Some(depth) = declared.bit_depth.filter(|d| *d != video.bit_depth) {
        mismatch("BitDepth", &depth, &video.bit_depth);
    }
    let differs = |name: &&str| !same_codec(name, &video.codec);
    if let Some(name) = declared.video_codec.as_deref().filter(differs) {
        mismatch("VideoCodec", &name, &video.codec);
    }
}

/// Whether a delivery's name of a codec means ffmpeg's `codec`. An unknown name passes.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(audio: &serde_json::Value) -> Vec<(RefusalKind, String)> {
        let xml = include_bytes!("../../../sample-data/manifests/good/minimal.xml");
        let manifest = crate::manifest::parse(xml).manifest.unwrap();
        let probe = serde_json::json!({
            "container": "mov", "duration_us": 1, "audio": audio, "streams": 2,
            "video": {
                "index": 0, "codec": "h264", "profile": null, "coded": {"width": 64, "height": 64}, "sar": [1, 1], "rotation": 0,
                "pixel_format": "yuv420p", "bit_depth": 8, "base_frame_rate": "25", "average_frame_rate": "25", "time_base": [1, 25],
                "field_order": "progressive", "primaries": null, "transfer": null, "matrix": null, "range": null,
            },
        });
        let mut refusals = Refusals::default();
        audio_tracks(
            &manifest,
            &serde_json::from_value(probe).unwrap(),
            &mut refusals,
        );
        let refusals = refusals.0.into_iter();
        refusals.map(|r| (r.kind, r.to_string())).collect()
    }

    #[test]
    fn an_audio_track_needs_its_stream() {
        let stream = serde_json::json!({"index": 1, "codec": "aac", "channels": 2, "sample_rate": 48_000, "language": null});
        assert_eq!(refused(&serde_json::json!([stream])), []);
        let expected =
            "audio track en: expected no AudioTracks for a file without audio, found one";
        let refusal = (RefusalKind::AudioTrack, expected.to_owned());
        assert_eq!(refused(&serde_json::json!([])), [refusal]);
    }
}
