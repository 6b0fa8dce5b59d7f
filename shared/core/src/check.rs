//! Checks a probed mezzanine against the limits of this product and against its manifest.

use std::ops::RangeInclusive;

use crate::audio_track::ChannelMap;
use crate::ladder::VideoRange;
use crate::manifest::Manifest;
use crate::probe::{AudioStream, Inspection, PacketIndex, Probe, VideoStream};
use crate::sniff::Container;
use crate::time::FrameRate;
use crate::units::Bytes;

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
    /// HDR with a matrix that cannot be encoded correctly.
    Picture,
    /// Dolby Vision without a base layer that other players show.
    DolbyVision,
    /// Pictures that are single fields.
    FieldPictures,
    /// Neither a video stream nor audio to publish.
    Pictures,
    /// Samples that cannot be decoded without a key.
    Encrypted,
    /// Fewer frames than the file or the manifest states.
    Truncated,
    /// The manifest names an audio track that the file does not have.
    AudioTrack,
    /// Channels whose places are unknown, and no channel map.
    AudioLayout,
    /// The file differs from the manifest's description.
    Mismatch,
}

/// ffmpeg's names of the video codecs that are decoded.
pub const VIDEO_CODECS: [&str; 17] = [
    "h264",
    "hevc",
    "mpeg2video",
    "mpeg4",
    "prores",
    "dnxhd",
    "ffv1",
    "vp9",
    "av1",
    "mjpeg",
    "jpeg2000",
    "v210",
    "cfhd",
    "dvvideo",
    "mpeg1video",
    "vp8",
    "h263",
];
/// ffmpeg's names of the audio codecs that are decoded, in addition to every `pcm_…`.
pub const AUDIO_CODECS: [&str; 10] = [
    "aac", "ac3", "eac3", "mp2", "mp3", "flac", "alac", "opus", "vorbis", "dts",
];
/// Whether ffmpeg's audio codec of this name is decoded.
pub fn decodes_audio(codec: &str) -> bool {
    codec.starts_with("pcm_") || AUDIO_CODECS.contains(&codec)
}
/// Width and height of a picture for display, in pixels.
pub const SIDES: RangeInclusive<u32> = 64..=8_192;
/// Duration in microseconds: a frame of 25 per second to 6 h.
pub const DURATION_US: RangeInclusive<i64> = 40_000..=21_600_000_000;
/// Bytes per second below which nothing is a video of several hours.
const LEAST_RATE: u32 = 100;
/// Most streams of a file.
pub const MAX_STREAMS: u32 = 64;
/// Highest frame rate, in frames per second.
pub const MAX_FRAME_RATE: u32 = 1_000;
/// Largest difference between two statements of one duration, in microseconds: 0.5 s or 0.5 %, whichever is more.
pub fn duration_tolerance(duration_us: i64) -> i64 {
    (duration_us / 200).max(500_000)
}

/// Every reason to refuse the mezzanine: first the limits, then the audio tracks, then differences from the manifest.
pub fn check(manifest: &Manifest, inspection: &Inspection) -> Vec<Refusal> {
    let probe = &inspection.probe;
    let mut refusals = Refusals::default();
    limits(probe, &mut refusals);
    match &probe.video {
        Some(video) => video_limits(video, &mut refusals),
        None if manifest.audio_tracks.is_empty() => refusals.add(
            RefusalKind::Pictures,
            "streams",
            "a video stream, or AudioTracks of a title without pictures",
            "neither",
        ),
        None => {}
    }
    audio_tracks(manifest, probe, &mut refusals);
    mismatches(manifest, probe, &mut refusals);
    refusals.0
}

/// Replaces a container's duration that cannot be true by that of the video, or by 0 (unknown): longer than is supported,
/// for a file of less than [`LEAST_RATE`]. Some writers leave all bits of a duration set, which is 39 hours.
pub fn believe_duration(probe: &mut Probe, size: Bytes) {
    let absurd = |us: i64| {
        let bytes = i128::from(LEAST_RATE) * i128::from(us) / 1_000_000;
        us > *DURATION_US.end() && i128::from(size.0) < bytes
    };
    let mut own = None;
    if let Some(video) = &mut probe.video {
        video.duration_us = video.duration_us.filter(|us| !absurd(*us));
        own = video.duration_us;
    }
    if absurd(probe.duration_us) {
        probe.duration_us = own.unwrap_or(0);
    }
}

