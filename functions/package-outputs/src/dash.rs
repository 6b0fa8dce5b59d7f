//! The MPD (ISO/IEC 23009-1) over the same segments, serialised by dash-mpd.

use std::time::Duration;

use dash_mpd::{
    Accessibility, AdaptationSet, AudioChannelConfiguration, BaseURL, EssentialProperty, Label,
    MPD, Period, Representation, Role, S, SegmentTemplate, SegmentTimeline,
};
use reelsmith_core::audio_track::AudioRole;
use reelsmith_core::keys::{IMAGES, INIT, TEXT_SIDECAR, sheet_path};
use reelsmith_core::ladder::VideoRange;
use reelsmith_core::record::{ImagesRecord, SegmentRecord};
use reelsmith_core::time::{Ticks, Timescale};
use reelsmith_core::units::{BitsPerSecond, Resolution};

use crate::model::{Audio, Package, PackagedTrack, Text, Video};

const PROFILES: &str = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019";
const ROLE: &str = "urn:mpeg:dash:role:2011";
/// The audio purposes of TV-Anytime, which DASH-IF IOP also uses for text.
const PURPOSE: &str = "urn:tva:metadata:cs:AudioPurposeCS:2007";
const VISUALLY_IMPAIRED: &str = "1";
const HARD_OF_HEARING: &str = "2";
const TILES: &str = "http://dashif.org/guidelines/thumbnail_tile";
const CHANNELS: &str = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011";

/// The declared bit rate of text: a representation must declare one, and the measured rate of text is negligible.
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
    sets.extend(package.images.iter().map(image_set));
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
    let body = serialise(&mpd)?;
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}\n"
    ))
}

fn serialise(mpd: &MPD) -> Result<String, String> {
    use std::fmt::Write as _;
    let mut text = String::new();
    write!(text, "{mpd}").map_err(|e| format!("the MPD cannot be serialised: {e}"))?;
    Ok(text)
}

/// A duration in whole nanoseconds, rounded down: a presentation must not end after its media.
fn exact(duration: Ticks, timescale: Timescale) -> Duration {
    let nanos = i128::from(duration.0) * 1_000_000_000 / i128::from(timescale.0.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
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
    let with_codec = |codec| {
        package
            .video
            .iter()
            .filter(move |v| v.planned.rung.codec == codec)
            .collect()
    };
    codecs
        .into_iter()
        .map(|codec| video_set(package, with_codec(codec)))
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

/// How an HDR set is coded (ISO/IEC 23091-2, with the descriptors of ISO/IEC 23001-8), so that players that cannot show it use
/// the SDR set.
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
            value: Some(audio.track.channels.to_string()),
            id: None,
        }],
        Label: vec![label(&planned.label)],
        Role: vec![role(match (planned.role, planned.default) {
            (AudioRole::Main, false) => AudioRole::Alternate.into(),
            (role, _) => role.into(),
        })],
        Accessibility: purpose(planned.role.is_description().then_some(VISUALLY_IMPAIRED)),
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

/// The adaptation set of thumbnails (DASH-IF IOP, 6.2.6): each segment is a sheet of tiles in order of time. A player that does
/// not know the scheme ignores the set.
fn image_set(images: &ImagesRecord) -> AdaptationSet {
    let (columns, rows) = (images.columns, images.rows);
    let per_sheet = i64::from(columns) * i64::from(rows);
    AdaptationSet {
        contentType: Some("image".to_owned()),
        mimeType: Some("image/jpeg".to_owned()),
        SegmentTemplate: Some(SegmentTemplate {
            media: Some(format!("{IMAGES}/sheet_$Number%05d$.jpg")),
            startNumber: Some(1),
            timescale: Some(u64::from(images.timescale.0)),
            duration: Some((images.interval.0 * per_sheet) as f64),
            ..SegmentTemplate::default()
        }),
        representations: vec![Representation {
            id: Some("thumbnails".to_owned()),
            bandwidth: Some(largest_sheet_rate(images).0.max(1)),
            width: Some(u64::from(images.tile.width * columns)),
            height: Some(u64::from(images.tile.height * rows)),
            essential_property: vec![EssentialProperty {
                id: None,
                schemeIdUri: TILES.to_owned(),
                value: Some(format!("{columns}x{rows}")),
            }],
            ..Representation::default()
        }],
        ..AdaptationSet::default()
    }
}

/// The bit rate of the largest sheet over the time that its tiles cover.
fn largest_sheet_rate(images: &ImagesRecord) -> BitsPerSecond {
    let per_sheet = images.columns * images.rows;
    let rates = (0..images.sheets()).filter_map(|n| {
        let path = sheet_path(n + 1);
        let file = images.files.iter().find(|f| f.path == path)?;
        let tiles = per_sheet.min(images.count - n * per_sheet);
        let time = Ticks(images.interval.0 * i64::from(tiles));
        file.size.rate_over(time, images.timescale)
    });
    rates.max().unwrap_or_default()
}

fn representation(package: &Package, track: &PackagedTrack) -> Representation {
    Representation {
        id: Some(track.path().to_owned()),
        bandwidth: Some(track.peak(package.target_seconds()).0),
        codecs: Some(track.codec.clone()),
        ..Representation::default()
    }
}

/// The ids of representations are their folders, so one template is enough for a set.
fn template(track: &PackagedTrack) -> SegmentTemplate {
    SegmentTemplate {
        initialization: Some(format!("$RepresentationID$/{INIT}")),
        media: Some("$RepresentationID$/seg_$Number%05d$.m4s".to_owned()),
        startNumber: Some(1),
        timescale: Some(u64::from(track.output.timescale.0)),
        SegmentTimeline: Some(SegmentTimeline {
            segments: timeline(&track.output.segments, track.priming),
        }),
        ..SegmentTemplate::default()
    }
}

/// Runs of equal durations. Only the first entry needs its time, because there are no gaps between segments.
///
/// Times are presentation times, after the edit list that removes `priming` (ISO/IEC 23009-1, 5.3.9.6): the first
/// segment is shorter than its samples, and every later one starts that much earlier than it is decoded.
fn timeline(segments: &[SegmentRecord], priming: Ticks) -> Vec<S> {
    let presented = |time: Ticks| (time.0 - priming.0).max(0);
    let mut runs: Vec<S> = Vec::new();
    for segment in segments {
        let start = presented(segment.start);
        let end = presented(Ticks(segment.start.0 + segment.duration.0));
        let duration = u64::try_from(end - start).unwrap_or(0);
        match runs.last_mut() {
            Some(run) if run.d == duration => run.r = Some(run.r.unwrap_or(0) + 1),
            _ => runs.push(S {
                t: runs.is_empty().then(|| u64::try_from(start).unwrap_or(0)),
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

/// The audience of a set, if it is made for a particular one.
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
