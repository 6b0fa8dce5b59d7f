use reelsmith_core::audio_track::AudioRole;
use reelsmith_core::keys::{Generation, segment_name, text_segment_name};
use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::manifest::CaptionFormat;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::plan::{AudioRendition, FrameMapping, Plan, TextRendition, VideoRendition};
use reelsmith_core::probe::Seconds;
use reelsmith_core::record::{
    ByteRange, ImageFile, ImagesRecord, KeyFrame, RungOutput, SegmentRecord,
};
use reelsmith_core::time::{FrameCount, FrameRate, Ticks, Timescale};
use reelsmith_core::units::{Bytes, Resolution};

use super::*;
use crate::model::{Audio, Packaged, PackagedTrack, Video};

const FRAMES: u64 = 250;
const SEGMENT: u64 = 96;

fn rate() -> FrameRate {
    "24000/1001".parse().unwrap()
}

/// A little more than ten seconds at 23.976: segments of 96, 96 and 58 frames.
fn package() -> Package {
    let options = OutputOptions {
        h265: true,
        dash: true,
        progressive: false,
        max_bitrate: None,
        mock: false,
    };
    let source = Resolution {
        width: 1280,
        height: 720,
    };
    let rungs = Profile::named("default")
        .unwrap()
        .resolve(source, rate(), &options);
    let planned: Vec<_> = rungs
        .into_iter()
        .map(|rung| VideoRendition {
            path: rung.path(),
            rung,
        })
        .collect();
    let mut audio =
        [("ja", "Japanese", true), ("en", "English \"Dub\"", false)].map(audio_rendition);
    (audio[1].track, audio[1].stream) = (1, 2);
    let text = text_rendition();
    Package {
        plan: plan(&planned, &audio, &text),
        video: planned.into_iter().map(video).collect(),
        audio: audio.into_iter().map(audio_track).collect(),
        text: vec![Packaged {
            track: text_track(&text),
            planned: text,
        }],
        images: Some(images()),
    }
}

fn plan(video: &[VideoRendition], audio: &[AudioRendition], text: &TextRendition) -> Plan {
    Plan {
        job_key: "ab".repeat(32).parse().unwrap(),
        generation: Generation::FIRST,
        frame_rate: rate(),
        timescale: rate().timescale(),
        total_frames: FrameCount(FRAMES),
        clip: None,
        mapping: FrameMapping::Every,
        cutting: reelsmith_core::plan::Cutting::Seek,
        index: reelsmith_core::probe::IndexRead::Tables,
        scan: reelsmith_core::probe::Scan::Progressive,
        described: false,
        video_start: Seconds {
            ticks: Ticks(0),
            timescale: Timescale(1),
        },
        segment_frames: FrameCount(SEGMENT),
        gop_frames: FrameCount(SEGMENT / 2),
        chunks: vec![],
        groups: vec![],
        video: video.to_vec(),
        audio: audio.to_vec(),
        text: vec![text.clone()],
        left_out: vec![],
        warnings: vec![],
    }
}

fn audio_rendition((language, label, default): (&str, &str, bool)) -> AudioRendition {
    AudioRendition {
        path: format!("audio/{language}"),
        track: 0,
        stream: 1,
        map: Vec::new(),
        language: language.into(),
        label: label.into(),
        default,
        sample_rate: 48_000,
        samples: rate().samples_in(FrameCount(FRAMES), 48_000),
        channels: 2,
        role: AudioRole::Main,
    }
}

fn text_rendition() -> TextRendition {
    TextRendition {
        path: "text/en".into(),
        source: ObjectPin {
            object: ObjectRef::new("in", "c.srt"),
            version_id: None,
            etag: "e".into(),
            size: 1,
        },
        stream: None,
        service: None,
        format: CaptionFormat::Srt,
        language: "en".into(),
        label: "English & more".into(),
        default: false,
        forced: false,
        sdh: false,
    }
}

fn segment(number: u32, name: String, start: i64, end: i64, bytes_per_tick: u64) -> SegmentRecord {
    SegmentRecord {
        number,
        name,
        size: Bytes(u64::try_from(end - start).unwrap() * bytes_per_tick),
        sha256: String::new(),
        start: Ticks(start),
        duration: Ticks(end - start),
        samples: 1,
        key_frames: vec![],
    }
}