/// Compares how long the frames of an index are shown with what the file and the manifest state about the video. `None` if
/// they agree, or nothing is stated that concerns the video alone.
///
/// A transport or programme stream states no duration; ffmpeg estimates one from its timestamps.
pub fn check_index(manifest: &Manifest, probe: &Probe, index: &PacketIndex) -> Option<Refusal> {
    if let Some(span) = index.audio.iter().find(|span| span.empty) {
        return Some(Refusal {
            kind: RefusalKind::AudioTrack,
            subject: format!("audio stream {}", span.stream),
            expected: "an audio stream with packets".to_owned(),
            found: "none".to_owned(),
        });
    }
    let alone = probe.audio.is_empty().then_some(probe.duration_us);
    let in_file = match probe.container {
        Container::MpegTs | Container::MpegPs => None,
        _ => match &probe.video {
            Some(video) => video.duration_us.or(alone).filter(|us| *us > 0),
            None => Some(probe.duration_us).filter(|us| *us > 0),
        },
    };
    // A delivery may also state the duration of a longer audio stream.
    let about_video = |us: &i64| match in_file.or(alone) {
        Some(known) => (us - known).abs() <= duration_tolerance(*us),
        None => false,
    };
    let declared = manifest.mezzanine.duration_ms;
    let declared = declared.and_then(|ms| i64::try_from(ms.saturating_mul(1_000)).ok());
    let found = match probe.video {
        Some(_) => index.duration_us()?,
        None => {
            let start = index.audio.iter().filter_map(|span| span.start_us).min()?;
            let end = index.audio.iter().filter_map(|span| span.end_us).max()?;
            end.saturating_sub(start)
        }
    };
    let (what, frames) = match probe.video {
        Some(_) => ("duration of the video", "frames"),
        None => ("duration of the audio", "packets"),
    };
    if probe.duration_us == 0 && !DURATION_US.contains(&found) {
        return Some(Refusal {
            kind: RefusalKind::Duration,
            subject: "duration".to_owned(),
            expected: "0.04 s to 6 h".to_owned(),
            found: format!("{} ms", found / 1_000),
        });
    }
    let shorter = |us: &i64| us - found > duration_tolerance(*us);
    let (source, expected) = [
        ("the file", in_file),
        ("the manifest", declared.filter(about_video)),
    ]
    .into_iter()
    .find_map(|(source, us)| Some((source, us.filter(shorter)?)))?;
    Some(Refusal {
        kind: RefusalKind::Truncated,
        subject: what.to_owned(),
        expected: format!("{} ms, as {source} states", expected / 1_000),
        found: format!("{frames} of {} ms", found / 1_000),
    })
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
    // An unknown duration is compared when the frames are indexed.
    if probe.duration_us != 0 && !DURATION_US.contains(&probe.duration_us) {
        let found = format!("{} ms", probe.duration_us / 1_000);
        refusals.add(RefusalKind::Duration, "duration", "0.04 s to 6 h", found);
    }
    if probe.streams > MAX_STREAMS {
        let expected = format!("at most {MAX_STREAMS} streams");
        refusals.add(RefusalKind::Streams, "streams", expected, probe.streams);
    }
}

