//! Collects defects by byte offset. Lines and columns are computed only for the defects that are shown.

use super::{Defect, Severity};

/// Most defects that are shown. If there are more, a last one states how many.
const MAX_SHOWN: usize = 200;
/// Most characters of a value that are shown.
const MAX_CHARACTERS: usize = 60;

/// A defect whose position is still a byte offset.
struct Raw {
    severity: Severity,
    offset: usize,
    path: String,
    expected: String,
    found: String,
    /// Offset of the first occurrence, if this is a repetition.
    first: Option<usize>,
}

pub(super) struct Defects<'a> {
    text: &'a str,
    list: Vec<Raw>,
}

impl<'a> Defects<'a> {
    /// No defects yet, for the text of a document without byte order mark.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            list: Vec::new(),
        }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Adds an error at a byte offset.
    pub(super) fn error(
        &mut self,
        offset: usize,
        path: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.add(Severity::Error, offset, path, expected, found, None);
    }

    /// Adds an error for a repetition of what is at the offset `first`.
    pub(super) fn repeated(
        &mut self,
        offset: usize,
        path: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
        first: usize,
    ) {
        self.add(Severity::Error, offset, path, expected, found, Some(first));
    }

    /// Adds a warning at a byte offset.
    pub(super) fn warning(
        &mut self,
        offset: usize,
        path: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.add(Severity::Warning, offset, path, expected, found, None);
    }

    fn add(
        &mut self,
        severity: Severity,
        offset: usize,
        path: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
        first: Option<usize>,
    ) {
        self.list.push(Raw {
            severity,
            offset,
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
            first,
        });
    }

    pub(super) fn any_error(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// The defects in document order, with lines and columns. If there are too many, errors are kept rather than warnings.
    pub(super) fn finish(mut self) -> Vec<Defect> {
        let hidden = self.list.len().saturating_sub(MAX_SHOWN);
        if hidden > 0 {
            self.list.sort_by_key(|d| d.severity == Severity::Warning);
            self.list.truncate(MAX_SHOWN);
        }
        self.list.sort_by_key(|d| d.offset);
        if hidden > 0 {
            let (at, path) = (self.text.len(), super::guard::DOCUMENT);
            let found = format!("{hidden} more, which are not shown");
            self.warning(at, path, format!("at most {MAX_SHOWN} defects"), found);
        }
        self.locate()
    }

    /// Finds all positions in one pass, because the list is in document order.
    fn locate(self) -> Vec<Defect> {
        let mut at = Cursor::new(self.text);
        let located = self.list.into_iter().map(|raw| {
            let (line, column) = at.position(raw.offset);
            let found = match raw
                .first
                .map(|first| Cursor::new(self.text).position(first))
            {
                Some((line, column)) => format!("{}; the first is at {line}:{column}", raw.found),
                None => raw.found,
            };
            Defect {
                severity: raw.severity,
                line,
                column,
                path: raw.path,
                expected: raw.expected,
                found,
            }
        });
        located.collect()
    }
}

/// Counts lines and columns forward.
struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
    column: u32,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            offset: 0,
            line: 1,
            column: 1,
        }
    }

    /// Line and column, from 1 and in characters, of an offset that is not before the previous one.
    fn position(&mut self, offset: usize) -> (u32, u32) {
        for c in self.text.get(self.offset..).unwrap_or_default().chars() {
            if self.offset + c.len_utf8() > offset {
                break;
            }
            self.offset += c.len_utf8();
            (self.line, self.column) = match c {
                '\n' => (self.line + 1, 1),
                _ => (self.line, self.column + 1),
            };
        }
        (self.line, self.column)
    }
}

/// Byte offset of a line and column, from 1 and in characters; the end of the text if there is no such position.
pub(super) fn offset(text: &str, line: u32, column: u32) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1) as usize)
        .map(str::len)
        .sum();
    let rest = text.get(start..).unwrap_or_default();
    let within = rest.char_indices().nth(column.saturating_sub(1) as usize);
    within.map_or(text.len(), |(at, _)| start + at)
}

/// A value in quotes, shortened, with invisible and control characters escaped.
pub(super) fn quoted(value: &str) -> String {
    match cut(value) {
        (shown, true) => format!("{:?}", format!("{shown}…")),
        (shown, false) => format!("{shown:?}"),
    }
}

/// A name or a message without quotes, shortened and escaped in the same way.
pub(super) fn shortened(value: &str) -> String {
    let (shown, more) = cut(value);
    let mut text = String::new();
    for c in shown.chars() {
        match c {
            '\'' | '"' | '\\' => text.push(c),
            _ => text.extend(c.escape_debug()),
        }
    }
    if more {
        text.push('…');
    }
    text
}

/// The first characters of a value, and whether there are more.
fn cut(value: &str) -> (&str, bool) {
    match value.char_indices().nth(MAX_CHARACTERS) {
        None => (value, false),
        Some((end, _)) => (value.get(..end).unwrap_or_default(), true),
    }
}
