//! Faults of playlists and MPDs, as the parsers record them.

use std::fmt::Display;

/// What was expected, and what was found instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub expected: String,
    pub found: String,
}

impl Mismatch {
    pub(crate) fn new(expected: impl Display, found: impl Display) -> Self {
        Self {
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

/// A fault in a playlist or an MPD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFault {
    /// Identifier of the rule that reports it, for example `HLS-G04`.
    pub rule: &'static str,
    /// Line from 1.
    pub line: u32,
    pub expected: String,
    /// At most 120 characters.
    pub found: String,
}

/// The faults of one text. Their number is bounded, so that a broken file cannot exhaust memory.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub Vec<TextFault>);

const MAX_FAULTS: usize = 1_000;

impl Faults {
    pub fn add(
        &mut self,
        rule: &'static str,
        line: u32,
        expected: impl Display,
        found: impl Display,
    ) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(TextFault {
                rule,
                line,
                expected: expected.to_string(),
                found: shorten(&found.to_string()),
            });
        }
    }
}

/// The first 120 characters of a text that comes from the input.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
