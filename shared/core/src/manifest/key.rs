//! The rule of object keys that come from outside: an allow-list, so that what is not understood is refused.

use super::defects::quoted;

/// Greatest length of a key in bytes. S3 allows 1,024; half is left for prefixes.
const LONGEST: usize = 512;

/// Letters by Unicode's tables that show as nothing: two keys that look the same must be the same.
const INVISIBLE_LETTERS: [char; 6] = [
    '\u{115F}', '\u{1160}', '\u{17B4}', '\u{17B5}', '\u{3164}', '\u{FFA0}',
];

/// Checks a key.
///
/// # Errors
/// What is wrong, and where in the key, as the object of "found".
pub(super) fn check(key: &str) -> Result<(), String> {
    if key.is_empty() {
        return Err("nothing".into());
    }
    if key.len() > LONGEST {
        return Err(format!("{} bytes: {}", key.len(), quoted(key)));
    }
    if let Some((at, c)) = key.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        let code = u32::from(c);
        let position = at + 1;
        return Err(format!(
            "{c:?} (U+{code:04X}) at character {position} of {}",
            quoted(key)
        ));
    }
    components(key)
}

fn allowed(c: char) -> bool {
    " ._()+@=&,'-/".contains(c) || (c.is_alphanumeric() && !INVISIBLE_LETTERS.contains(&c))
}

/// No component is empty, `.` or `..`: a key means the same to S3, to a file system and to a URL.
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