fn video_limits(video: &VideoStream, refusals: &mut Refusals) {
    if video.encrypted {
        let found = format!("encrypted {}", video.codec);
        refusals.add(
            RefusalKind::Encrypted,
            "video stream",
            "clear samples",
            found,
        );
        // Nothing else can be known about the pictures.
        return;
    }
    if !VIDEO_CODECS.contains(&video.codec.as_str()) {
        let expected = format!("one of {}", VIDEO_CODECS.join(", "));
        refusals.add(RefusalKind::Codec, "video codec", expected, &video.codec);
    }
    let display = video.display();
    if !SIDES.contains(&display.width) || !SIDES.contains(&display.height) {
        let expected = format!("sides of {} to {} pixels", SIDES.start(), SIDES.end());
        refusals.add(RefusalKind::Resolution, "resolution", expected, display);
    }
    match video.plausible_rate().or(video.base_frame_rate) {
        None => refusals.add(RefusalKind::FrameRate, "frame rate", "a frame rate", "none"),
        Some(rate) if rate.exceeds(MAX_FRAME_RATE) => {
            let expected = format!("at most {MAX_FRAME_RATE} frames per second");
            refusals.add(RefusalKind::FrameRate, "frame rate", expected, rate);
        }
        Some(_) => {}
    }
    if video.field_pictures {
        let found = format!(
            "{} pictures of one field each, {}",
            video.codec, video.coded
        );
        refusals.add(
            RefusalKind::FieldPictures,
            "pictures",
            "whole frames",
            found,
        );
    }
    dolby_vision(video, refusals);
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

/// Dolby Vision is published as its base layer, which must be what it is said to be.
fn dolby_vision(video: &VideoStream, refusals: &mut Refusals) {
    let Some(dolby_vision) = video.dolby_vision else {
        return;
    };
    let range = video.dynamic_range();
    let (expected, found) = match dolby_vision.base_range() {
        None => (
            "a base layer that is HDR10, HLG or SDR".to_owned(),
            dolby_vision.to_string(),
        ),
        Some(base) if base != range => (
            format!("{} pictures as {dolby_vision} states", base.as_str()),
            format!(
                "{} (transfer {})",
                range.as_str(),
                video.transfer.as_deref().unwrap_or("not stated")
            ),
        ),
        Some(_) => return,
    };
    refusals.add(RefusalKind::DolbyVision, "Dolby Vision", expected, found);
}

fn audio_tracks(manifest: &Manifest, probe: &Probe, refusals: &mut Refusals) {
    for track in &manifest.audio_tracks {
        let subject = format!("audio track {}", track.label);
        let maps = [&track.channel_map, &track.surround_map];
        let mapped = maps.into_iter().flatten().flat_map(ChannelMap::channels);
        let mapped: Vec<_> = mapped.collect();
        let mut streams: Vec<u32> = mapped.iter().map(|c| c.track).collect();
        streams.dedup();
        if mapped.is_empty() {
            streams.push(track.track_index);
        }
        for index in streams {
            let Some(stream) = audio_stream(probe, index, &subject, refusals) else {
                continue;
            };
            let wanted = mapped.iter().filter(|c| c.track == index);
            if let Some(missing) = wanted.map(|c| c.channel).find(|c| *c >= stream.channels) {
                let expected = format!("channels below {} of track {index}", stream.channels);
                refusals.add(RefusalKind::AudioTrack, &subject, expected, missing);
            }
            if mapped.is_empty() && !has_known_layout(stream, probe.container) {
                let found = match &stream.layout {
                    Some(layout) => format!("{} channels ({layout})", stream.channels),
                    None => format!("{} channels without a layout", stream.channels),
                };
                let expected = "a ChannelMap, or a layout of at most 8 channels";
                refusals.add(RefusalKind::AudioLayout, &subject, expected, found);
            }
            if let Some(channels) = track.channels.filter(|c| *c != stream.channels) {
                let expected = format!("{channels} channels");
                refusals.add(RefusalKind::Mismatch, &subject, expected, stream.channels);
            }
        }
    }
}

/// The audio stream at a position, if the file has it and its codec is decoded.
fn audio_stream<'a>(
    probe: &'a Probe,
    index: u32,
    subject: &str,
    refusals: &mut Refusals,
) -> Option<&'a AudioStream> {
    let Some(stream) = probe.audio.get(index as usize) else {
        let (expected, found) = match probe.audio.len() {
            0 => (
                "no AudioTracks for a file without audio".to_owned(),
                "one".to_owned(),
            ),
            streams => (format!("TrackIndex below {streams}"), index.to_string()),
        };
        refusals.add(RefusalKind::AudioTrack, subject, expected, found);
        return None;
    };
    if !decodes_audio(&stream.codec) {
        let expected = format!("PCM or one of {}", AUDIO_CODECS.join(", "));
        refusals.add(RefusalKind::Codec, subject, expected, &stream.codec);
    }
    Some(stream)
}

/// Whether the places of a stream's channels are known. Without a stated layout, six channels are 5.1, and eight in Matroska
/// are 7.1; in other containers eight are often 5.1 and stereo, or separate channels.
fn has_known_layout(stream: &AudioStream, container: Container) -> bool {
    match (&stream.layout, stream.channels) {
        (_, 0..=2) => true,
        (Some(layout), 3..=8) => !layout.starts_with("ambisonic"),
        (None, 6) => true,
        (None, 8) => container == Container::Matroska,
        _ => false,
    }
}

