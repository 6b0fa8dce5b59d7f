//! Variables of `EXT-X-DEFINE` (RFC 8216bis, 4.3 and 4.4.2.3).

use std::collections::BTreeMap;

/// Values by name; `None` for a variable whose value the files do not contain.
pub type Variables = BTreeMap<String, Option<String>>;

/// What is known about a variable.
pub(super) enum Lookup<'a> {
    Known(&'a str),
    /// Defined, with a value that the files do not contain.
    Unknown,
    Undefined,
}

pub(super) fn lookup<'a>(name: &str, variables: &'a Variables) -> Lookup<'a> {
    match variables.get(name) {
        Some(Some(value)) => Lookup::Known(value),
        Some(None) => Lookup::Unknown,
        None => Lookup::Undefined,
    }
}

/// The text with known variables replaced, and the name of the first one that is not defined. Values are not replaced
/// again, so the result is bounded.
pub(super) fn substitute(text: &str, variables: &Variables) -> (String, Option<String>) {
    let (mut out, mut rest, mut undefined) = (String::new(), text, None);
    while let Some((before, name, after)) = first_reference(rest) {
        out.push_str(before);
        match lookup(name, variables) {
            Lookup::Known(value) => out.push_str(value),
            Lookup::Unknown => out.push_str(&rest[before.len()..rest.len() - after.len()]),
            Lookup::Undefined => {
                undefined = undefined.or_else(|| Some(name.to_owned()));
                out.push_str(&rest[before.len()..rest.len() - after.len()]);
            }
        }
        rest = after;
    }
    out.push_str(rest);
    (out, undefined)
}

/// Whether a text has a variable reference.
pub(super) fn has_reference(text: &str) -> bool {
    first_reference(text).is_some()
}

/// The text before the first reference, its name, and the text after it.
fn first_reference(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find("{$")?;
        let end = start + text[start..].find('}')?;
        let name = &text[start + 2..end];
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !name.is_empty() && name.bytes().all(allowed) {
            return Some((&text[..start], name, &text[end + 1..]));
        }
        from = start + 2;
    }
}
