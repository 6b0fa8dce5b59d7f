//! The MPD (ISO/IEC 23009-1): a parser, and a model whose addressing is expanded to segments.
//!
//! # The problem
//! An MPD rarely lists segments. A `SegmentTemplate` with a `SegmentTimeline`, inherited over three levels, generates
//! their URLs and times. To check that each one exists and lasts as long as declared, the template must be expanded
//! exactly as a client does it.
//!
//! # The idea
//! [`parse`] reads the document with `roxmltree`, which knows the position of every node and rejects document type
//! declarations, and expands the addressing of every representation into [`MpdSegment`]s, each with the line that
//! declares it. Elements keep their attributes as text, so that rules can report what is written. Faults are recorded
//! with the rule that covers them, as in [`crate::hls`].
//!
//! # Invariants
//! - Times are integer ticks or nanoseconds. `xs:duration` is parsed exactly.
//! - Expansion is bounded: a repeat count from the document cannot exhaust memory.
//! - URLs are resolved to paths below the output prefix; one that leads elsewhere is a fault and has no segment.
//! - If the parser finds no fault and `dash-mpd` reads the document too, it must find the same periods and
//!   representations (`DSH-01`). That crate may overflow on unusual durations and dates, so it only gets documents whose
//!   times were checked before.
//! - Segments that a segment index declares replace the file that contains them as soon as the index was read
//!   ([`Index`]).
//!
//! # Example
//! ```
//! let text = r#"<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT8S">
//!   <Period><AdaptationSet mimeType="video/mp4"><Representation id="v1" bandwidth="1">
//!     <SegmentTemplate duration="4" initialization="$RepresentationID$/i.mp4" media="$RepresentationID$/$Number$.m4s"/>
//!   </Representation></AdaptationSet></Period></MPD>"#;
//! let mpd = reelsmith_conformance::dash::parse("manifest.mpd", text.as_bytes());
//! let (_, representation) = mpd.representations().next().unwrap();
//! let paths: Vec<&str> = representation.segments.iter().map(|s| &*s.path).collect();
//! assert_eq!(paths, ["v1/1.m4s", "v1/2.m4s"]);
//! ```

mod duration;
mod index;
mod parser;
mod schema;
mod template;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::fault::TextFault;
use crate::path::Part;

pub use duration::{XsDuration, xs_duration};
pub use index::{Index, IndexEntry};

/// The attributes of an element, and its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Line from 1.
    pub line: u32,
    /// Attributes without a namespace.
    pub attributes: BTreeMap<String, String>,
}

impl Element {
    /// An attribute as text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// An attribute as an unsigned integer.
    pub fn integer(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

/// An MPD, with its faults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mpd {
    /// Whether it is well-formed XML. If not, there is nothing but the fault.
    pub readable: bool,
    pub root: Element,
    pub periods: Vec<Period>,
    /// `BaseURL` elements and `xlink:href` attributes of all levels.
    pub references: Vec<Reference>,
    pub faults: Vec<TextFault>,
}

impl Mpd {
    /// Every representation with its adaptation set.
    pub fn representations(&self) -> impl Iterator<Item = (&AdaptationSet, &Representation)> {
        let sets = self.periods.iter().flat_map(|p| &p.sets);
        sets.flat_map(|s| s.representations.iter().map(move |r| (s, r)))
    }

    /// Whether it is the MPD of a live presentation.
    pub fn is_dynamic(&self) -> bool {
        self.root.get("type") == Some("dynamic")
    }

    /// `mediaPresentationDuration` in nanoseconds.
    pub fn duration(&self) -> Option<i128> {
        let text = self.root.get("mediaPresentationDuration")?;
        Some(xs_duration(text)?.nanos)
    }
}

/// A URI that is not a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Line from 1.
    pub line: u32,
    /// `BaseURL` or `xlink:href`.
    pub name: String,
    /// As written.
    pub text: String,
}

