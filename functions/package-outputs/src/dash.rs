//! The MPD (ISO/IEC 23009-1), written by dash-mpd over the very same segments.

mod images;

use std::time::Duration;

use dash_mpd::{
    Accessibility, AdaptationSet, AudioChannelConfiguration, BaseURL, EssentialProperty, Label,
    MPD, Period, Representation, Role, S, SegmentTemplate, SegmentTimeline,
};
use reelsmith_core::keys::{INIT, TEXT_SIDECAR};
use reelsmith_core::ladder::VideoRange;
use reelsmith_core::record::SegmentRecord;
use reelsmith_core::time::{Ticks, Timescale};
use reelsmith_core::units::Resolution;

use crate::model::{Audio, Package, Text, Track, Video};

const PROFILES: &str = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019";
const ROLE: &str = "urn:mpeg:dash:role:2011";
/// TV-Anytime's purposes of audio, as DASH-IF IOP uses them for text too.
const PURPOSE: &str = "urn:tva:metadata:cs:AudioPurposeCS:2007";
const VISUALLY_IMPAIRED: &str = "1";
const HARD_OF_HEARING: &str = "2";
const CHANNELS: &str = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";

/// Text has no measured rate worth the name; a representation must declare one.
const TEXT_BANDWIDTH: u64 = 1_000;

/// The MPD as text.
pub(crate) fn mpd(package: &Package) -> Result<String, String> {
    let plan = &package.plan;
    let duration = exact(plan.duration(), plan.timescale);
    let segment = exact(
        plan.frame_rate.duration_of(plan.segment_frames),
        plan.timescale,
    );
    let mut sets = video_sets(package);
    sets.extend(package.audio.iter().map(|a| audio_set(package, a)));
    sets.extend(package.text.iter().map(text_set));
    sets.extend(package.images.iter().map(images::set));
    for (id, set) in sets.iter_mut().enumerate() {
        set.id = Some(id.to_string());
    }
    let mpd = MPD {
        xmlns: Some("urn:mpeg:dash:schema:mpd:2011".to_owned()),
        profiles: Some(PROFILES.to_owned()),
        mpdtype: Some("static".to_owned()),
        mediaPresentationDuration: Some(duration),
        minBufferTime: Some(segment * 2),
        maxSegmentDuration: Some(longest(package)),
        periods: vec![Period {
            id: Some("0".to_owned()),
            start: Some(Duration::ZERO),
            duration: Some(duration),
            adaptations: sets,
            ..Period::default()
        }],
        ..MPD::default()
    };
    let body = quick_text(&mpd)?;
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}\n"
    ))
}

fn quick_text(mpd: &MPD) -> Result<String, String> {
    use std::fmt::Write as _;
    let mut text = String::new();
    write!(text, "{mpd}").map_err(|e| format!("the MPD does not serialise: {e}"))?;
    Ok(text)
}

/// A duration to the nanosecond, rounded to nearest.
fn exact(duration: Ticks, timescale: Timescale) -> Duration {
    let nanos = duration.rescale(timescale, Timescale(1_000_000_000));
    Duration::from_nanos(u64::try_from(nanos.0).unwrap_or(0))
}

