//! Attribute lists (RFC 8216, 4.2), strictly.

use crate::fault::Faults;

/// One attribute as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Name.
    pub name: String,
    /// Value without its quotes.
    pub value: String,
    /// Whether it was a quoted string.
    pub quoted: bool,
}

/// The attributes of a tag, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub Vec<Attribute>);

impl Attributes {
    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|a| a.name == name);
        found.map(|a| a.value.as_str())
    }

    /// The value of a decimal-integer attribute.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

/// Syntax of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    Integer,
    Hex,
    Float,
    Quoted,
    Enumerated,
    Resolution,
    YesNo,
}

impl Syntax {
    fn describe(self) -> &'static str {
        match self {
            Self::Integer => "a decimal integer",
            Self::Hex => "a hexadecimal sequence such as 0x1F",
            Self::Float => "a decimal number",
            Self::Quoted => "a quoted string",
            Self::Enumerated => "an enumerated string without quotes",
            Self::Resolution => "a resolution such as 1280x720",
            Self::YesNo => "YES or NO without quotes",
        }
    }

    fn accepts(self, attribute: &Attribute) -> bool {
        let text = attribute.value.as_str();
        if attribute.quoted != (self == Self::Quoted) {
            return false;
        }
        match self {
            Self::Quoted => !text.contains('"'),
            Self::Integer => text.parse::<u64>().is_ok() && !text.starts_with('+'),
            Self::Hex => {
                let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
                digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_hexdigit()))
            }
            Self::Float => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                super::decimal_nanos(digits).is_some()
            }
            Self::Enumerated => !text.is_empty() && !text.contains(['"', ' ', '\t']),
            Self::Resolution => text.split_once('x').is_some_and(|(w, h)| {
                [w, h].iter().all(|n| {
                    !n.is_empty()
                        && n.bytes().all(|b| b.is_ascii_digit())
                        && n.parse::<u32>().is_ok_and(|n| n > 0)
                })
            }),
            Self::YesNo => matches!(text, "YES" | "NO"),
        }
    }
}

/// The syntax of an attribute of a tag; `None` where the attribute is not known: such are to be ignored.
fn syntax(tag: &str, name: &str) -> Option<Syntax> {
    Some(match name {
        "BANDWIDTH" | "AVERAGE-BANDWIDTH" | "PROGRAM-ID" => Syntax::Integer,
        "IV" => Syntax::Hex,
        "FRAME-RATE" | "SCORE" | "TIME-OFFSET" => Syntax::Float,
        "RESOLUTION" => Syntax::Resolution,
        "CLOSED-CAPTIONS" if tag == "EXT-X-STREAM-INF" => return None,
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

/// Reads the attribute list of a tag; everything wrong belongs to rule HLS-G04.
pub(super) fn parse(tag: &str, text: &str, line: u32, faults: &mut Faults) -> Attributes {
    let mut attributes = Attributes::default();
    let mut rest = text;
    while !rest.is_empty() {
        match one(rest) {
            Ok((attribute, after)) => {
                check(tag, &attribute, &attributes, line, faults);
                attributes.0.push(attribute);
                rest = after;
            }
            Err(expected) => {
                faults.add(
                    "HLS-G04",
                    line,
                    format!("{expected} in {tag}"),
                    format!("{rest:?}"),
                );
                break;
            }
        }
    }
    if text.is_empty() || text.ends_with(',') {
        faults.add(
            "HLS-G04",
            line,
            format!("an attribute at the end of {tag}"),
            "nothing",
        );
    }
    attributes
}

fn check(tag: &str, attribute: &Attribute, before: &Attributes, line: u32, faults: &mut Faults) {
    let name = &attribute.name;
    if before.get(name).is_some() {
        faults.add("HLS-G04", line, format!("{name} once in {tag}"), "it twice");
    }
    if let Some(syntax) = syntax(tag, name)
        && !syntax.accepts(attribute)
    {
        let quote = if attribute.quoted { "\"" } else { "" };
        let found = format!("{quote}{}{quote}", attribute.value);
        faults.add(
            "HLS-G04",
            line,
            format!("{name} to be {}", syntax.describe()),
            found,
        );
    }
}

/// The first attribute of `text` and what follows the comma after it.
fn one(text: &str) -> Result<(Attribute, &str), &'static str> {
    let (name, rest) = text.split_once('=').ok_or("NAME=value")?;
    let named = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || !name.bytes().all(named) {
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
    let rest = match rest.strip_prefix(',') {
        Some(rest) => rest,
        None if rest.is_empty() => rest,
        None => return Err("a comma after a quoted string"),
    };
    if value.is_empty() && !quoted {
        return Err("a value");
    }
    Ok((
        Attribute {
            name: name.to_owned(),
            value: value.to_owned(),
            quoted,
        },
        rest,
    ))
}