fn video(planned: VideoRendition) -> Video {
    let ticks = |frame: u64| i64::try_from(frame * 1_001).unwrap();
    let bytes = planned.rung.max_bitrate.0 / 8 / 24_000;
    let segments = (1u32..)
        .zip([(0, 96), (96, 192), (192, 250)])
        .map(|(number, (a, b))| {
            let mut segment = segment(number, segment_name(number), ticks(a), ticks(b), bytes);
            let offsets = [(a, 0), (a + 48, 9_000)]
                .into_iter()
                .filter(|(frame, _)| *frame < b);
            segment.key_frames = offsets
                .map(|(frame, offset)| KeyFrame {
                    time: Ticks(ticks(frame)),
                    range: ByteRange {
                        offset,
                        length: 5_000,
                    },
                })
                .collect();
            segment
        });
    let output = output(&planned.path, Timescale(24_000), segments.collect());
    let codec = if planned.path.contains("h265") {
        "hvc1.1.6.L93.B0"
    } else {
        "avc1.64001f"
    };
    Packaged {
        planned,
        track: PackagedTrack {
            output,
            codec: codec.into(),
            channels: 0,
            priming: Ticks(0),
        },
    }
}

fn audio_track(planned: AudioRendition) -> Audio {
    let channels = planned.channels;
    let cuts = [0, 193_536, 385_024, 501_760];
    let segments = (1u32..)
        .zip(cuts.windows(2))
        .map(|(n, w)| segment(n, segment_name(n), w[0], w[1], 0));
    let mut segments: Vec<_> = segments.collect();
    for segment in &mut segments {
        segment.size = Bytes(u64::try_from(segment.duration.0).unwrap() / 3);
    }
    let output = output(&planned.path, Timescale(48_000), segments);
    Packaged {
        planned,
        track: PackagedTrack {
            output,
            codec: "mp4a.40.2".into(),
            channels,
            priming: Ticks(1_024),
        },
    }
}

fn text_track(planned: &TextRendition) -> PackagedTrack {
    let ms = |n: u64| i64::try_from(n * 1_001 * 1_000 / 24_000).unwrap();
    let segments = (1u32..).zip([(0, 96), (96, 192), (192, 250)]);
    let segments = segments
        .map(|(n, (a, b))| segment(n, text_segment_name(n), ms(a), ms(b), 0))
        .collect();
    PackagedTrack {
        output: output(&planned.path, Timescale(1_000), segments),
        codec: String::new(),
        channels: 0,
        priming: Ticks(0),
    }
}

/// Three thumbnails on one sheet.
fn images() -> ImagesRecord {
    let file = |path: &str, size| ImageFile {
        path: path.into(),
        size: Bytes(size),
        sha256: String::new(),
    };
    ImagesRecord {
        job_key: "ab".repeat(32).parse().unwrap(),
        generation: Generation::FIRST,
        tile: Resolution {
            width: 160,
            height: 90,
        },
        columns: 3,
        rows: 1,
        count: 3,
        interval: Ticks(96 * 1_001),
        timescale: Timescale(24_000),
        files: vec![file("images/sheet_00001.jpg", 12_012)],
        run: serde_json::from_value(serde_json::json!({
            "request_id": "r", "worker": "w", "started": 0, "ended": 1, "cpu_ms": 1, "bytes_read": 0,
            "encoder_build": "ffmpeg",
        }))
        .unwrap(),
    }
}

fn output(path: &str, timescale: Timescale, segments: Vec<SegmentRecord>) -> RungOutput {
    RungOutput {
        rendition: path.into(),
        timescale,
        init_sha256: String::new(),
        segments,
    }
}

#[test]
fn the_multivariant_playlist() {
    insta::assert_snapshot!(hls::multivariant(&package()).unwrap());
}

/// The Japanese track has 5.1, the English one an audio description and captions for the deaf.
fn accessible() -> Package {
    let mut package = package();
    let mut surround = audio_rendition(("ja", "Japanese", true));
    surround.path.push_str("_surround");
    surround.channels = 6;
    let mut described = audio_rendition(("en", "English (description)", false));
    described.path.push_str("_described");
    (described.role, described.track) = (AudioRole::Description, 2);
    package.audio.push(audio_track(described));
    let mut surround = audio_track(surround);
    for segment in &mut surround.track.output.segments {
        segment.size.0 *= 3;
    }
    package.audio.push(surround);
    let mut sdh = text_rendition();
    (sdh.path, sdh.label, sdh.sdh) = ("text/en_sdh".into(), "English (SDH)".into(), true);
    let mut forced = text_rendition();
    (forced.path, forced.label, forced.forced) =
        ("text/en_forced".into(), "English (forced)".into(), true);
    package.text.extend([sdh, forced].map(|planned| Packaged {
        track: text_track(&planned),
        planned,
    }));
    package
}