/// A `Period`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Period {
    pub element: Element,
    /// Start in nanoseconds; `None` if it is not known before the period begins.
    pub start: Option<i128>,
    /// Duration in nanoseconds, declared or up to the next period; `None` if the end is open.
    pub duration: Option<i128>,
    pub sets: Vec<AdaptationSet>,
}

/// An `AdaptationSet`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdaptationSet {
    pub element: Element,
    /// Values of `Role`.
    pub roles: Vec<String>,
    /// Whether its pictures are for fast playback only.
    pub is_trick_mode: bool,
    /// `ContentProtection` of this level.
    pub protection: Vec<ContentProtection>,
    /// Addressing elements of this level.
    pub addressing: Vec<Addressing>,
    pub representations: Vec<Representation>,
}

/// A `SegmentBase`, `SegmentList` or `SegmentTemplate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressing {
    /// Name of the element.
    pub mode: &'static str,
    pub element: Element,
    /// Whether it has a `SegmentTimeline` or inherits one.
    pub has_timeline: bool,
}

/// An `AudioChannelConfiguration` (5.8.5.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelConfiguration {
    /// `schemeIdUri`.
    pub scheme: String,
    pub value: String,
}

/// A `ContentProtection` (5.8.4.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentProtection {
    /// Line from 1.
    pub line: u32,
    /// `schemeIdUri`, in lower case.
    pub scheme: String,
    /// `value`: the scheme type, for example `cbcs`, in the descriptor of ISO/IEC 23001-7.
    pub value: Option<String>,
    /// `cenc:default_KID` as written.
    pub key_id: Option<String>,
}

/// What an adaptation set contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    Video,
    Audio,
    /// Captions.
    Text,
    /// Anything else, or not declared.
    Other,
}

impl AdaptationSet {
    /// The type by `contentType`, else by the MIME type of the set or of its first representation.
    pub fn content_type(&self) -> ContentType {
        let first = self.representations.first();
        let declared = [
            self.element.get("contentType"),
            self.element.get("mimeType"),
            first.and_then(|r| r.element.get("mimeType")),
        ];
        let known = declared.into_iter().flatten().find_map(|text| {
            Some(match text.split('/').next()? {
                "video" => ContentType::Video,
                "audio" => ContentType::Audio,
                "text" => ContentType::Text,
                _ => return None,
            })
        });
        known.unwrap_or(ContentType::Other)
    }

    /// An attribute of a representation, or of the set if the representation does not have it.
    pub fn attribute<'a>(&'a self, of: &'a Representation, name: &str) -> Option<&'a str> {
        of.element.get(name).or_else(|| self.element.get(name))
    }
}

/// A `Representation`, with its addressing expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Representation {
    pub element: Element,
    /// Addressing elements of this level.
    pub addressing: Vec<Addressing>,
    /// `ContentProtection` of this level.
    pub protection: Vec<ContentProtection>,
    /// `AudioChannelConfiguration` of this level, or of the set if this level has none.
    pub channels: Vec<ChannelConfiguration>,
    /// Columns and rows by the thumbnail descriptor of this level or of the set; `Some(None)` if its value is
    /// malformed.
    pub tiles: Option<Option<(u32, u32)>>,
    /// Ticks per second; 1 if not declared.
    pub timescale: u64,
    /// `presentationTimeOffset` in ticks: the time of the media at which the period starts.
    pub offset: u64,
    /// The initialization segment.
    pub init: Option<Part>,
    /// The segment index of a single file.
    pub index: Option<Part>,
    /// Whether the segments are those of the index.
    pub is_indexed: bool,
    /// Whether a reference leads out of the package. What it references is not judged.
    pub outside: bool,
    /// The segments. A single file, such as a caption file, is one segment without a time, until its index is read.
    pub segments: Vec<MpdSegment>,
}

