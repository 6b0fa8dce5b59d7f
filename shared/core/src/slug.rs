//! Readable identifiers made from names that people write.

use unicode_normalization::UnicodeNormalization as _;

use crate::digest::sha256_hex;

/// Characters that separate words. A name does not become another one if they are replaced.
const SEPARATORS: &str = " -_.,:;()[]{}'\"/&";

/// A name as ASCII letters and digits, and other ASCII characters that `keeps` selects, with one `-` in place of all
/// characters between them.
///
/// If the replaced characters are not only separators, or the name has more than `max` characters, a hyphen and eight
/// hexadecimal digits of the SHA-256 of the name follow, so that different names give different slugs. `fallback` stands
/// for a name without any usable character. Both Unicode forms of a name (NFC and NFD) give the same slug.
///
/// ```
/// use reelsmith_core::slug::slug;
///
/// assert_eq!(slug("[Group] Show - 01", "x", 90, |_| false), "Group-Show-01");
/// assert_eq!(slug("進撃の巨人 01", "x", 90, |_| false), "01-5cbf9ef3");
/// ```
pub fn slug(name: &str, fallback: &str, max: usize, keeps: impl Fn(char) -> bool) -> String {
    let name: String = name.nfc().collect();
    let usable = |c: char| c.is_ascii_alphanumeric() || (c.is_ascii() && keeps(c));
    let mut slug = String::new();
    for c in name.chars().take(max) {
        if usable(c) {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches(['-', '.']);
    let slug = if slug.is_empty() { fallback } else { slug };
    let replaced = |c: char| !usable(c) && !c.is_whitespace() && !SEPARATORS.contains(c);
    if name.chars().any(replaced) || name.chars().count() > max {
        let digest = sha256_hex(name.as_bytes());
        return format!("{slug}-{}", &digest[..8]);
    }
    slug.to_owned()
}
