//! The rules between values. They use the values that are valid, so that one rejected value hides no other defect.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::CaptionFormat;
use super::defects::{Defects, quoted};
use super::walk::{Group, Item};
use crate::audio_track::AudioRole;
use crate::caption_service::CaptionService;
use crate::clip::Point;

pub(super) fn check(root: &Group, defects: &mut Defects<'_>) {
    if let Some(mezzanine) = root.group("Mezzanine") {
        resolution(mezzanine, defects);
        points(mezzanine, defects);
    }
    if let Some(tracks) = root.group("AudioTracks") {
        let tracks: Vec<&Group> = tracks.groups("AudioTrack").collect();
        audio(&tracks, defects);
    }
    if let Some(tracks) = root.group("SubtitleTracks") {
        let tracks: Vec<&Group> = tracks.groups("SubtitleTrack").collect();
        subtitles(&tracks, defects);
    }
    if let Some(settings) = root.group("TranscodeSettings") {
        closed_captions(settings, defects);
    }
}

/// Each service of closed captions becomes one track; `ClosedCaptionLanguage` states that of CC1.
fn closed_captions(settings: &Group, defects: &mut Defects<'_>) {
    let service = |g: &Group| g.item("Service")?.value()?.try_as_service_ref().copied();
    let main = settings.item("ClosedCaptionLanguage");
    let main = main.map(|item| (CaptionService::CC1, position_of(item)));
    let stated = settings.group("ClosedCaptions");
    let stated = stated.into_iter().flat_map(|g| g.groups("ClosedCaption"));
    let stated = stated.filter_map(|g| Some((service(g)?, position_of(g.item("Service")?))));
    let expected = "each service once (ClosedCaptionLanguage is that of CC1)";
    let clash = |service: &CaptionService| format!("{service} again");
    unique(main.into_iter().chain(stated), expected, clash, defects);
}

fn resolution(mezzanine: &Group, defects: &mut Defects<'_>) {
    let (width, height) = ("ResolutionWidth", "ResolutionHeight");
    for (one, other) in [(width, height), (height, width)] {
        if let (Some(item), None) = (mezzanine.item(one), mezzanine.item(other)) {
            let expected = format!("{other} together with {one}");
            defects.error(item.at, &item.path, expected, format!("only {one}"));
        }
    }
}

/// Two timecodes, or two times in seconds, are in order at any frame rate.
fn points(mezzanine: &Group, defects: &mut Defects<'_>) {
    let point = |name| {
        let item = mezzanine.item(name)?;
        Some((item, *item.value()?.try_as_point_ref()?))
    };
    let (Some((_, start)), Some((item, end))) = (point("InPoint"), point("OutPoint")) else {
        return;
    };
    let reversed = match (start, end) {
        (Point::Micros(start), Point::Micros(end)) => start >= end,
        (Point::Timecode(start), Point::Timecode(end)) => start.counted_as(end) >= end,
        _ => false,
    };
    if reversed {
        let expected = format!("an OutPoint after InPoint {start}");
        defects.error(item.at, &item.path, expected, end.to_string());
    }
}

fn audio(tracks: &[&Group], defects: &mut Defects<'_>) {
    let whole = tracks.iter().zip(0..);
    let whole = whole.filter(|(track, _)| track.item("ChannelMap").is_none());
    let indices = whole.filter_map(|(track, default)| {
        let stated = track.item("TrackIndex").map(position_of);
        let position = stated.unwrap_or((track.at, track.path.as_str()));
        Some((track_index(track, default)?, position))
    });
    let clash = |index: &u64| format!("{index} again");
    let expected = "each TrackIndex once (by default, the position of the track from 0)";
    unique(indices, expected, clash, defects);
    common(tracks, false, defects);
    for track in tracks {
        one_role(track, defects);
        channel_maps(track, defects);
    }
}

/// `IsDescriptive` is the older form of the role `description`.
fn one_role(track: &Group, defects: &mut Defects<'_>) {
    let contradictory = track
        .flag("IsDescriptive")
        .is_some_and(|is| is != role(track).is_description());
    if let Some(item) = track.item("Role").filter(|_| contradictory) {
        let expected = "the role description if IsDescriptive is true, another one if it is false";
        let found: &str = role(track).into();
        defects.error(item.at, &item.path, expected, found);
    }
}

/// The role of an audio track.
pub(super) fn role(track: &Group) -> AudioRole {
    let stated = track
        .item("Role")
        .and_then(|item| item.value()?.try_as_role_ref().copied());
    match track.flag("IsDescriptive") {
        Some(true) => stated.unwrap_or(AudioRole::Description),
        _ => stated.unwrap_or_default(),
    }
}

/// A channel map replaces `TrackIndex` and `Channels`. A surround mix apart is a map of six or eight channels beside one of
/// one or two.
fn channel_maps(track: &Group, defects: &mut Defects<'_>) {
    let map = track.item("ChannelMap");
    for name in ["TrackIndex", "Channels"] {
        if let (Some(item), Some(_)) = (track.item(name), map) {
            let expected = format!("{name} or ChannelMap, not both");
            defects.error(item.at, &item.path, expected, "both");
        }
    }
    let count = |item: &Item| Some(item.value()?.try_as_map_ref()?.channels().len());
    let Some((item, channels)) = track
        .item("SurroundChannelMap")
        .and_then(|i| Some((i, count(i)?)))
    else {
        return;
    };
    if channels < 6 {
        let expected = "6 or 8 channels";
        defects.error(item.at, &item.path, expected, format!("{channels}"));
    } else if map.is_none() || map.and_then(count).is_some_and(|channels| channels > 2) {
        let expected = "a ChannelMap of 1 or 2 channels together with SurroundChannelMap";
        let found = map
            .and_then(count)
            .map_or_else(|| "none".to_owned(), |n| format!("{n} channels"));
        defects.error(item.at, &item.path, expected, found);
    }
}

