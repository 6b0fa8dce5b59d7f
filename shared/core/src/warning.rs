//! Warnings about a delivery: what was repaired, replaced or left out, so that the output differs from what was delivered.
//!
//! A delivery that plays is not refused for a small defect, but nothing is changed silently either. Whoever changes
//! something makes a [`Warning`] and stores it in its record: [`Plan::warnings`](crate::plan::Plan::warnings) while
//! planning, [`ChunkRecord::warnings`](crate::record::ChunkRecord::warnings) and
//! [`TrackRecord::warnings`](crate::record::TrackRecord::warnings) in a worker. `validate-output` collects them with
//! [`collect`]; they are in report.json, report.html and the message of success, and never change the verdict.
//!
//! ```
//! use reelsmith_core::warning::{Place, Warning, WarningName};
//!
//! let warning = Warning::new(WarningName::CaptionCueDropped, "captions/en.srt")
//!     .at(Place::Line(7))
//!     .because("an end after the start", "00:00:03.500", "the cue is left out");
//! assert_eq!(
//!     warning.to_string(),
//!     "CaptionCueDropped: captions/en.srt, line 7: expected an end after the start, found 00:00:03.500; the cue is left out"
//! );
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumMessage as _, IntoStaticStr, VariantArray};

/// The stable name of a warning. Names are released and never change.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumMessage,
    IntoStaticStr,
    VariantArray,
)]
pub enum WarningName {
    /// A caption cue is malformed or is never shown, and is left out.
    CaptionCueDropped,
    /// Caption cues lie before or after the programme and are left out.
    CaptionCuesOutside,
    /// All times of a caption file begin at the programme's start timecode, which was subtracted.
    CaptionTimesShifted,
    /// The times of a caption file fit the programme with and without its start timecode; they were not changed.
    CaptionTimesAmbiguous,
    /// A caption file is not in Unicode; its encoding was guessed.
    CaptionEncodingGuessed,
    /// A caption file, stream or service has no cues, and its track is left out.
    CaptionTrackEmpty,
    /// Audio streams of the mezzanine that no track of the manifest uses are not published.
    AudioLeftOut,
    /// The timestamps of an audio stream jump. Gaps are filled with silence, and sound that overlaps is left out.
    AudioDiscontinuous,
    /// Audio before the first or after the last picture is left out.
    AudioTrimmed,
    /// The mezzanine has no video, and its audio is published alone.
    AudioOnly,
    /// Pictures of the mezzanine do not decode, or only in part.
    PictureDamaged,
    /// The audio lasts longer than the pictures, and the last picture is held until it ends.
    PictureHeld,
    /// The pictures are published without their Dolby Vision metadata, as their base layer is shown by other players.
    DolbyVisionDropped,
}

impl WarningName {
    /// Every name.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// What the name means, in one sentence.
    pub fn meaning(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}

/// A place in a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// A line of a text, from 1.
    Line(u32),
    /// A frame of the output, from 0.
    Frame(u64),
    /// Milliseconds from the start of the programme.
    Millis(i64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Frame(frame) => write!(f, "frame {frame}"),
            Self::Millis(millis) => {
                let (sign, m) = (if *millis < 0 { "-" } else { "" }, millis.unsigned_abs());
                let (hours, minutes, seconds) = (m / 3_600_000, m / 60_000 % 60, m / 1_000 % 60);
                write!(
                    f,
                    "{sign}{hours:02}:{minutes:02}:{seconds:02}.{:03}",
                    m % 1_000
                )
            }
        }
    }
}

/// Places that one warning lists; [`Warning::count`] counts all.
pub const MAX_PLACES: usize = 10;

/// One kind of deviation in one part of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub name: WarningName,
    /// The part of the delivery: the key of a file, or `stream 3` of the mezzanine, or a rendition's folder.
    pub source: String,
    /// How often it occurs, at least 1.
    pub count: u64,
    /// The first ten places, in order; empty if it concerns the whole source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// What was expected at the first place.
    pub expected: String,
    /// What was found at the first place.
    pub found: String,
    /// What was done instead, as a clause.
    pub treatment: String,
}

impl Warning {
    /// A warning that occurs once and concerns the whole source.
    pub fn new(name: WarningName, source: impl Into<String>) -> Self {
        Self {
            name,
            source: source.into(),
            count: 1,
            places: Vec::new(),
            expected: String::new(),
            found: String::new(),
            treatment: String::new(),
        }
    }

    /// With its first place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// With the number of occurrences.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    /// With what was expected and found, and what was done instead.
    #[must_use]
    pub fn because(
        mut self,
        expected: impl Into<String>,
        found: impl Into<String>,
        treatment: impl Into<String>,
    ) -> Self {
        self.expected = expected.into();
        self.found = found.into();
        self.treatment = treatment.into();
        self
    }

    /// Adds a warning to a list, or counts it in the warning of the same name and source. That one keeps its expected
    /// and found values.
    pub fn add_to(self, list: &mut Vec<Self>) {
        let same = |w: &&mut Self| w.name == self.name && w.source == self.source;
        let Some(first) = list.iter_mut().find(same) else {
            return list.push(self);
        };
        first.count = first.count.saturating_add(self.count);
        first.places.extend(self.places);
        first.places.sort_unstable();
        first.places.truncate(MAX_PLACES);
    }
}

/// The warnings of several records; those of one name and source are counted together.
pub fn collect<'a>(lists: impl IntoIterator<Item = &'a Vec<Warning>>) -> Vec<Warning> {
    let mut all = Vec::new();
    for warning in lists.into_iter().flatten() {
        warning.clone().add_to(&mut all);
    }
    all
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.source)?;
        for place in &self.places {
            write!(f, ", {place}")?;
        }
        if self.count > 1 {
            write!(f, " ({} times)", self.count)?;
        }
        let (expected, found, treatment) = (&self.expected, &self.found, &self.treatment);
        write!(f, ": expected {expected}, found {found}; {treatment}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_of_one_name_and_source_are_counted_together() {
        let drop = |line, source: &str| {
            Warning::new(WarningName::CaptionCueDropped, source)
                .at(Place::Line(line))
                .because("a time", "none", "the cue is left out")
        };
        let lists: Vec<Vec<Warning>> = (0..12)
            .map(|n| vec![drop(30 - n, "a.srt"), drop(n, "b.srt")])
            .collect();
        let all = collect(&lists);
        let shape: Vec<_> = all
            .iter()
            .map(|w| (&*w.source, w.count, w.places.len()))
            .collect();
        assert_eq!(shape, [("a.srt", 12, 10), ("b.srt", 12, 10)]);
        assert_eq!(all[0].places[0], Place::Line(19));
    }

    #[test]
    fn a_warning_is_json_with_its_name_and_places() {
        let warning = Warning::new(WarningName::CaptionCuesOutside, "captions/en.srt")
            .at(Place::Millis(36_001_000))
            .times(7)
            .because("cues within the programme", "7 of 8", "they are left out");
        let json = serde_json::to_string(&warning).unwrap();
        assert_eq!(
            json,
            r#"{"name":"CaptionCuesOutside","source":"captions/en.srt","count":7,"places":[{"millis":36001000}],"expected":"cues within the programme","found":"7 of 8","treatment":"they are left out"}"#
        );
        assert_eq!(
            warning.to_string(),
            "CaptionCuesOutside: captions/en.srt, 10:00:01.000 (7 times): expected cues within the programme, found 7 of 8; they are left out"
        );
    }

    #[test]
    fn every_name_has_a_meaning() {
        assert!(WarningName::ALL.iter().all(|n| n.meaning().ends_with('.')));
    }
}
