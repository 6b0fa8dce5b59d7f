//! Bytes as text, and times in text.

use super::wrong;
use crate::error::MediaError;

/// Decodes UTF-8, or UTF-16 with a byte order mark; line ends become `\n`, NUL becomes U+FFFD (WebVTT, 4.1).
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
            "UTF-16, as its byte order mark says",
            "another encoding",
        )),
    }
}

/// Lines with their numbers from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1u32..).zip(text.split('\n'))
}

/// `[H…:]MM:SS[.,]f…` as milliseconds, rounded to nearest. `None` for anything else.
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

/// Digits after a decimal point as thousandths, rounded to nearest.
pub(super) fn thousandths(fraction: &str) -> Option<i64> {
    let kept = fraction.get(..fraction.len().min(9))?;
    let value = digits(kept)?;
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scale = 10i64.pow(u32::try_from(kept.len()).unwrap_or(9));
    Some((value * 1_000 + scale / 2) / scale)
}

/// `A --> B …` as milliseconds; what follows the times (positions) is dropped.
pub(super) fn timing(line: &str, number: u32, example: &str) -> Result<(i64, i64), MediaError> {
    let bad = || {
        let found: String = line.trim().chars().take(80).collect();
        wrong(number, format!("times as {example}"), format!("{found:?}"))
    };
    let (start, rest) = line.split_once("-->").ok_or_else(bad)?;
    let end = rest.split_ascii_whitespace().next().ok_or_else(bad)?;
    let start = clock(start.trim()).ok_or_else(bad)?;
    Ok((start, clock(end).ok_or_else(bad)?))
}
