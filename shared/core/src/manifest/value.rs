//! One value: text to type, by the kind the table gives it. No float on the way.

use url::Url;

use super::CaptionFormat;
use super::defects::quoted;
use super::fields::Kind;
use super::key;
use crate::encoder::EncoderKind;
use crate::time::FrameRate;

/// A value that fits its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Names, titles, keys, checksums (lower case), dates, URLs, languages (canonical case).
    Text(String),
    /// Whole numbers, and durations in milliseconds.
    Number(u64),
    /// Booleans.
    Flag(bool),
    /// Frame rates.
    Rate(FrameRate),
    /// Caption formats.
    Format(CaptionFormat),
    /// Encoders.
    Encoder(EncoderKind),
}

/// Reads a value; white space around it is already gone.
///
/// # Errors
/// What was found, as the object of "found".
pub(super) fn read(kind: Kind, text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Err("nothing".into());
    }
    let value = match kind {
        Kind::Group(_) | Kind::Anything => None,
        Kind::Key => return key::check(text).map(|()| Value::Text(text.to_owned())),
        Kind::Text { max } => return plain(text, max, ""),
        Kind::Label => return plain(text, 64, "\""),
        Kind::SeriesId => series_id(text)?,
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
        Kind::CaptionFormat => CaptionFormat::of_name(text).map(Value::Format),
        Kind::Encoder => encoder(text).map(Value::Encoder),
    };
    value.ok_or_else(|| quoted(text))
}

fn is_id(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    text.len() <= 128 && text.bytes().all(fits)
}

fn series_id(text: &str) -> Result<Option<Value>, String> {
    let value = plain(text, 90, "")?;
    Ok(text
        .contains(|c: char| c.is_ascii_alphanumeric())
        .then_some(value))
}

/// Text without control characters, without the bidirectional ones that make a line read otherwise than it is
/// (embeddings, overrides, isolates), and without `forbidden`.
fn plain(text: &str, max: usize, forbidden: &str) -> Result<Value, String> {
    let length = text.chars().count();
    if length > max {
        return Err(format!("{length} characters: {}", quoted(text)));
    }
    if text.trim().is_empty() {
        return Err(format!("nothing but white space: {}", quoted(text)));
    }
    let wrong = |c: char| c.is_control() || is_deceptive(c) || forbidden.contains(c);
    match text.chars().enumerate().find(|(_, c)| wrong(*c)) {
        None => Ok(Value::Text(text.to_owned())),
        Some((at, c)) => {
            let (code, position) = (u32::from(c), at + 1);
            let text = quoted(text);
            Err(format!(
                "{c:?} (U+{code:04X}) at character {position} of {text}"
            ))
        }
    }
}

fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
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

/// A decimal as an integer over a power of ten, trailing zeros of the fraction dropped: `29.970` is (2997, 2).
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

/// The exact fraction of which a decimal of at least two places is the rounded or the cut form: 23.976, 23.98 and 23.97
/// all mean 24000/1001 (SMPTE ST 12-1 names the rates).
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

/// A date that exists (Gregorian calendar, years 1 to 9999).
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return false;
    }
    match (whole(year), whole(month), whole(day)) {
        (Some(year), Some(month), Some(day)) => year > 0 && (1..=days(year, month)).contains(&day),
        _ => false,
    }
}

fn days(year: u64, month: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// The URL stays as delivered. The URL standard drops tabs and line ends and reads a backslash as a slash, where other
/// readers do not: only the characters of RFC 3986 get as far as that.
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
        scheme => Err(format!("scheme {} in {}", quoted(scheme), quoted(text))),
    }
}

fn encoder(text: &str) -> Option<EncoderKind> {
    match text {
        "lambda" => Some(EncoderKind::Lambda),
        "mediaconvert" => Some(EncoderKind::MediaConvert),
        _ => None,
    }
}

impl CaptionFormat {
    /// The format of this name, in either case.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "srt" => Some(Self::Srt),
            "vtt" | "webvtt" => Some(Self::Vtt),
            "ass" | "ssa" => Some(Self::Ass),
            "ttml" | "dfxp" | "imsc" => Some(Self::Ttml),
            _ => None,
        }
    }

    /// The format by a file's extension.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let (_, extension) = key.rsplit('/').next()?.rsplit_once('.')?;
        Self::of_name(extension)
    }
}
