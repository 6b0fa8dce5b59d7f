//! The MPD (ISO/IEC 23009-1): a model with positions, its addressing expanded to segments.
//!
//! `roxmltree` reads it, because it knows the position of every node and refuses document type declarations. `dash-mpd`
//! is the independent second reader; it accepts nearly anything and may overflow on odd durations, so it is given only
//! documents whose durations and dates were checked before.

mod build;
mod cross;
mod schema;
mod template;
mod time;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::fault::TextFault;

pub use time::{XsDuration, xs_duration};

/// An element's attributes and line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Line from 1.
    pub line: u32,
    /// Attributes without a namespace, by name.
    pub attributes: BTreeMap<String, String>,
}

impl Element {
    /// An attribute as text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// An attribute as an unsigned integer.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

/// An MPD, with everything that is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mpd {
    /// Whether it is XML at all; where it is not, there is only the fault.
    pub readable: bool,
    /// The root element.
    pub root: Element,
    /// The periods.
    pub periods: Vec<Period>,
    /// `BaseURL` elements and other references, wherever they stand, and whether each stays in the prefix.
    pub references: Vec<Reference>,
    /// What is wrong.
    pub faults: Vec<TextFault>,
}

/// A URI in an MPD that is not a segment: `BaseURL`, `xlink:href`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Line from 1.
    pub line: u32,
    /// The element or attribute.
    pub name: String,
    /// As written.
    pub text: String,
}

/// A `Period`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// The element.
    pub element: Element,
    /// The adaptation sets.
    pub sets: Vec<AdaptationSet>,
}

/// An `AdaptationSet`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdaptationSet {
    /// The element.
    pub element: Element,
    /// `Role` values.
    pub roles: Vec<String>,
    /// `ContentProtection` of this level.
    pub protection: Vec<ContentProtection>,
    /// Addressing elements of this level and of its period.
    pub addressing: Vec<Element>,
    /// The representations.
    pub representations: Vec<Representation>,
}

/// A `ContentProtection` (5.8.4.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentProtection {
    /// Line from 1.
    pub line: u32,
    /// `schemeIdUri`, in lower case.
    pub scheme: String,
    /// `value`: for the common descriptor the scheme type, for example `cbcs`.
    pub value: Option<String>,
    /// `cenc:default_KID` as written.
    pub key_id: Option<String>,
}

/// Kind of media of an adaptation set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Video.
    Video,
    /// Audio.
    Audio,
    /// Captions.
    Text,
    /// Anything else, or nothing said.
    Other,
}

impl Content {
    fn of(text: &str) -> Self {
        match text.split('/').next().unwrap_or_default() {
            "video" => Self::Video,
            "audio" => Self::Audio,
            "text" => Self::Text,
            _ => Self::Other,
        }
    }
}

impl AdaptationSet {
    /// Kind of media: `contentType`, else the MIME type of the set or of its first representation.
    #[must_use]
    pub fn content(&self) -> Content {
        let own = [
            self.element.get("contentType"),
            self.element.get("mimeType"),
        ];
        let first = self.representations.first();
        let first = first.and_then(|r| r.element.get("mimeType"));
        let said = own.into_iter().chain([first]).flatten();
        said.map(Content::of)
            .find(|c| *c != Content::Other)
            .unwrap_or(Content::Other)
    }

    /// An attribute of a representation, inherited from the set where it has none.
    #[must_use]
    pub fn attribute<'a>(&'a self, of: &'a Representation, name: &str) -> Option<&'a str> {
        of.element.get(name).or_else(|| self.element.get(name))
    }
}

/// A `Representation`, its addressing expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Representation {
    /// The element.
    pub element: Element,
    /// Addressing elements of this level.
    pub addressing: Vec<Element>,
    /// `ContentProtection` of this level.
    pub protection: Vec<ContentProtection>,
    /// `AudioChannelConfiguration/@value` of this level or the set.
    pub channels: Option<String>,
    /// Columns and rows of a thumbnail tile by this level or the set; `Some(None)` where the descriptor's value is none.
    pub tiles: Option<Option<(u32, u32)>>,
    /// The effective timescale; 1 where none is said.
    pub timescale: u64,
    /// `presentationTimeOffset` of the effective template.
    pub time_offset: u64,
    /// Path of the initialization segment, and its range where it is a part of an object.
    pub init: Option<(String, Option<(u64, u64)>)>,
    /// The segments. A single file, such as a sidecar of captions, is one segment without a time.
    pub segments: Vec<MpdSegment>,
    /// Whether it is one file by `BaseURL` alone.
    pub single_file: bool,
}

/// A segment that an MPD references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MpdSegment {
    /// Line of the element that gives it.
    pub line: u32,
    /// Path below the output prefix.
    pub path: String,
    /// Start in ticks, where it is known.
    pub time: Option<u64>,
    /// Duration in ticks, where it is known.
    pub duration: Option<u64>,
}

impl Mpd {
    /// Every adaptation set with every representation.
    pub fn representations(&self) -> impl Iterator<Item = (&AdaptationSet, &Representation)> {
        let sets = self.periods.iter().flat_map(|p| &p.sets);
        sets.flat_map(|s| s.representations.iter().map(move |r| (s, r)))
    }

    /// `mediaPresentationDuration` in nanoseconds.
    #[must_use]
    pub fn duration(&self) -> Option<i128> {
        let text = self.root.get("mediaPresentationDuration")?;
        Some(xs_duration(text)?.nanos)
    }
}

/// Reads the MPD at `path`. Never stops at the first fault, except where it is not XML.
#[must_use]
pub fn parse(path: &str, bytes: &[u8]) -> Mpd {
    let mut mpd = build::build(path, bytes);
    if mpd.faults.is_empty() {
        cross::check(&mut mpd, bytes);
    }
    mpd
}