fn languages(tracks: &[&Group], expected: &str, defects: &mut Defects<'_>) {
    let languages = tracks.iter().filter_map(|t| {
        let position = position_of(t.item("Language")?);
        Some(((t.text("Language")?, purpose(t)), position))
    });
    let clash = |(language, purpose): &(String, &str)| again(language, purpose);
    unique(languages, expected, clash, defects);
}

/// The position of a track among the audio streams, if it is valid.
pub(super) fn track_index(track: &Group, position: u64) -> Option<u64> {
    match track.item("TrackIndex") {
        Some(_) => track.number("TrackIndex"),
        None => Some(position),
    }
}

fn subtitles(tracks: &[&Group], defects: &mut Defects<'_>) {
    let expected =
        "each language once among the forced, once among the SDH and once among the other tracks";
    languages(tracks, expected, defects);
    common(tracks, true, defects);
    for track in tracks {
        known_format(track, defects);
        one_purpose(track, defects);
    }
}

/// What distinguishes a track from another one of its language; empty for the main track.
fn purpose(track: &Group) -> &'static str {
    let is = |name| track.flag(name).unwrap_or(false);
    match (is("IsForced"), is("IsSDH"), role(track)) {
        (true, _, _) => "forced",
        (_, true, _) => "SDH",
        (_, _, AudioRole::Main) => "",
        (_, _, role) => role.into(),
    }
}

fn again(language: &str, purpose: &str) -> String {
    let gap = if purpose.is_empty() { "" } else { " " };
    format!("{purpose}{gap}{} again", quoted(language))
}

/// A track is either forced (the few lines that every viewer needs) or SDH (all lines), never both.
fn one_purpose(track: &Group, defects: &mut Defects<'_>) {
    let both = track.flag("IsForced") == Some(true) && track.flag("IsSDH") == Some(true);
    if let Some(item) = track.item("IsSDH").filter(|_| both) {
        let expected = "IsForced or IsSDH, not both";
        defects.error(item.at, &item.path, expected, "both");
    }
}

/// Labels are unique, and at most one track is the default (RFC 8216, 4.3.4.1.1: NAME and DEFAULT of a group).
///
/// `languages` states whether two tracks of one language and purpose have been reported already.
fn common(tracks: &[&Group], languages: bool, defects: &mut Defects<'_>) {
    // Two such tracks without labels violate one rule.
    let mut derived = HashSet::new();
    let labels = tracks.iter().filter_map(|t| {
        let (item, label) = (t.item("Label").or_else(|| t.item("Language"))?, label(t)?);
        let again = t.item("Label").is_none() && !derived.insert(label.clone());
        let reported = languages && again;
        (!reported).then(|| (label, position_of(item)))
    });
    let clash = |label: &String| format!("{} again", quoted(label));
    let expected = "each Label once (by default, the language)";
    unique(labels, expected, clash, defects);
    let defaults = tracks.iter().filter_map(|t| {
        let item = t.item("IsDefault")?;
        t.flag("IsDefault")?.then(|| ((), position_of(item)))
    });
    let clash = |(): &()| "another one".into();
    unique(defaults, "at most one default track", clash, defects);
}

/// The name that a player shows for a track, if its elements are valid.
pub(super) fn label(track: &Group) -> Option<String> {
    if track.item("Label").is_some() {
        return track.text("Label");
    }
    let language = track.text("Language")?;
    Some(match purpose(track) {
        "" => language,
        purpose => format!("{language} ({purpose})"),
    })
}

fn known_format(track: &Group, defects: &mut Defects<'_>) {
    let (Some(item), Some(key)) = (track.item("FilePath"), track.text("FilePath")) else {
        return;
    };
    if track.item("Format").is_none() && format(track).is_none() {
        let expected = "an element Format, or one of the extensions .srt .vtt .webvtt .ass .ssa .ttml .dfxp .imsc";
        defects.error(item.at, &item.path, expected, quoted(&key));
    }
}

/// The format of a caption file: as stated, or as its extension implies.
pub(super) fn format(track: &Group) -> Option<CaptionFormat> {
    match track.item("Format") {
        Some(item) => item.value()?.try_as_format_ref().copied(),
        None => CaptionFormat::of_key(&track.text("FilePath")?),
    }
}

/// The byte offset and the path of a possible defect.
type Position<'a> = (usize, &'a str);

fn position_of(item: &Item) -> Position<'_> {
    (item.at, &item.path)
}

/// Reports every repetition of a value.
fn unique<'a, T: Eq + Hash>(
    values: impl Iterator<Item = (T, Position<'a>)>,
    expected: &str,
    clash: impl Fn(&T) -> String,
    defects: &mut Defects<'_>,
) {
    let mut first: HashMap<T, usize> = HashMap::new();
    for (value, (at, path)) in values {
        match first.get(&value) {
            Some(first) => {
                defects.repeated(at, path, expected, clash(&value), *first);
            }
            None => drop(first.insert(value, at)),
        }
    }
}
