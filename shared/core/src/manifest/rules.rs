//! The rules that hold between values. They look at what is there, so that one refused value hides no other defect.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::CaptionFormat;
use super::defects::{Defects, quoted};
use super::value::Value;
use super::walk::{Group, Item};

/// Checks the whole manifest.
pub(super) fn check(root: &Group, defects: &mut Defects<'_>) {
    if let Some(mezzanine) = root.group("Mezzanine") {
        resolution(mezzanine, defects);
    }
    if let Some(tracks) = root.group("AudioTracks") {
        let tracks: Vec<&Group> = tracks.groups("AudioTrack").collect();
        audio(&tracks, defects);
    }
    if let Some(tracks) = root.group("SubtitleTracks") {
        let tracks: Vec<&Group> = tracks.groups("SubtitleTrack").collect();
        subtitles(&tracks, defects);
    }
}

fn resolution(mezzanine: &Group, defects: &mut Defects<'_>) {
    let (width, height) = ("ResolutionWidth", "ResolutionHeight");
    for (one, other) in [(width, height), (height, width)] {
        if let (Some(item), None) = (mezzanine.item(one), mezzanine.item(other)) {
            let expected = format!("{other} beside {one}");
            defects.error(item.at, &item.path, expected, format!("no {other}"));
        }
    }
}

fn audio(tracks: &[&Group], defects: &mut Defects<'_>) {
    let languages = tracks.iter().filter_map(|t| {
        let place = Place::of_item(t.item("Language")?);
        Some(((t.text("Language")?, purpose(t)), place))
    });
    let clash = |(language, purpose): &(String, &str)| again(language, purpose);
    let expected = "each language once among the descriptive and once among the other tracks";
    unique(languages, expected, clash, defects);
    let indices = tracks.iter().zip(0..).filter_map(|(track, position)| {
        let place = track.item("TrackIndex").map(Place::of_item);
        Some((
            track_index(track, position)?,
            place.unwrap_or(Place::of_group(track)),
        ))
    });
    let clash = |index: &u64| format!("stream {index} again");
    unique(
        indices,
        "each TrackIndex once (a track without has its position from 0)",
        clash,
        defects,
    );
    common(tracks, defects);
}

/// A track's stream, where it is not refused.
pub(super) fn track_index(track: &Group, position: u64) -> Option<u64> {
    match track.item("TrackIndex") {
        Some(_) => track.number("TrackIndex"),
        None => Some(position),
    }
}

fn subtitles(tracks: &[&Group], defects: &mut Defects<'_>) {
    let languages = tracks.iter().filter_map(|t| {
        let place = Place::of_item(t.item("Language")?);
        Some(((t.text("Language")?, purpose(t)), place))
    });
    let clash = |(language, purpose): &(String, &str)| again(language, purpose);
    let expected =
        "each language once among the forced, once among the SDH and once among the other tracks";
    unique(languages, expected, clash, defects);
    common(tracks, defects);
    for track in tracks {
        told_format(track, defects);
        one_purpose(track, defects);
    }
}

/// What sets a track apart from another of its language; empty for the usual one.
fn purpose(track: &Group) -> &'static str {
    let is = |name| track.flag(name).unwrap_or(false);
    match (is("IsForced"), is("IsSDH"), is("IsDescriptive")) {
        (true, _, _) => "forced",
        (_, true, _) => "SDH",
        (_, _, true) => "description",
        _ => "",
    }
}

fn again(language: &str, purpose: &str) -> String {
    let gap = if purpose.is_empty() { "" } else { " " };
    format!("{purpose}{gap}{} again", quoted(language))
}

/// Forced subtitles are a few lines that everybody needs; captions for the deaf are all lines.
fn one_purpose(track: &Group, defects: &mut Defects<'_>) {
    let both = track.flag("IsForced") == Some(true) && track.flag("IsSDH") == Some(true);
    if let Some(item) = track.item("IsSDH").filter(|_| both) {
        let expected = "IsForced or IsSDH, not both";
        defects.error(item.at, &item.path, expected, "both");
    }
}

/// A player shows labels side by side and starts with one track (RFC 8216, 4.3.4.1.1: NAME is unique in its group and
/// at most one member is DEFAULT).
fn common(tracks: &[&Group], defects: &mut Defects<'_>) {
    // Two tracks of one language without labels break one rule, which is told already.
    let mut derived = HashSet::new();
    let labels = tracks.iter().filter_map(|t| {
        let (item, label) = (t.item("Label").or_else(|| t.item("Language"))?, label(t)?);
        let told = t.item("Label").is_none() && !derived.insert(label.clone());
        (!told).then(|| (label, Place::of_item(item)))
    });
    let clash = |label: &String| format!("{} again", quoted(label));
    unique(
        labels,
        "each Label once (a track without has its language)",
        clash,
        defects,
    );
    let defaults = tracks.iter().filter_map(|t| {
        let item = t.item("IsDefault")?;
        t.flag("IsDefault")?.then(|| ((), Place::of_item(item)))
    });
    unique(
        defaults,
        "at most one default track",
        |()| "another".into(),
        defects,
    );
}

/// What a player shows for a track, where nothing of it is refused.
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

fn told_format(track: &Group, defects: &mut Defects<'_>) {
    let (Some(item), Some(key)) = (track.item("FilePath"), track.text("FilePath")) else {
        return;
    };
    if track.item("Format").is_none() && format(track).is_none() {
        let expected =
            "the element Format, or an extension of .srt .vtt .webvtt .ass .ssa .ttml .dfxp .imsc";
        defects.error(item.at, &item.path, expected, quoted(&key));
    }
}

/// A caption file's format: as stated, or by its extension.
pub(super) fn format(track: &Group) -> Option<CaptionFormat> {
    match track.item("Format") {
        Some(item) => match item.value()? {
            Value::Format(format) => Some(*format),
            _ => None,
        },
        None => CaptionFormat::of_key(&track.text("FilePath")?),
    }
}

/// Where a defect would be.
struct Place<'a> {
    at: usize,
    path: &'a str,
}

impl<'a> Place<'a> {
    fn of_item(item: &'a Item) -> Self {
        Self {
            at: item.at,
            path: &item.path,
        }
    }

    fn of_group(group: &'a Group) -> Self {
        Self {
            at: group.at,
            path: &group.path,
        }
    }
}

/// Notes every value that was there before.
fn unique<'a, T: Eq + Hash>(
    values: impl Iterator<Item = (T, Place<'a>)>,
    expected: &str,
    clash: impl Fn(&T) -> String,
    defects: &mut Defects<'_>,
) {
    let mut first: HashMap<T, usize> = HashMap::new();
    for (value, place) in values {
        match first.get(&value) {
            Some(first) => {
                defects.repeated(place.at, place.path, expected, clash(&value), *first);
            }
            None => drop(first.insert(value, place.at)),
        }
    }
}
