//! The comparison of published captions with another reading of what was delivered, and what of it is a fault.

use serde::{Deserialize, Serialize};

/// Captions compared with their source. Times are milliseconds from the start of the programme.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptionComparison {
    /// The second reader, for example `ffmpeg's decoder of srt`.
    pub reader: String,
    /// Why the captions were not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_compared: Option<String>,
    /// Cues of the source within the programme, and published cues.
    pub expected: u32,
    pub found: u32,
    /// Malformed cues that were left out with a warning.
    pub left_out: u32,
    /// Cues of the source that are not published with their text at their time, and the first of them.
    pub missing: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_missing: Option<CueDifference>,
    /// Published cues that the source does not have with this text at this time, and the first of them.
    pub unexpected: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_unexpected: Option<CueDifference>,
    /// Published cues that start before the one before them, and the first of them.
    pub disordered: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_disordered: Option<CueDifference>,
}

/// A cue that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CueDifference {
    pub start_ms: i64,
    pub end_ms: i64,
    /// Its text without markup, shortened.
    pub text: String,
    /// The start of the nearest cue with this text on the other side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere_ms: Option<i64>,
}

/// What of the captions differs from their source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptionFault<'a> {
    Missing(&'a CueDifference),
    Unexpected(&'a CueDifference),
    Disordered(&'a CueDifference),
}

impl CaptionComparison {
    /// A comparison that could not be made.
    #[must_use]
    pub fn impossible(reason: impl Into<String>) -> Self {
        Self {
            not_compared: Some(reason.into()),
            ..Self::default()
        }
    }

    /// The kinds of faults, each with its first cue (SRC-06). As many cues may be missing as were left out with a warning. If
    /// some were, or the second reader found fewer cues, it may not have understood the others.
    #[must_use]
    pub fn faults(&self) -> Vec<CaptionFault<'_>> {
        let missing = self.first_missing.as_ref();
        let missing = missing.filter(|_| self.missing > self.left_out);
        let understood = self.left_out == 0 && self.expected >= self.found;
        let unexpected = self.first_unexpected.as_ref();
        let unexpected = unexpected.filter(|_| understood || missing.is_some());
        let faults = [
            missing.map(CaptionFault::Missing),
            unexpected.map(CaptionFault::Unexpected),
            self.first_disordered.as_ref().map(CaptionFault::Disordered),
        ];
        faults.into_iter().flatten().collect()
    }
}
