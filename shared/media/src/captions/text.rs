//! What the readers share: decoding bytes to text, times in text, and building the text of a WebVTT cue.

use super::wrong;
use crate::error::MediaError;

/// Decodes UTF-8, or UTF-16 with a byte order mark. Line ends become `\n` and NUL becomes U+FFFD (WebVTT, 4.1).
pub(super) fn decode(bytes: &[u8]) -> Result<String, MediaError> {
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest)?,
        rest => utf8(rest)?,
    };
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    Ok(lines.replace('\0', "\u{FFFD}"))
}

fn utf8(bytes: &[u8]) -> Result<String, MediaError> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let (good, bad) = bytes.split_at(e.valid_up_to());
        let line = good.iter().filter(|b| **b == b'\n').count() + 1;
        let byte = bad.first().copied().unwrap_or_default();
        let found = format!("the byte 0x{byte:02x} of another encoding");
        wrong(u32::try_from(line).unwrap_or(u32::MAX), "UTF-8", found)
    })?;
    Ok(text.to_owned())
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, MediaError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(text),
        _ => Err(wrong(
            None,
            "UTF-16, as the byte order mark states",
            "another encoding",
        )),
    }
}

/// Lines with their numbers from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1u32..).zip(text.split('\n'))
}

/// A time `[H…:]MM:SS[.,]f…` in milliseconds, rounded to nearest. `None` for anything else.
pub(super) fn clock(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let parts: Vec<&str> = whole.split(':').collect();
    let (hours, minutes, seconds) = match parts[..] {
        [m, s] => (0, digits(m)?, digits(s)?),
        [h, m, s] => (digits(h)?, digits(m)?, digits(s)?),
        _ => return None,
    };
    if minutes > 59 || seconds > 59 || hours > 99_999 {
        return None;
    }
    Some((hours * 60 + minutes) * 60_000 + seconds * 1_000 + thousandths(fraction)?)
}

/// A non-negative decimal integer of at most nine digits.
pub(super) fn digits(text: &str) -> Option<i64> {
    let good = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten()
}

/// The digits after a decimal point as thousandths, rounded to nearest.
pub(super) fn thousandths(fraction: &str) -> Option<i64> {
    let kept = fraction.get(..fraction.len().min(9))?;
    let value = digits(kept)?;
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scale = 10i64.pow(u32::try_from(kept.len()).unwrap_or(9));
    Some((value * 1_000 + scale / 2) / scale)
}

/// The times of `A --> B …` in milliseconds. Cue settings after them are ignored.
pub(super) fn timing(line: &str, number: u32, example: &str) -> Result<(i64, i64), MediaError> {
    let bad = || wrong(number, format!("times as {example}"), quoted(line.trim()));
    let (start, rest) = line.split_once("-->").ok_or_else(bad)?;
    let end = rest.split_ascii_whitespace().next().ok_or_else(bad)?;
    let start = clock(start.trim()).ok_or_else(bad)?;
    Ok((start, clock(end).ok_or_else(bad)?))
}

/// The start of a malformed text, for an error message.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(80).collect::<String>())
}

/// Builds the text of a cue: escaped, with balanced tags, without empty lines.
#[derive(Debug, Default)]
pub(super) struct Payload {
    out: String,
    open: Vec<char>,
}

/// The styles that are kept: italics, bold, underline.
const KEPT: [char; 3] = ['i', 'b', 'u'];

impl Payload {
    /// Adds plain text and escapes it.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\n' => self.line_break(),
                c => self.out.push(c),
            }
        }
    }

    pub(super) fn line_break(&mut self) {
        self.out.push('\n');
    }

    /// Opens one of the kept styles, unless it is open.
    pub(super) fn open(&mut self, style: char) {
        if KEPT.contains(&style) && !self.open.contains(&style) {
            self.open.push(style);
            self.out.extend(['<', style, '>']);
        }
    }

    /// Closes a style. Styles that were opened within it are closed and opened again.
    pub(super) fn close(&mut self, style: char) {
        let Some(at) = self.open.iter().position(|s| *s == style) else {
            return;
        };
        let inner = self.open.split_off(at);
        for s in inner.iter().rev() {
            self.out.extend(['<', '/', *s, '>']);
        }
        for s in inner.iter().skip(1) {
            self.open(*s);
        }
    }

    /// The text. Empty lines would end the cue, so they are dropped.
    pub(super) fn finish(mut self) -> String {
        let end = self.out.trim_end().len();
        self.out.truncate(end);
        for s in std::mem::take(&mut self.open).iter().rev() {
            self.out.extend(['<', '/', *s, '>']);
        }
        let lines = self.out.split('\n').map(str::trim);
        let lines: Vec<&str> = lines.filter(|l| !l.is_empty()).collect();
        let text = lines.join("\n");
        if has_text(&text) { text } else { String::new() }
    }
}

/// Whether anything besides tags is left.
fn has_text(payload: &str) -> bool {
    let mut inside = false;
    payload.chars().any(|c| {
        let tag = inside || c == '<';
        inside = (inside || c == '<') && c != '>';
        !tag && !c.is_whitespace()
    })
}