/// The longest segment of any rendition, in whole milliseconds rounded up.
fn longest(package: &Package) -> Duration {
    let all = package.renditions().flat_map(|track| {
        let segments = track.output.segments.iter();
        segments.map(|s| exact(s.duration, track.output.timescale))
    });
    let longest = all.max().unwrap_or_default();
    Duration::from_millis(u64::try_from(longest.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

/// One set per codec: switching sets hold one codec (ISO/IEC 23000-19, 7.3.4.1).
fn video_sets(package: &Package) -> Vec<AdaptationSet> {
    let mut codecs: Vec<_> = package.video.iter().map(|v| v.planned.rung.codec).collect();
    codecs.dedup();
    let of = |codec| {
        package
            .video
            .iter()
            .filter(move |v| v.planned.rung.codec == codec)
            .collect()
    };
    codecs
        .into_iter()
        .map(|codec| video_set(package, of(codec)))
        .collect()
}

fn video_set(package: &Package, videos: Vec<&Video>) -> AdaptationSet {
    let sizes = || videos.iter().map(|v| v.planned.rung.resolution);
    let largest = sizes().max_by_key(|r| r.height);
    AdaptationSet {
        contentType: Some("video".to_owned()),
        mimeType: Some("video/mp4".to_owned()),
        segmentAlignment: Some(true),
        startWithSAP: Some(1),
        frameRate: Some(package.plan.frame_rate.to_string()),
        maxWidth: sizes().map(|r| u64::from(r.width)).max(),
        maxHeight: sizes().map(|r| u64::from(r.height)).max(),
        par: largest.map(aspect),
        Role: vec![role("main")],
        essential_property: videos.first().map_or(Vec::new(), |v| coding(v)),
        SegmentTemplate: videos.first().map(|v| template(&v.track)),
        representations: videos
            .into_iter()
            .map(|v| video_representation(package, v))
            .collect(),
        ..AdaptationSet::default()
    }
}

/// How an HDR set is coded (ISO/IEC 23091-2, by ISO/IEC 23001-8's descriptors), so that players which cannot show it take
/// the SDR set beside it.
fn coding(video: &Video) -> Vec<EssentialProperty> {
    let transfer = match video.planned.rung.range {
        VideoRange::Sdr => return Vec::new(),
        VideoRange::Pq => "16",
        VideoRange::Hlg => "18",
    };
    let code = |name: &str, value: &str| EssentialProperty {
        schemeIdUri: format!("urn:mpeg:mpegB:cicp:{name}"),
        value: Some(value.to_owned()),
        ..EssentialProperty::default()
    };
    // BT.2020 primaries and its non-constant-luminance matrix are both 9.
    vec![
        code("ColourPrimaries", "9"),
        code("TransferCharacteristics", transfer),
        code("MatrixCoefficients", "9"),
    ]
}

fn video_representation(package: &Package, video: &Video) -> Representation {
    let size = video.planned.rung.resolution;
    Representation {
        width: Some(u64::from(size.width)),
        height: Some(u64::from(size.height)),
        sar: Some("1:1".to_owned()),
        ..representation(package, &video.track)
    }
}

fn audio_set(package: &Package, audio: &Audio) -> AdaptationSet {
    let planned = &audio.planned;
    AdaptationSet {
        contentType: Some("audio".to_owned()),
        mimeType: Some("audio/mp4".to_owned()),
        lang: Some(planned.language.clone()),
        segmentAlignment: Some(true),
        startWithSAP: Some(1),
        audioSamplingRate: Some(planned.sample_rate.to_string()),
        AudioChannelConfiguration: vec![AudioChannelConfiguration {
            schemeIdUri: CHANNELS.to_owned(),
            value: Some(audio.channels.to_string()),
            id: None,
        }],
        Label: vec![label(&planned.label)],
        Role: vec![role(match (planned.described, planned.default) {
            (true, _) => "description",
            (_, true) => "main",
            _ => "alternate",
        })],
        Accessibility: purpose(planned.described.then_some(VISUALLY_IMPAIRED)),
        SegmentTemplate: Some(template(&audio.track)),
        representations: vec![representation(package, &audio.track)],
        ..AdaptationSet::default()
    }
}

fn text_set(text: &Text) -> AdaptationSet {
    let planned = &text.planned;
    let id = text.track.path().to_owned();
    AdaptationSet {
        contentType: Some("text".to_owned()),
        mimeType: Some("text/vtt".to_owned()),
        lang: Some(planned.language.clone()),
        Label: vec![label(&planned.label)],
        Role: vec![role(match (planned.forced, planned.sdh) {
            (true, _) => "forced-subtitle",
            (_, true) => "caption",
            _ => "subtitle",
        })],
        Accessibility: purpose(planned.sdh.then_some(HARD_OF_HEARING)),
        representations: vec![Representation {
            BaseURL: vec![BaseURL {
                base: format!("{id}/{TEXT_SIDECAR}"),
                ..BaseURL::default()
            }],
            id: Some(id),
            bandwidth: Some(TEXT_BANDWIDTH),
            ..Representation::default()
        }],
        ..AdaptationSet::default()
    }
}

fn representation(package: &Package, track: &Track) -> Representation {
    Representation {
        id: Some(track.path().to_owned()),
        bandwidth: Some(track.peak(package.target_seconds()).0),
        codecs: Some(track.codec.clone()),
        ..Representation::default()
    }
}

/// Representation ids are the folders, so one template serves a whole set.
fn template(track: &Track) -> SegmentTemplate {
    SegmentTemplate {
        initialization: Some(format!("$RepresentationID$/{INIT}")),
        media: Some("$RepresentationID$/seg_$Number%05d$.m4s".to_owned()),
        startNumber: Some(1),
        timescale: Some(u64::from(track.output.timescale.0)),
        SegmentTimeline: Some(SegmentTimeline {
            segments: timeline(&track.output.segments),
        }),
        ..SegmentTemplate::default()
    }
}

/// Runs of equal durations; only the first entry needs its time, since segments leave no gap.
fn timeline(segments: &[SegmentRecord]) -> Vec<S> {
    let mut runs: Vec<S> = Vec::new();
    for segment in segments {
        let duration = u64::try_from(segment.duration.0).unwrap_or(0);
        match runs.last_mut() {
            Some(run) if run.d == duration => run.r = Some(run.r.unwrap_or(0) + 1),
            _ => runs.push(S {
                t: runs
                    .is_empty()
                    .then(|| u64::try_from(segment.start.0).unwrap_or(0)),
                d: duration,
                ..S::default()
            }),
        }
    }
    runs
}

fn role(value: &str) -> Role {
    Role {
        id: None,
        schemeIdUri: ROLE.to_owned(),
        value: Some(value.to_owned()),
    }
}

/// Whom a set is for, where it is for somebody in particular.
fn purpose(value: Option<&str>) -> Vec<Accessibility> {
    let descriptor = |value: &str| Accessibility {
        id: None,
        schemeIdUri: PURPOSE.to_owned(),
        value: Some(value.to_owned()),
    };
    value.map(descriptor).into_iter().collect()
}

fn label(text: &str) -> Label {
    Label {
        id: None,
        lang: None,
        content: text.to_owned(),
    }
}

fn aspect(size: Resolution) -> String {
    let (mut a, mut b) = (size.width, size.height);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let g = a.max(1);
    format!("{}:{}", size.width / g, size.height / g)
}
