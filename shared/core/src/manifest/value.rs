//! Converts the text of an element to a typed value. No conversion uses floating-point numbers.
//!
//! The error of a conversion is what was found, as the object of "found …"; the table has what was expected.

use strum::EnumTryAs;
use url::Url;

use super::CaptionFormat;
use super::defects::quoted;
use super::fields::Kind;
use crate::audio_track::{AudioRole, ChannelMap};
use crate::caption_service::CaptionService;
use crate::clip::Point;
use crate::encoder::EncoderKind;
use crate::tail::TailPolicy;
use crate::time::FrameRate;

#[derive(Clone, Debug, PartialEq, Eq, EnumTryAs)]
pub(super) enum Value {
    /// Names, titles, keys, checksums (lower case), dates, URLs, languages (canonical case).
    Text(String),
    Number(u64),
    Flag(bool),
    Rate(FrameRate),
    Format(CaptionFormat),
    Encoder(EncoderKind),
    Tail(TailPolicy),
    Service(CaptionService),
    Role(AudioRole),
    Map(ChannelMap),
    Point(Point),
}

/// Converts a text without surrounding white space.
pub(super) fn read(kind: Kind, text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Err("an empty value".into());
    }
    let value = match kind {
        Kind::Group(_) | Kind::Anything => None,
        Kind::Key => return key(text).map(|()| Value::Text(text.to_owned())),
        Kind::Text { max } => return plain(text, max, ""),
        Kind::Label => return plain(text, 64, "\""),
        Kind::SeriesId => return plain(text, 90, ""),
        Kind::Id => is_id(text).then(|| Value::Text(text.to_owned())),
        Kind::Integer { min, max } => whole(text)
            .filter(|n| (min..=max).contains(n))
            .map(Value::Number),
        Kind::Boolean => boolean(text).map(Value::Flag),
        Kind::Seconds => millis(text).map(Value::Number),
        Kind::Date => is_date(text).then(|| Value::Text(text.to_owned())),
        Kind::FrameRate => frame_rate(text).map(Value::Rate),
        Kind::Hex(lengths) => return hex(text, lengths),
        Kind::HttpsUrl => return https(text),
        Kind::Language => crate::language::normalized(text).map(Value::Text),
        Kind::CaptionFormat => text.parse().ok().map(Value::Format),
        Kind::Encoder => text.parse().ok().map(Value::Encoder),
        Kind::TailPolicy => text.parse().ok().map(Value::Tail),
        Kind::Point => text.parse().ok().map(Value::Point),
        Kind::CaptionService => text.parse().ok().map(Value::Service),
        Kind::AudioRole => text.parse().ok().map(Value::Role),
        Kind::ChannelMap => text.parse().ok().map(Value::Map),
    };
    value.ok_or_else(|| quoted(text))
}

fn is_id(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    text.len() <= 128 && text.bytes().all(fits)
}

/// Text without control characters, without bidirectional controls that make a line read differently from what it is
/// (embeddings, overrides, isolates), and without `forbidden`.
fn plain(text: &str, max: usize, forbidden: &str) -> Result<Value, String> {
    let length = text.chars().count();
    if length > max {
        return Err(format!("{length} characters: {}", quoted(text)));
    }
    if text.trim().is_empty() {
        return Err(format!("only white space: {}", quoted(text)));
    }
    let wrong = |c: char| c.is_control() || is_deceptive(c) || forbidden.contains(c);
    match text.chars().enumerate().find(|(_, c)| wrong(*c)) {
        None => Ok(Value::Text(text.to_owned())),
        Some((at, c)) => Err(character(text, at, c)),
    }
}

/// The text without the characters that [`plain`] refuses, at most `max` characters; `None` if nothing remains.
pub fn cleaned(text: &str, max: usize, forbidden: &str) -> Option<String> {
    let wrong = |c: &char| c.is_control() || is_deceptive(*c) || forbidden.contains(*c);
    let kept: String = text.chars().filter(|c| !wrong(c)).take(max).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// Whether a text can be a `FilePath`.
pub fn is_key(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && key(text).is_ok()
}

/// A forbidden character, at an index in characters.
fn character(text: &str, at: usize, c: char) -> String {
    let (code, position) = (u32::from(c), at + 1);
    let text = quoted(text);
    format!("{c:?} (U+{code:04X}) at character {position} of {text}")
}

fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Longest key in bytes, as S3 allows.
const MAX_KEY_BYTES: usize = 1_024;

/// Whether a character cannot be seen, although it makes a key another one. Joiners and variation selectors, which
/// belong to emoji and to several scripts, are no such characters.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{034F}'
            | '\u{061C}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FFA0}'
    )
}

/// Checks an object key from outside. S3 allows any text; refused is what cannot be seen or reads differently from what
/// it is, and the backslash, which separates folders on Windows and not in S3.
fn key(key: &str) -> Result<(), String> {
    if key.len() > MAX_KEY_BYTES {
        return Err(format!("{} bytes: {}", key.len(), quoted(key)));
    }
    if let Some((scheme, _)) = key.split_once("://") {
        return Err(format!(
            "a URL ({}) instead of a key: {}",
            quoted(scheme),
            quoted(key)
        ));
    }
    let wrong = |c: char| c == '\\' || c.is_control() || is_deceptive(c) || is_invisible(c);
    match key.chars().enumerate().find(|(_, c)| wrong(*c)) {
        Some((at, c)) => Err(character(key, at, c)),
        None => components(key),
    }
}