/// A segment that an MPD references.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MpdSegment {
    /// Line of the element that declares it.
    pub line: u32,
    /// Path below the output prefix.
    pub path: String,
    /// Offset and length in bytes; `None` for the whole object.
    pub range: Option<(u64, u64)>,
    /// Start in ticks of the media timeline, if it is declared.
    pub time: Option<u64>,
    /// Duration in ticks, if it is declared.
    pub duration: Option<u64>,
    /// Whether time and duration come from `@duration`, from which the media may deviate by half of it.
    pub is_nominal: bool,
    /// Whether it may be absent: the last segment by `@duration`, if less than half of it is inside the period.
    pub is_optional: bool,
}

impl MpdSegment {
    /// The object or its part.
    pub fn part(&self) -> Part {
        Part {
            path: self.path.clone(),
            range: self.range,
        }
    }
}

/// Parses the MPD at `path`, below the output prefix. Faults do not stop it, unless it is not XML.
pub fn parse(path: &str, bytes: &[u8]) -> Mpd {
    parse_with(path, bytes, &|_| false)
}

/// As [`parse`]. A template without a declared end, as in a live presentation, is expanded as far as objects exist.
pub fn parse_with(path: &str, bytes: &[u8], exists: &dyn Fn(&str) -> bool) -> Mpd {
    let mut mpd = parser::parse(path, bytes, exists);
    if mpd.faults.is_empty() {
        mpd.faults.extend(compare_with_dash_mpd(&mpd, bytes));
    }
    mpd
}

/// Compares with an independent parser, if the document is safe to give to it.
fn compare_with_dash_mpd(mpd: &Mpd, bytes: &[u8]) -> Option<TextFault> {
    let text = std::str::from_utf8(bytes).ok()?;
    let document = roxmltree::Document::parse(text).ok()?;
    let mut attributes = document.descendants().flat_map(|n| n.attributes());
    if !attributes.all(|a| !is_time(a.name()) || is_safe_time(a.value())) {
        return None;
    }
    let count = |periods: usize, representations: usize| {
        format!("{periods} periods with {representations} representations")
    };
    let expected = count(mpd.periods.len(), mpd.representations().count());
    // The check above prevents every panic that is known; this catches the others.
    let found = match std::panic::catch_unwind(|| dash_mpd::parse(text)) {
        Ok(Ok(found)) => {
            let sets = found.periods.iter().flat_map(|p| &p.adaptations);
            count(
                found.periods.len(),
                sets.map(|s| s.representations.len()).sum(),
            )
        }
        // It rejects some valid documents, so only another number is a finding.
        Ok(Err(_)) | Err(_) => return None,
    };
    (expected != found).then(|| TextFault {
        rule: "DSH-01",
        line: mpd.root.line,
        expected,
        found: format!("{found} with an independent parser"),
    })
}

/// Whether `dash-mpd` parses the attribute as a duration or a date, which may overflow.
fn is_time(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.ends_with("time")
        || lower.ends_with("duration")
        || lower.contains("delay")
        || lower.contains("period")
        || matches!(name, "timeShiftBufferDepth" | "start")
}

fn is_safe_time(text: &str) -> bool {
    let integer = text.len() < 19 && text.bytes().all(|b| b.is_ascii_digit());
    integer || xs_duration(text).is_some() || is_utc(text)
}

/// Whether a text is `YYYY-MM-DDThh:mm:ss[.f]Z` by its shape.
fn is_utc(text: &str) -> bool {
    let Some((whole, fraction)) = text
        .strip_suffix('Z')
        .map(|t| t.split_once('.').unwrap_or((t, "0")))
    else {
        return false;
    };
    let digits = |b: u8| if b.is_ascii_digit() { b'0' } else { b };
    let shape: Vec<u8> = whole.bytes().map(digits).collect();
    shape == b"0000-00-00T00:00:00"
        && (1..=9).contains(&fraction.len())
        && fraction.bytes().all(|b| b.is_ascii_digit())
}
