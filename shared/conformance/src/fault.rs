//! Faults of texts: what a parser found wrong on a line, and which rule owns it.

use serde::{Deserialize, Serialize};

/// Something wrong in a playlist or an MPD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextFault {
    /// The rule that reports it, for example `HLS-G04`.
    pub rule: String,
    /// Line from 1.
    pub line: u32,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// The list a parser fills. It keeps a bounded number: a broken file must not flood memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<TextFault>);

const MAX_FAULTS: usize = 1_000;

impl Faults {
    /// Notes a fault.
    pub fn add(
        &mut self,
        rule: &str,
        line: u32,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(TextFault {
                rule: rule.to_owned(),
                line,
                expected: expected.into(),
                found: shorten(&found.into()),
            });
        }
    }
}

/// At most 120 characters of a text that somebody else wrote.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