#[test]
fn a_commentary_is_named_in_both_formats() {
    let mut package = package();
    let mut commentary = audio_rendition(("en", "Commentary of the director", false));
    commentary.path.push_str("_commentary");
    (commentary.role, commentary.track) = (AudioRole::Commentary, 2);
    package.audio.push(audio_track(commentary));
    let multivariant = hls::multivariant(&package).unwrap();
    let media = multivariant.lines().filter(|l| l.contains("TYPE=AUDIO"));
    assert_eq!(media.clone().count(), 3);
    let named = media
        .filter(|l| l.contains("NAME=\"Commentary of the director\""))
        .count();
    assert_eq!(named, 1, "{multivariant}");
    let mpd = dash::mpd(&package).unwrap();
    let roles = ["main", "alternate", "commentary"];
    let found =
        roles.map(|role| mpd.contains(&format!("urn:mpeg:dash:role:2011\" value=\"{role}\"")));
    assert_eq!(found, [true; 3], "{mpd}");
}

#[test]
fn surround_and_accessibility_in_both_formats() {
    let package = accessible();
    let multivariant = hls::multivariant(&package).unwrap();
    let variants = multivariant.matches("#EXT-X-STREAM-INF").count();
    assert_eq!(variants, 2 * package.video.len());
    let frames = multivariant.matches("#EXT-X-I-FRAME-STREAM-INF").count();
    assert_eq!(frames, package.video.len());
    insta::assert_snapshot!("accessible_hls", multivariant);
    let mpd = dash::mpd(&package).unwrap().replace("><", ">\n<");
    let (_, sets) = mpd.split_once("contentType=\"audio\"").unwrap();
    let kept = [
        "<AdaptationSet",
        "<Role",
        "<Accessibility",
        "<Label",
        "<AudioChannel",
    ];
    let lines = sets
        .lines()
        .filter(|l| kept.iter().any(|k| l.starts_with(k)));
    insta::assert_snapshot!("accessible_dash", lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_title_without_audio_has_no_audio_in_either_format() {
    let mut package = package();
    package.audio.clear();
    package.plan.audio.clear();
    let multivariant = hls::multivariant(&package).unwrap();
    assert!(!multivariant.contains("AUDIO") && !multivariant.contains("mp4a"));
    for video in &package.video {
        let (codec, peak) = (&video.track.codec, video.track.peak(4).0);
        let variant = format!("BANDWIDTH={peak},");
        let mut lines = multivariant.lines();
        let line = lines.find(|l| l.contains(&variant)).unwrap();
        assert!(line.contains(&format!("CODECS=\"{codec}\"")), "{line}");
    }
    let mpd = dash::mpd(&package).unwrap();
    assert!(!mpd.contains("contentType=\"audio\"") && !mpd.contains("mp4a"));
    assert_eq!(mpd.matches("contentType=\"video\"").count(), 2);
    assert!(mpd.contains("contentType=\"text\""));
}

#[test]
fn media_playlists_of_each_kind() {
    let package = package();
    insta::assert_snapshot!(
        "video",
        hls::media(&package, &package.video[0].track).unwrap()
    );
    insta::assert_snapshot!(
        "audio",
        hls::media(&package, &package.audio[0].track).unwrap()
    );
    insta::assert_snapshot!(
        "text",
        hls::media(&package, &package.text[0].track).unwrap()
    );
    insta::assert_snapshot!("iframes", hls::iframes(&package.video[0].track).unwrap());
}

#[test]
fn the_mpd() {
    let mpd = dash::mpd(&package()).unwrap().replace("><", ">\n<");
    insta::assert_snapshot!(mpd);
}

#[test]
fn all_playlists_have_one_target_duration() {
    let package = package();
    assert_eq!(package.target_seconds(), 4);
    for (path, text) in media_playlists(&package).unwrap() {
        let expected = if path.ends_with(IFRAME_PLAYLIST) {
            2
        } else {
            4
        };
        assert!(
            text.contains(&format!("#EXT-X-TARGETDURATION:{expected}\n")),
            "{path}"
        );
    }
}

#[test]
fn equal_texts_become_equal_bytes() {
    assert_eq!(gzip("a").unwrap(), gzip("a").unwrap());
}
