//! The HLS playlists (RFC 8216), serialised by m3u8-rs.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering;

use m3u8_rs::{
    AlternativeMedia, AlternativeMediaType, ByteRange, Map, MasterPlaylist, MediaPlaylist,
    MediaPlaylistType, MediaSegment, QuotedOrUnquoted, Resolution, VariantStream,
    WRITE_OPT_FLOAT_PRECISION,
};
use reelsmith_conformance::hls::characteristics;
use reelsmith_core::keys::{IFRAME_PLAYLIST, INIT, MEDIA_PLAYLIST};
use reelsmith_core::ladder::VideoRange;
use reelsmith_core::time::{Ticks, Timescale};
use reelsmith_core::units::{BitsPerSecond, Bytes};

use crate::model::{Audio, Package, PackagedTrack, Text, Video, average_rate, peak_rate};

/// EXT-X-MAP without I-frames needs version 6; Apple's fMP4 examples declare 7.
const VERSION: usize = 7;
/// Decimal places of EXTINF: a microsecond, far below the duration of a frame.
const EXTINF_DIGITS: usize = 6;
const TEXT_GROUP: &str = "subtitles";
/// Bit rate of the first variant, with which players start (Apple authoring specification, 1.32).
const FIRST_VARIANT: u64 = 2_000_000;

/// The multivariant playlist.
pub(crate) fn multivariant(package: &Package) -> io::Result<String> {
    let groups = audio_groups(package);
    let alternatives = groups
        .iter()
        .flat_map(|g| g.members.iter().map(|a| audio_media(g.id, a)));
    let mut playlist = MasterPlaylist {
        version: Some(VERSION),
        independent_segments: true,
        alternatives: alternatives
            .chain(package.text.iter().map(text_media))
            .collect(),
        ..MasterPlaylist::default()
    };
    let mut variants = variants(package, &groups);
    // From the first group, because every device can start with stereo.
    let first =
        (0..package.video.len()).min_by_key(|i| variants[*i].bandwidth.abs_diff(FIRST_VARIANT));
    if let Some(first) = first {
        variants[..=first].rotate_right(1);
    }
    if package.video.is_empty() {
        variants = groups.iter().map(|g| audio_variant(package, g)).collect();
    }
    variants.extend(package.video.iter().map(|v| iframe_variant(package, v)));
    playlist.variants = variants;
    serialise(|out| playlist.write_to(out))
}

/// The audio renditions that a variant offers together, one for each track.
struct AudioGroup<'a> {
    /// `GROUP-ID`.
    id: &'static str,
    /// The members, in the manifest's order.
    members: Vec<&'a Audio>,
}

/// The stereo group; and, if any track has a surround mix, a group with the surround mix of each such track and the stereo of
/// the others. Parallel groups contain the same tracks (RFC 8216, 4.3.4.1.1), so a player that changes groups keeps its language.
fn audio_groups(package: &Package) -> Vec<AudioGroup<'_>> {
    let all = &package.audio;
    let members: Vec<&Audio> = all.iter().filter(|a| !a.planned.is_surround()).collect();
    if members.is_empty() {
        return Vec::new();
    }
    let surround = |audio: &Audio| {
        let mut mixes = all.iter();
        mixes.find(|a| a.planned.is_surround() && a.planned.same_track(&audio.planned))
    };
    let mixes: Vec<&Audio> = members.iter().map(|a| surround(a).unwrap_or(a)).collect();
    let any_surround = mixes.iter().any(|a| a.planned.is_surround());
    let mut groups = vec![AudioGroup {
        id: "audio",
        members,
    }];
    if any_surround {
        groups.push(AudioGroup {
            id: "surround",
            members: mixes,
        });
    }
    groups
}