fn mismatches(manifest: &Manifest, probe: &Probe, refusals: &mut Refusals) {
    let declared = &manifest.mezzanine;
    let mut mismatch = |field: &str, expected: &dyn ToString, found: &dyn ToString| {
        let subject = format!("Mezzanine/{field}");
        let (expected, found) = (expected.to_string(), found.to_string());
        refusals.add(RefusalKind::Mismatch, &subject, expected, found);
    };
    // Deliveries state the duration of the video, or that of the longest stream.
    let own = probe.video.as_ref().and_then(|video| video.duration_us);
    let stated = [Some(probe.duration_us), own];
    let micros = declared
        .duration_ms
        .and_then(|ms| i64::try_from(ms * 1_000).ok());
    let agrees = |micros: i64, stated: i64| (micros - stated).abs() <= duration_tolerance(micros);
    let differs = |micros: &i64| {
        probe.duration_us > 0 && !stated.into_iter().flatten().any(|s| agrees(*micros, s))
    };
    if let Some(micros) = micros.filter(differs) {
        let tolerance = duration_tolerance(micros) / 1_000;
        let expected = format!("{} ms ± {tolerance} ms", micros / 1_000);
        mismatch(
            "DurationSeconds",
            &expected,
            &format!("{} ms", probe.duration_us / 1_000),
        );
    }
    let Some(video) = &probe.video else {
        // A file whose video was lost must not become a title of audio alone.
        if let Some(codec) = &declared.video_codec {
            mismatch("VideoCodec", codec, &"no video stream");
        }
        if let Some(size) = declared.resolution {
            mismatch(
                "ResolutionWidth × ResolutionHeight",
                &size,
                &"no video stream",
            );
        }
        return;
    };
    let differs = |size: &_| *size != video.coded && *size != video.display();
    if let Some(size) = declared.resolution.filter(differs) {
        mismatch("ResolutionWidth × ResolutionHeight", &size, &video.coded);
    }
    // The rounding of timestamps in a container changes an average by less than a thousandth.
    let alike = |a: FrameRate, b: FrameRate| (a.as_f64() / b.as_f64() - 1.0).abs() <= 0.000_9;
    let rate = video.plausible_rate();
    if let (Some(expected), Some(found)) = (declared.frame_rate, rate) {
        // The rate of a variable source is the manifest's decision.
        let variable = video
            .base_frame_rate
            .is_some_and(|base| !alike(base, found));
        if !variable && !alike(expected, found) {
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
    use serde_json::json;

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
    fn channels_need_known_places_or_a_map() {
        let stream = |channels: u32, layout: Option<&str>| json!([{"index": 1, "codec": "pcm_s24le", "channels": channels, "layout": layout, "sample_rate": 48_000, "language": null}]);
        for (channels, layout) in [
            (1, None),
            (2, None),
            (6, None),
            (8, Some("7.1")),
            (4, Some("quad")),
        ] {
            assert_eq!(refused(&stream(channels, layout)), [], "{channels}");
        }
        for (channels, layout) in [
            (4, None),
            (8, None),
            (10, None),
            (16, Some("hexadecagonal")),
            (4, Some("ambisonic 1")),
        ] {
            let found = refused(&stream(channels, layout));
            assert_eq!(
                found[0].0,
                RefusalKind::AudioLayout,
                "{channels}: {found:?}"
            );
        }
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

    /// The refusals of a 1080p file of 60 s with `video` in place of the usual facts, for a manifest of `declared_ms`.
    fn refusals(video: serde_json::Value, declared_ms: Option<u64>) -> Vec<String> {
        let mut stream = json!({"index": 0, "codec": "hevc", "profile": null, "coded": {"width": 1920, "height": 1080},
            "sar": [1, 1], "rotation": 0, "pixel_format": "yuv420p10le", "bit_depth": 10, "base_frame_rate": "25",
            "average_frame_rate": "25", "time_base": [1, 25], "field_order": "progressive", "primaries": null,
            "transfer": null, "matrix": null, "range": null});
        let more = video.as_object().unwrap().clone();
        stream.as_object_mut().unwrap().extend(more);
        let inspection = json!({"mezzanine": {"bucket": "in", "key": "film", "version_id": null, "etag": "e",
            "size": 9_000_000}, "size": 9_000_000, "captions": [], "probe": {"container": "mov", "duration_us": 60_000_000,
            "video": stream, "audio": [], "streams": 1}});
        let xml = include_bytes!("../../../sample-data/manifests/good/minimal.xml");
        let mut manifest = crate::manifest::parse(xml).manifest.unwrap();
        manifest.mezzanine.duration_ms = declared_ms;
        manifest.audio_tracks.clear();
        let inspection = serde_json::from_value(inspection).unwrap();
        check(&manifest, &inspection)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn dolby_vision_needs_a_base_layer_that_is_what_it_claims() {
        let of = |profile, compatibility, base_layer, transfer| {
            let dolby_vision = json!({"profile": profile, "compatibility": compatibility, "base_layer": base_layer});
            refusals(
                json!({"dolby_vision": dolby_vision, "transfer": transfer}),
                None,
            )
            .join("; ")
        };
        let (pq, hlg, bt709) = (Some("smpte2084"), Some("arib-std-b67"), Some("bt709"));
        for (profile, compatibility, transfer) in [
            (8, 1, pq),
            (7, 6, pq),
            (8, 4, hlg),
            (8, 2, bt709),
            (8, 2, None),
            (9, 2, bt709),
            (10, 1, pq),
        ] {
            assert_eq!(
                of(Some(profile), compatibility, true, transfer),
                "",
                "{profile}.{compatibility}"
            );
        }
        insta::assert_snapshot!(of(Some(5), 0, true, None), @"Dolby Vision: expected a base layer that is HDR10, HLG or SDR, found Dolby Vision profile 5");
        insta::assert_snapshot!(of(Some(4), 2, true, bt709), @"Dolby Vision: expected a base layer that is HDR10, HLG or SDR, found Dolby Vision profile 4");
        insta::assert_snapshot!(of(Some(7), 6, false, pq), @"Dolby Vision: expected a base layer that is HDR10, HLG or SDR, found Dolby Vision profile 7, an enhancement layer without its base layer");
        insta::assert_snapshot!(of(None, 0, true, None), @"Dolby Vision: expected a base layer that is HDR10, HLG or SDR, found Dolby Vision of an unstated profile");
        insta::assert_snapshot!(of(Some(8), 1, true, None), @"Dolby Vision: expected PQ pictures as Dolby Vision profile 8.1 states, found SDR (transfer not stated)");
    }

    /// The refusal of an index of `seconds` of a file with these durations and that many audio streams.
    fn truncated(
        seconds: i64,
        file_us: [Option<i64>; 2],
        audio: usize,
        declared_ms: Option<u64>,
    ) -> Option<String> {
        let [video_us, all_us] = file_us;
        let stream = json!({"index": 1, "codec": "aac", "channels": 2, "sample_rate": 48_000, "language": null});
        let probe = json!({"container": "mov", "duration_us": all_us.or(video_us), "streams": 1,
            "audio": vec![stream; audio], "video": {"duration_us": video_us, "index": 0, "codec": "h264", "profile": null,
            "coded": {"width": 64, "height": 64}, "sar": [1, 1], "rotation": 0, "pixel_format": "yuv420p", "bit_depth": 8,
            "base_frame_rate": "25", "average_frame_rate": "25", "time_base": [1, 25], "field_order": "progressive",
            "primaries": null, "transfer": null, "matrix": null, "range": null}});
        let packet = |pts| crate::probe::Packet {
            pts,
            dts: None,
            key: true,
            bytes: None,
        };
        let index = PacketIndex {
            time_base: (1, 25),
            packets: (0..seconds * 25).map(packet).collect(),
            end: 0,
            gradual: false,
            unordered: false,
            tables: None,
            fragments: Vec::new(),
            described: false,
            read: crate::probe::IndexRead::Tables,
            scan: crate::probe::Scan::Progressive,
            ..PacketIndex::default()
        };
        let xml = include_bytes!("../../../sample-data/manifests/good/minimal.xml");
        let mut manifest = crate::manifest::parse(xml).manifest.unwrap();
        manifest.mezzanine.duration_ms = declared_ms;
        let probe = serde_json::from_value(probe).unwrap();
        check_index(&manifest, &probe, &index).map(|r| r.to_string())
    }

    #[test]
    fn an_absurd_duration_is_not_believed() {
        let probed = |all_us: i64, video_us: Option<i64>, size| {
            let probe = json!({"container": "mov", "duration_us": all_us, "streams": 1, "audio": [], "video": {
                "duration_us": video_us, "index": 0, "codec": "h264", "profile": null,
                "coded": {"width": 64, "height": 64}, "sar": [1, 1], "rotation": 0, "pixel_format": "yuv420p",
                "bit_depth": 8, "base_frame_rate": "25", "average_frame_rate": "25", "time_base": [1, 25],
                "field_order": "progressive", "primaries": null, "transfer": null, "matrix": null, "range": null}});
            let mut probe: Probe = serde_json::from_value(probe).unwrap();
            believe_duration(&mut probe, Bytes(size));
            (probe.duration_us, probe.video.unwrap().duration_us)
        };
        let absurd = 143_165_643_000;
        assert_eq!(
            probed(absurd, Some(1_001_000), 106_093),
            (1_001_000, Some(1_001_000))
        );
        assert_eq!(probed(absurd, Some(absurd), 106_093), (0, None));
        assert_eq!(
            probed(absurd, None, 40 << 30),
            (absurd, None),
            "a real file of 39 hours"
        );
        assert_eq!(probed(60_000_000, None, 100), (60_000_000, None));
    }

    #[test]
    fn an_index_that_is_shorter_than_the_video_is_truncated() {
        const SECOND: i64 = 1_000_000;
        let full = [Some(1_331 * SECOND), None];
        insta::assert_snapshot!(truncated(1, full, 1, None).unwrap(), @"duration of the video: expected 1331000 ms, as the file states, found frames of 1000 ms");
        assert_eq!(truncated(1_326, full, 1, None), None, "less than 0.5 %");
        assert!(truncated(1_324, full, 1, None).is_some());
        let longer_audio = [None, Some(13 * SECOND)];
        assert_eq!(truncated(8, longer_audio, 1, None), None);
        assert_eq!(
            truncated(8, [Some(8 * SECOND), Some(13 * SECOND)], 1, Some(13_000)),
            None
        );
        assert!(
            truncated(8, longer_audio, 0, None).is_some(),
            "no audio could be longer"
        );
        assert_eq!(truncated(8, [Some(8 * SECOND), None], 1, Some(8_400)), None);
    }

    #[test]
    fn an_audio_stream_without_packets_is_refused_and_audio_alone_must_be_complete() {
        let xml = include_bytes!("../../../sample-data/manifests/good/minimal.xml");
        let mut manifest = crate::manifest::parse(xml).manifest.unwrap();
        let probe =
            json!({"container": "mov", "duration_us": 60_000_000, "streams": 1, "audio": []});
        let probe: Probe = serde_json::from_value(probe).unwrap();
        let heard = |end_us: Option<i64>| PacketIndex {
            audio: vec![crate::tail::AudioSpan {
                stream: 0,
                start_us: Some(0),
                end_us,
                empty: end_us.is_none(),
            }],
            ..PacketIndex::default()
        };
        let found = |index| check_index(&manifest, &probe, &index).map(|r| r.to_string());
        assert_eq!(found(heard(Some(59_600_000))), None);
        insta::assert_snapshot!(found(heard(Some(30_000_000))).unwrap(), @"duration of the audio: expected 60000 ms, as the file states, found packets of 30000 ms");
        insta::assert_snapshot!(found(heard(None)).unwrap(), @"audio stream 0: expected an audio stream with packets, found none");

        let mut refusals = Refusals::default();
        manifest.mezzanine.video_codec = Some("h264".into());
        mismatches(&manifest, &probe, &mut refusals);
        insta::assert_snapshot!(refusals.0[0], @"Mezzanine/VideoCodec: expected h264, found no video stream");
    }

    #[test]
    fn encryption_and_field_pictures_are_named() {
        insta::assert_snapshot!(refusals(json!({"encrypted": true, "codec": "encv"}), None).join("; "), @"video stream: expected clear samples, found encrypted encv");
        insta::assert_snapshot!(refusals(json!({"field_pictures": true, "coded": {"width": 640, "height": 180}}), None).join("; "), @"pictures: expected whole frames, found hevc pictures of one field each, 640x180");
    }

    #[test]
    fn a_declared_duration_may_be_that_of_the_video_or_of_the_file() {
        let video = || json!({"duration_us": 50_000_000});
        for declared_ms in [50_000, 50_500, 60_000, 59_500] {
            assert_eq!(refusals(video(), Some(declared_ms)), [""; 0]);
        }
        assert_eq!(
            refusals(video(), Some(55_000)),
            ["Mezzanine/DurationSeconds: expected 55000 ms ± 500 ms, found 60000 ms"]
        );
    }
}
