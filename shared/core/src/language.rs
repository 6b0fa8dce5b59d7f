//! Language tags of containers (ISO 639-2) as the tags of a manifest (BCP 47), with their English names.

use oxilangtag::LanguageTag;

/// Three-letter codes of both kinds, the two-letter code, the name.
const LANGUAGES: &[(&str, &str, &str, &str)] = &[
    ("alb", "sqi", "sq", "Albanian"),
    ("ara", "ara", "ar", "Arabic"),
    ("baq", "eus", "eu", "Basque"),
    ("ben", "ben", "bn", "Bengali"),
    ("bos", "bos", "bs", "Bosnian"),
    ("bul", "bul", "bg", "Bulgarian"),
    ("cat", "cat", "ca", "Catalan"),
    ("chi", "zho", "zh", "Chinese"),
    ("cze", "ces", "cs", "Czech"),
    ("dan", "dan", "da", "Danish"),
    ("dut", "nld", "nl", "Dutch"),
    ("eng", "eng", "en", "English"),
    ("est", "est", "et", "Estonian"),
    ("fas", "per", "fa", "Persian"),
    ("fil", "fil", "fil", "Filipino"),
    ("fin", "fin", "fi", "Finnish"),
    ("fre", "fra", "fr", "French"),
    ("ger", "deu", "de", "German"),
    ("gle", "gle", "ga", "Irish"),
    ("glg", "glg", "gl", "Galician"),
    ("gre", "ell", "el", "Greek"),
    ("heb", "heb", "he", "Hebrew"),
    ("hin", "hin", "hi", "Hindi"),
    ("hrv", "hrv", "hr", "Croatian"),
    ("hun", "hun", "hu", "Hungarian"),
    ("ice", "isl", "is", "Icelandic"),
    ("ind", "ind", "id", "Indonesian"),
    ("ita", "ita", "it", "Italian"),
    ("jpn", "jpn", "ja", "Japanese"),
    ("kor", "kor", "ko", "Korean"),
    ("lav", "lav", "lv", "Latvian"),
    ("lit", "lit", "lt", "Lithuanian"),
    ("mac", "mkd", "mk", "Macedonian"),
    ("mal", "mal", "ml", "Malayalam"),
    ("may", "msa", "ms", "Malay"),
    ("nno", "nno", "nn", "Norwegian Nynorsk"),
    ("nob", "nob", "nb", "Norwegian Bokmål"),
    ("nor", "nor", "no", "Norwegian"),
    ("pol", "pol", "pl", "Polish"),
    ("por", "por", "pt", "Portuguese"),
    ("rum", "ron", "ro", "Romanian"),
    ("rus", "rus", "ru", "Russian"),
    ("slo", "slk", "sk", "Slovak"),
    ("slv", "slv", "sl", "Slovenian"),
    ("spa", "spa", "es", "Spanish"),
    ("srp", "srp", "sr", "Serbian"),
    ("swe", "swe", "sv", "Swedish"),
    ("tam", "tam", "ta", "Tamil"),
    ("tel", "tel", "te", "Telugu"),
    ("tha", "tha", "th", "Thai"),
    ("tur", "tur", "tr", "Turkish"),
    ("ukr", "ukr", "uk", "Ukrainian"),
    ("urd", "urd", "ur", "Urdu"),
    ("vie", "vie", "vi", "Vietnamese"),
    ("wel", "cym", "cy", "Welsh"),
];

/// The tag of a language that is not known (ISO 639-2).
pub const UNKNOWN: &str = "und";

/// The BCP 47 tag of a container's tag. One that is not known is brought to its usual case
/// where it has the form of a tag; else it is [`UNKNOWN`].
#[must_use]
pub fn tag(container: &str) -> String {
    let lower = container.to_ascii_lowercase();
    let known = LANGUAGES
        .iter()
        .find(|(b, t, ..)| *b == lower || *t == lower);
    match known {
        Some((_, _, tag, _)) => (*tag).to_owned(),
        None => normalized(container).unwrap_or_else(|| UNKNOWN.to_owned()),
    }
}

/// The English name of a tag's language; the tag itself where it is not known.
#[must_use]
pub fn name(tag: &str) -> String {
    let language = tag.split('-').next().unwrap_or(tag);
    let known = LANGUAGES.iter().find(|(_, _, two, _)| *two == language);
    known.map_or_else(|| tag.to_owned(), |(.., name)| (*name).to_owned())
}

/// Canonical case of a well-formed tag (RFC 5646, 2.1) whose language has two or three letters: no longer ones are
/// registered, and names such as `Japanese` are well-formed as such.
#[must_use]
pub fn normalized(text: &str) -> Option<String> {
    const LONGEST: usize = 35;
    let tag = LanguageTag::parse_and_normalize(text).ok()?;
    let fits = text.len() <= LONGEST && matches!(tag.primary_language().len(), 2 | 3);
    fits.then(|| tag.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_tags_become_manifest_tags() {
        for (container, expected) in [
            ("jpn", "ja"),
            ("ger", "de"),
            ("deu", "de"),
            ("en-GB", "en-GB"),
            ("PT-br", "pt-BR"),
            ("HRV", "hr"),
            ("", "und"),
            ("???", "und"),
        ] {
            assert_eq!(tag(container), expected, "{container}");
        }
        assert_eq!(name("pt-BR"), "Portuguese");
        assert_eq!(name("tlh"), "tlh");
    }
}
