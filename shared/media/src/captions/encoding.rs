//! Bytes of a caption file as text.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

use super::{Fault, wrong};
use crate::error::MediaError;

/// A decoded file. Line ends are `\n`, and NUL is U+FFFD (WebVTT, 4.1).
#[derive(Debug)]
pub(super) struct Decoded {
    pub text: String,
    /// Where and why the encoding had to be guessed; `None` for Unicode, and for an encoding that the file declares.
    pub guessed: Option<Fault>,
}

/// Decodes UTF-8, UTF-16, the encoding of an XML declaration, or else the most likely encoding for a language.
///
/// # Errors
/// [`MediaError::Captions`] if the file begins with the byte order mark of UTF-16 and is not UTF-16.
pub(super) fn decode(bytes: &[u8], language: &str) -> Result<Decoded, MediaError> {
    let certain = |text: &str| Decoded {
        text: normalised(text),
        guessed: None,
    };
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, damaged) = encoding.decode_without_bom_handling(&bytes[mark..]);
        if !damaged {
            return Ok(certain(&text));
        }
        if encoding != UTF_8 {
            let expected = "UTF-16, as the byte order mark states";
            return Err(wrong(None, expected, "another encoding"));
        }
    }
    if let Some(encoding) = unmarked_utf16(bytes).or_else(|| declared(bytes)) {
        return Ok(certain(&encoding.decode_without_bom_handling(bytes).0));
    }
    // Its escape sequences are ASCII, so it is valid UTF-8 as well.
    let escapes = bytes.windows(2).any(|w| w == [0x1B, b'$']);
    match std::str::from_utf8(bytes) {
        Ok(text) if !escapes => Ok(certain(text)),
        Ok(_) => Ok(certain(&ISO_2022_JP.decode_without_bom_handling(bytes).0)),
        Err(error) => Ok(guessed(bytes, error.valid_up_to(), language)),
    }
}

fn guessed(bytes: &[u8], valid: usize, language: &str) -> Decoded {
    // A few damaged bytes in a file that otherwise is UTF-8 do not make it another encoding.
    let lossy = String::from_utf8_lossy(bytes);
    let damaged = lossy.matches('\u{FFFD}').count();
    let multibyte = lossy.chars().filter(|c| !c.is_ascii()).count() - damaged;
    let encoding = if multibyte > 4 * damaged {
        UTF_8
    } else {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(bytes, true);
        detector.guess(top_level_domain(language), Utf8Detection::Deny)
    };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let before = normalised(&String::from_utf8_lossy(&bytes[..valid]));
    let line = before.matches('\n').count() + 1;
    let byte = bytes.get(valid).copied().unwrap_or_default();
    let name = encoding.name();
    Decoded {
        text: normalised(&text),
        guessed: Some(Fault {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            expected: "UTF-8".to_owned(),
            found: format!("the byte 0x{byte:02x}, probably of {name}"),
        }),
    }
}

fn normalised(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.replace('\0', "\u{FFFD}")
}

/// UTF-16 without a byte order mark: much of any caption file is ASCII (digits, line ends), so every second byte is often
/// zero.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let head = &pairs[..pairs.len().min(512)];
    if head.is_empty() || !rest.is_empty() {
        return None;
    }
    let often =
        |at: usize| head.iter().filter(|p| p[at] == 0 && p[1 - at] != 0).count() * 4 > head.len();
    match (often(0), often(1)) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// The encoding of an XML declaration, unless it is the default.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(200))?;
    let head = String::from_utf8_lossy(head.trim_ascii_start());
    let (declaration, _) = head.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let label = value.trim_start().strip_prefix('=')?.trim();
    let label = label.trim_matches(['"', '\'', ' ']);
    let label = label.split(['"', '\'']).next()?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    (encoding.output_encoding() == encoding && encoding != UTF_8).then_some(encoding)
}

/// The top-level domain by which the detector expects the legacy encodings of a language.
fn top_level_domain(language: &str) -> Option<&'static [u8]> {
    let lower = language.to_ascii_lowercase();
    let domain: &[u8] = match lower.split('-').next().unwrap_or_default() {
        "ja" => b"jp",
        "ko" => b"kr",
        "zh" if ["tw", "hk", "hant"].iter().any(|r| lower.contains(r)) => b"tw",
        "zh" => b"cn",
        "el" => b"gr",
        "cs" => b"cz",
        "he" => b"il",
        "uk" => b"ua",
        "ar" => b"sa",
        "fa" => b"ir",
        "vi" => b"vn",
        "sr" => b"rs",
        "sl" => b"si",
        "et" => b"ee",
        "bg" => b"bg",
        "hu" => b"hu",
        "lt" => b"lt",
        "lv" => b"lv",
        "pl" => b"pl",
        "ro" => b"ro",
        "ru" => b"ru",
        "sk" => b"sk",
        "th" => b"th",
        "tr" => b"tr",
        _ => return None,
    };
    Some(domain)
}
