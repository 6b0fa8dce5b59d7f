//! The strict parser of attribute lists (RFC 8216, 4.2).

use super::decimal_nanos;
use crate::fault::Faults;

/// An attribute as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    /// Value without quotes.
    pub value: String,
    pub quoted: bool,
}

/// The attributes of a tag, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub Vec<Attribute>);

impl Attributes {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|a| a.name == name);
        found.map(|a| a.value.as_str())
    }

    /// The value of a decimal-integer attribute.
    pub fn integer(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

/// The syntax of a value, with its description for messages.
#[derive(Clone, Copy, PartialEq, Eq, strum::Display)]
enum Syntax {
    #[strum(to_string = "a decimal integer")]
    Integer,
    #[strum(to_string = "a hexadecimal sequence such as 0x1F")]
    Hex,
    #[strum(to_string = "a decimal number")]
    Float,
    #[strum(to_string = "a quoted string")]
    Quoted,
    #[strum(to_string = "an enumerated string without quotes")]
    Enumerated,
    #[strum(to_string = "a resolution such as 1280x720")]
    Resolution,
    #[strum(to_string = "YES or NO without quotes")]
    YesNo,
}

impl Syntax {
    fn accepts(self, attribute: &Attribute) -> bool {
        let text = attribute.value.as_str();
        if attribute.quoted != (self == Self::Quoted) {
            return false;
        }
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        match self {
            Self::Quoted => !text.contains('"'),
            Self::Integer => digits(text) && text.parse::<u64>().is_ok(),
            Self::Hex => {
                let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
                hex.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_hexdigit()))
            }
            Self::Float => decimal_nanos(text.strip_prefix('-').unwrap_or(text)).is_some(),
            Self::Enumerated => !text.is_empty() && !text.contains(['"', ' ', '\t']),
            Self::Resolution => text.split_once('x').is_some_and(|(width, height)| {
                let valid = |n: &str| digits(n) && n.parse::<u32>().is_ok_and(|n| n > 0);
                valid(width) && valid(height)
            }),
            Self::YesNo => matches!(text, "YES" | "NO"),
        }
    }
}

/// The syntax of an attribute of a tag; `None` if the attribute is unknown and to be ignored.
fn syntax(tag: &str, name: &str) -> Option<Syntax> {
    Some(match name {
        "BANDWIDTH" | "AVERAGE-BANDWIDTH" | "PROGRAM-ID" => Syntax::Integer,
        "IV" => Syntax::Hex,
        "FRAME-RATE" | "SCORE" | "TIME-OFFSET" => Syntax::Float,
        "RESOLUTION" => Syntax::Resolution,
        "CLOSED-CAPTIONS" if tag == "EXT-X-STREAM-INF" => return None,
        "CLASS" | "ID" | "START-DATE" | "END-DATE" if tag == "EXT-X-DATERANGE" => Syntax::Quoted,
        "DURATION" | "PLANNED-DURATION" if tag == "EXT-X-DATERANGE" => Syntax::Float,
        "END-ON-NEXT" => Syntax::Enumerated,
        "TYPE" | "METHOD" | "HDCP-LEVEL" | "VIDEO-RANGE" => Syntax::Enumerated,
        "DEFAULT" | "AUTOSELECT" | "FORCED" | "PRECISE" => Syntax::YesNo,
        "URI"
        | "GROUP-ID"
        | "NAME"
        | "LANGUAGE"
        | "ASSOC-LANGUAGE"
        | "CHARACTERISTICS"
        | "CHANNELS"
        | "INSTREAM-ID"
        | "CODECS"
        | "SUPPLEMENTAL-CODECS"
        | "AUDIO"
        | "VIDEO"
        | "SUBTITLES"
        | "BYTERANGE"
        | "KEYFORMAT"
        | "KEYFORMATVERSIONS"
        | "DATA-ID" => Syntax::Quoted,
        _ => return None,
    })
}

/// Parses the attribute list of a tag. All faults belong to rule HLS-G04.
pub(super) fn parse(tag: &str, text: &str, line: u32, faults: &mut Faults) -> Attributes {
    let mut fault = |expected: String, found: String| faults.add("HLS-G04", line, expected, found);
    let mut attributes = Attributes::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (attribute, after) = match split_first(rest) {
            Ok(split) => split,
            Err(expected) => {
                fault(format!("{expected} in {tag}"), format!("{rest:?}"));
                break;
            }
        };
        let name = &attribute.name;
        if attributes.get(name).is_some() {
            fault(format!("{name} once in {tag}"), "a duplicate".to_owned());
        }
        if let Some(syntax) = syntax(tag, name).filter(|s| !s.accepts(&attribute)) {
            let quote = if attribute.quoted { "\"" } else { "" };
            let found = format!("{quote}{}{quote}", attribute.value);
            fault(format!("{name} to be {syntax}"), found);
        }
        attributes.0.push(attribute);
        rest = after;
    }
    if text.is_empty() || text.ends_with(',') {
        let expected = format!("an attribute at the end of {tag}");
        fault(expected, "nothing".to_owned());
    }
    attributes
}

/// The first attribute, and the text after the comma that follows it.
fn split_first(text: &str) -> Result<(Attribute, &str), &'static str> {
    let (name, rest) = text.split_once('=').ok_or("NAME=value")?;
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err("an attribute name of A-Z, 0-9 and -");
    }
    let (value, quoted, rest) = match rest.strip_prefix('"') {
        Some(inner) => {
            let (value, rest) = inner.split_once('"').ok_or("a closing quote")?;
            (value, true, rest)
        }
        None => {
            let end = rest.find(',').unwrap_or(rest.len());
            (&rest[..end], false, &rest[end..])
        }
    };
    if value.is_empty() && !quoted {
        return Err("a value");
    }
    let rest = match rest.strip_prefix(',') {
        Some(rest) => rest,
        None if rest.is_empty() => rest,
        None => return Err("a comma after a quoted string"),
    };
    let (name, value) = (name.to_owned(), value.to_owned());
    Ok((
        Attribute {
            name,
            value,
            quoted,
        },
        rest,
    ))
}

/// Values of `CHARACTERISTICS` (RFC 8216, 4.3.4.1; Apple HLS Authoring 2.12, 4.5), for packagers and for the rules.
pub mod characteristics {
    /// Of an audio description.
    pub const DESCRIBES_VIDEO: &str = "public.accessibility.describes-video";
    /// Of captions for the deaf and hard of hearing, together with [`DESCRIBES_SOUND`].
    pub const TRANSCRIBES_DIALOG: &str = "public.accessibility.transcribes-spoken-dialog";
    /// Of captions for the deaf and hard of hearing, together with [`TRANSCRIBES_DIALOG`].
    pub const DESCRIBES_SOUND: &str = "public.accessibility.describes-music-and-sound";

    /// Both values of captions for the deaf and hard of hearing.
    pub fn sdh() -> String {
        format!("{TRANSCRIBES_DIALOG},{DESCRIBES_SOUND}")
    }
}