/// Every rung with every group: first with stereo, which every device plays.
fn variants(package: &Package, groups: &[AudioGroup<'_>]) -> Vec<VariantStream> {
    let with = |group| {
        package
            .video
            .iter()
            .map(move |v| variant(package, v, group))
    };
    if groups.is_empty() {
        return with(None).collect();
    }
    groups.iter().flat_map(|g| with(Some(g))).collect()
}

fn variant(package: &Package, video: &Video, group: Option<&AudioGroup<'_>>) -> VariantStream {
    let target = package.target_seconds();
    let members: &[&Audio] = group.map_or(&[], |g| &g.members);
    let loudest = |rate: &dyn Fn(&PackagedTrack) -> BitsPerSecond| {
        let rates = members.iter().map(|a| rate(&a.track).0);
        rates.max().unwrap_or(0)
    };
    let mut codecs = vec![video.track.codec.clone()];
    codecs.extend(members.iter().map(|a| a.track.codec.clone()));
    codecs.dedup();
    VariantStream {
        uri: format!("{}/{MEDIA_PLAYLIST}", video.track.path()),
        bandwidth: video.track.peak(target).0 + loudest(&|t| t.peak(target)),
        average_bandwidth: Some(video.track.average().0 + loudest(&PackagedTrack::average)),
        codecs: Some(codecs.join(",")),
        resolution: Some(resolution(video)),
        // Rounded to three decimal places (RFC 8216, 4.3.4.2).
        frame_rate: Some((package.plan.frame_rate.as_f64() * 1_000.0).round() / 1_000.0),
        audio: group.map(|g| g.id.to_owned()),
        subtitles: (!package.text.is_empty()).then(|| TEXT_GROUP.to_owned()),
        other_attributes: video_range(package, video),
        ..VariantStream::default()
    }
}

/// A variant of a title without pictures: the default track of a group, whose other members a player may choose instead.
fn audio_variant(package: &Package, group: &AudioGroup<'_>) -> VariantStream {
    let target = package.target_seconds();
    let members = &group.members;
    let first = members.iter().find(|a| a.planned.default);
    let peaks = members.iter().map(|a| a.track.peak(target).0);
    let averages = members.iter().map(|a| a.track.average().0);
    let mut codecs: Vec<_> = members.iter().map(|a| a.track.codec.clone()).collect();
    codecs.dedup();
    VariantStream {
        uri: first.or(members.first()).map_or_else(String::new, |a| {
            format!("{}/{MEDIA_PLAYLIST}", a.track.path())
        }),
        bandwidth: peaks.max().unwrap_or(0),
        average_bandwidth: averages.max(),
        codecs: Some(codecs.join(",")),
        audio: Some(group.id.to_owned()),
        subtitles: (!package.text.is_empty()).then(|| TEXT_GROUP.to_owned()),
        ..VariantStream::default()
    }
}

/// VIDEO-RANGE (RFC 8216bis, 4.4.6.2), on every variant if any of them is HDR.
fn video_range(package: &Package, video: &Video) -> Option<HashMap<String, QuotedOrUnquoted>> {
    let range = |v: &Video| v.planned.rung.range;
    let any = package.video.iter().any(|v| range(v) != VideoRange::Sdr);
    let value = QuotedOrUnquoted::Unquoted(range(video).as_str().to_owned());
    any.then(|| HashMap::from([("VIDEO-RANGE".to_owned(), value)]))
}

fn resolution(video: &Video) -> Resolution {
    let size = video.planned.rung.resolution;
    Resolution {
        width: u64::from(size.width),
        height: u64::from(size.height),
    }
}

fn iframe_variant(package: &Package, video: &Video) -> VariantStream {
    let entries = iframe_entries(&video.track);
    let pieces: Vec<_> = entries
        .iter()
        .map(|e| (Bytes(e.range.length), e.duration))
        .collect();
    let timescale = video.track.output.timescale;
    VariantStream {
        is_i_frame: true,
        uri: format!("{}/{IFRAME_PLAYLIST}", video.track.path()),
        bandwidth: peak_rate(&pieces, timescale, iframe_target(&entries, timescale)).0,
        average_bandwidth: Some(average_rate(&pieces, timescale).0),
        codecs: Some(video.track.codec.clone()),
        resolution: Some(resolution(video)),
        other_attributes: video_range(package, video),
        ..VariantStream::default()
    }
}

fn audio_media(group: &str, audio: &Audio) -> AlternativeMedia {
    AlternativeMedia {
        media_type: AlternativeMediaType::Audio,
        uri: Some(format!("{}/{MEDIA_PLAYLIST}", audio.track.path())),
        group_id: group.to_owned(),
        language: Some(audio.planned.language.clone()),
        name: quotable(&audio.planned.label),
        default: audio.planned.default,
        autoselect: true,
        channels: Some(audio.track.channels.to_string()),
        characteristics: audio
            .planned
            .role
            .is_description()
            .then(|| characteristics::DESCRIBES_VIDEO.to_owned()),
        ..AlternativeMedia::default()
    }
}

fn text_media(text: &Text) -> AlternativeMedia {
    AlternativeMedia {
        media_type: AlternativeMediaType::Subtitles,
        uri: Some(format!("{}/{MEDIA_PLAYLIST}", text.track.path())),
        group_id: TEXT_GROUP.to_owned(),
        language: Some(text.planned.language.clone()),
        name: quotable(&text.planned.label),
        default: text.planned.default,
        autoselect: true,
        forced: text.planned.forced,
        characteristics: text.planned.sdh.then(characteristics::sdh),
        ..AlternativeMedia::default()
    }
}

/// A quoted string cannot contain a double quote or a line break, and has no escapes (RFC 8216, 4.2).
fn quotable(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .map(|c| if c == '"' { '\'' } else { c })
        .collect()
}

/// The media playlist of a rendition.
pub(crate) fn media(package: &Package, track: &PackagedTrack) -> io::Result<String> {
    let timescale = track.output.timescale;
    let segments = track
        .output
        .segments
        .iter()
        .enumerate()
        .map(|(n, segment)| MediaSegment {
            uri: segment.name.clone(),
            duration: seconds(segment.duration, timescale),
            map: (n == 0 && !track.is_text()).then(init_map),
            ..MediaSegment::default()
        });
    let playlist = MediaPlaylist {
        target_duration: package.target_seconds(),
        independent_segments: true,
        segments: segments.collect(),
        ..vod()
    };
    serialise(|out| playlist.write_to(out))
}

/// The I-frame playlist of a video rendition.
pub(crate) fn iframes(track: &PackagedTrack) -> io::Result<String> {
    let timescale = track.output.timescale;
    let entries = iframe_entries(track);
    let target_duration = iframe_target(&entries, timescale);
    let segments = entries
        .into_iter()
        .enumerate()
        .map(|(n, entry)| MediaSegment {
            uri: entry.name.clone(),
            duration: seconds(entry.duration, timescale),
            byte_range: Some(ByteRange {
                length: entry.range.length,
                offset: Some(entry.range.offset),
            }),
            map: (n == 0).then(init_map),
            ..MediaSegment::default()
        });
    let playlist = MediaPlaylist {
        target_duration,
        i_frames_only: true,
        segments: segments.collect(),
        ..vod()
    };
    serialise(|out| playlist.write_to(out))
}

fn vod() -> MediaPlaylist {
    MediaPlaylist {
        version: Some(VERSION),
        end_list: true,
        playlist_type: Some(MediaPlaylistType::Vod),
        ..MediaPlaylist::default()
    }
}

fn init_map() -> Map {
    Map {
        uri: INIT.to_owned(),
        ..Map::default()
    }
}

/// An I-frame: the segment that contains it, its byte range, and the time until the next.
struct IFrame {
    name: String,
    range: reelsmith_core::record::ByteRange,
    duration: Ticks,
}

fn iframe_entries(track: &PackagedTrack) -> Vec<IFrame> {
    let segments = &track.output.segments;
    let end = segments.last().map_or(0, |s| s.start.0 + s.duration.0);
    let first = segments.first().map_or(0, |s| s.start.0);
    let keys = segments
        .iter()
        .flat_map(|s| s.key_frames.iter().map(move |k| (s, k)));
    let keys: Vec<_> = keys.collect();
    let until = keys
        .iter()
        .skip(1)
        .map(|(_, k)| k.time.0)
        .chain([end - first]);
    keys.iter()
        .zip(until)
        .map(|((segment, key), until)| IFrame {
            name: segment.name.clone(),
            range: key.range,
            duration: Ticks(until - key.time.0),
        })
        .collect()
}

fn iframe_target(entries: &[IFrame], timescale: Timescale) -> u64 {
    let longest = entries.iter().map(|e| e.duration.0).max().unwrap_or(0);
    let scale = i64::from(timescale.0);
    u64::try_from((longest * 2 + scale) / (scale * 2))
        .unwrap_or(1)
        .max(1)
}

fn seconds(duration: Ticks, timescale: Timescale) -> f32 {
    duration.as_seconds(timescale) as f32
}

fn serialise(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<String> {
    WRITE_OPT_FLOAT_PRECISION.store(EXTINF_DIGITS, Ordering::Relaxed);
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    String::from_utf8(bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
}