/// No component may be empty, `.` or `..`, so that a key means the same to S3, to a file system and in a URL.
fn components(key: &str) -> Result<(), String> {
    let mut position = 1;
    for component in key.split('/') {
        let wrong = match component {
            "" if position == 1 => Some("a leading '/'"),
            "" => Some("an empty component"),
            "." | ".." => Some("a '.' or '..' component"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            return Err(format!(
                "{wrong} at character {position} of {}",
                quoted(key)
            ));
        }
        position += component.chars().count() + 1;
    }
    Ok(())
}

/// Digits only: no sign, no exponent, no separators.
fn whole(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A decimal as an integer and a number of decimal places, without trailing zeros: `29.970` is (2997, 2).
fn decimal(text: &str) -> Option<(u64, u32)> {
    let (integer, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((integer, fraction)) => (integer, fraction.trim_end_matches('0')),
        None => (text, ""),
    };
    if integer.is_empty() || integer.len() > 9 || fraction.len() > 9 {
        return None;
    }
    let digits = whole(&format!("{integer}{fraction}"))?;
    Some((digits, u32::try_from(fraction.len()).ok()?))
}

/// Seconds to milliseconds, rounded to nearest.
fn millis(text: &str) -> Option<u64> {
    const LONGEST: u64 = 360_000_000;
    let (digits, places) = decimal(text)?;
    let unit = 10u64.checked_pow(places)?;
    let millis = (digits.checked_mul(1_000)?.checked_add(unit / 2)?) / unit;
    (1..=LONGEST).contains(&millis).then_some(millis)
}

/// `N`, `N/D` or a decimal, from 1 to 300 frames per second.
fn frame_rate(text: &str) -> Option<FrameRate> {
    let rate = match text.split_once('/') {
        Some((num, den)) => fraction(whole(num)?, whole(den)?),
        None => {
            let (digits, places) = decimal(text)?;
            ntsc(digits, places).or_else(|| fraction(digits, 10u64.checked_pow(places)?))
        }
    }?;
    (rate.num() >= rate.den() && !rate.exceeds(300)).then_some(rate)
}

fn fraction(num: u64, den: u64) -> Option<FrameRate> {
    FrameRate::new(u32::try_from(num).ok()?, u32::try_from(den).ok()?)
}

/// The exact fraction that a decimal of at least two places rounds or truncates: 23.976, 23.98 and 23.97 all mean
/// 24000/1001 (SMPTE ST 12-1 names the rates).
fn ntsc(digits: u64, places: u32) -> Option<FrameRate> {
    const NOMINAL: [u64; 7] = [15, 24, 30, 48, 60, 120, 240];
    if places < 2 {
        return None;
    }
    let unit = 10u64.checked_pow(places)?;
    let meant = NOMINAL.into_iter().find(|nominal| {
        let scaled = nominal * 1_000 * unit;
        digits == scaled / 1_001 || digits == (scaled + 500) / 1_001
    })?;
    fraction(meant * 1_000, 1_001)
}

fn hex(text: &str, lengths: &[usize]) -> Result<Value, String> {
    if let Some((at, c)) = text
        .chars()
        .enumerate()
        .find(|(_, c)| !c.is_ascii_hexdigit())
    {
        let position = at + 1;
        return Err(format!("{c:?} at character {position} of {}", quoted(text)));
    }
    if lengths.contains(&text.len()) {
        Ok(Value::Text(text.to_ascii_lowercase()))
    } else {
        Err(format!("{} digits: {}", text.len(), quoted(text)))
    }
}

/// Whether the text is `YYYY-MM-DD` and the date exists (Gregorian calendar, years 1 to 9999).
fn is_date(text: &str) -> bool {
    let date = text.parse::<jiff::civil::Date>();
    text.len() == "YYYY-MM-DD".len() && date.is_ok_and(|date| date.year() > 0)
}

/// The URL is kept as delivered. The URL standard ignores tabs and line ends and treats a backslash as a slash, and other
/// readers do not, so only the characters of RFC 3986 are accepted.
fn https(text: &str) -> Result<Value, String> {
    const LONGEST: usize = 2_048;
    let allowed = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
    if !text.bytes().all(allowed) || text.len() > LONGEST {
        return Err(quoted(text));
    }
    let url = Url::parse(text).map_err(|e| format!("{} ({e})", quoted(text)))?;
    let named = !url.username().is_empty() || url.password().is_some();
    match url.scheme() {
        "https" if named => Err(format!("a user name in {}", quoted(text))),
        "https" if text.len() > 8 && text[..8].eq_ignore_ascii_case("https://") => {
            Ok(Value::Text(text.to_owned()))
        }
        "https" => Err(quoted(text)),
        scheme => Err(format!("the scheme {} in {}", quoted(scheme), quoted(text))),
    }
}

impl CaptionFormat {
    /// The format that the extension of a file implies.
    pub fn of_key(key: &str) -> Option<Self> {
        let (_, extension) = key.rsplit('/').next()?.rsplit_once('.')?;
        extension.parse().ok()
    }
}
