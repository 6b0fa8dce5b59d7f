//! Language tags: from the codes of containers (ISO 639-2) to the tags of a manifest (BCP 47), and English names.

use oxilangtag::LanguageTag;

/// The two three-letter codes (ISO 639-2/B and /T), the BCP 47 tag, and the English name.
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
    ("per", "fas", "fa", "Persian"),
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

/// The tag of an unknown language (ISO 639-2).
pub const UNKNOWN: &str = "und";

/// The BCP 47 tag for a container's language code. A well-formed tag that is not in the table is returned in canonical
/// case; anything else becomes [`UNKNOWN`].
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

/// The English name of a tag's language, or the tag itself if the language is not in the table.
pub fn name(tag: &str) -> String {
    let language = tag.split('-').next().unwrap_or(tag);
    let known = LANGUAGES.iter().find(|(_, _, two, _)| *two == language);
    known.map_or_else(|| tag.to_owned(), |(.., name)| (*name).to_owned())
}

/// The tag in canonical case if it is well-formed (RFC 5646, 2.1) and its language has two or three letters. Longer
/// languages are not registered, but would make names such as `Japanese` well-formed tags.
pub fn normalized(text: &str) -> Option<String> {
    const LONGEST: usize = 35;
    let tag = LanguageTag::parse_and_normalize(text).ok()?;
    let fits = text.len() <= LONGEST && matches!(tag.primary_language().len(), 2 | 3);
    fits.then(|| tag.into_inner())
}

/// The code of a container (ISO 639-2/T) for a BCP 47 tag, and whether the code alone states the language. [`UNKNOWN`] if the
/// language has no code here.
pub fn container_code(tag: &str) -> (&str, bool) {
    let primary = tag.split('-').next().unwrap_or(tag);
    let known = LANGUAGES.iter().find(|(_, _, t, _)| *t == primary);
    let code = match known {
        Some((_, code, ..)) => code,
        None if primary.len() == 3 => primary,
        None => UNKNOWN,
    };
    (code, primary == tag && (code != UNKNOWN || tag == UNKNOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_codes_become_manifest_tags() {
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

    #[test]
    fn manifest_tags_become_container_codes() {
        for (manifest, code, whole) in [
            ("ja", "jpn", true),
            ("fa", "fas", true),
            ("en-GB", "eng", false),
            ("fil", "fil", true),
            ("yue-Hant", "yue", false),
            ("gd", "und", false),
            ("und", "und", true),
        ] {
            assert_eq!(container_code(manifest), (code, whole), "{manifest}");
        }
    }
}
