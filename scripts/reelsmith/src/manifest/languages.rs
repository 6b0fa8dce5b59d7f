//! Language tags of containers (ISO 639-2) as the tags of a manifest (BCP 47), with their English names.

/// Three-letter codes of both kinds, the two-letter code, the name.
const LANGUAGES: &[(&str, &str, &str, &str)] = &[
    ("ara", "ara", "ar", "Arabic"),
    ("chi", "zho", "zh", "Chinese"),
    ("cze", "ces", "cs", "Czech"),
    ("dan", "dan", "da", "Danish"),
    ("dut", "nld", "nl", "Dutch"),
    ("eng", "eng", "en", "English"),
    ("fin", "fin", "fi", "Finnish"),
    ("fre", "fra", "fr", "French"),
    ("ger", "deu", "de", "German"),
    ("gre", "ell", "el", "Greek"),
    ("heb", "heb", "he", "Hebrew"),
    ("hin", "hin", "hi", "Hindi"),
    ("hun", "hun", "hu", "Hungarian"),
    ("ind", "ind", "id", "Indonesian"),
    ("ita", "ita", "it", "Italian"),
    ("jpn", "jpn", "ja", "Japanese"),
    ("kor", "kor", "ko", "Korean"),
    ("may", "msa", "ms", "Malay"),
    ("nor", "nor", "no", "Norwegian"),
    ("pol", "pol", "pl", "Polish"),
    ("por", "por", "pt", "Portuguese"),
    ("rum", "ron", "ro", "Romanian"),
    ("rus", "rus", "ru", "Russian"),
    ("spa", "spa", "es", "Spanish"),
    ("swe", "swe", "sv", "Swedish"),
    ("tha", "tha", "th", "Thai"),
    ("tur", "tur", "tr", "Turkish"),
    ("ukr", "ukr", "uk", "Ukrainian"),
    ("vie", "vie", "vi", "Vietnamese"),
];

/// The BCP 47 tag of a container's tag. One that is not known is passed on where it has the form of a tag.
pub fn tag(container: &str) -> String {
    let lower = container.to_ascii_lowercase();
    let known = LANGUAGES
        .iter()
        .find(|(b, t, ..)| *b == lower || *t == lower);
    match known {
        Some((_, _, tag, _)) => (*tag).to_owned(),
        None if is_tag(container) => container.to_owned(),
        None => "und".to_owned(),
    }
}

/// The English name of a tag's language; the tag itself where it is not known.
pub fn name(tag: &str) -> String {
    let language = tag.split('-').next().unwrap_or(tag);
    let known = LANGUAGES.iter().find(|(_, _, two, _)| *two == language);
    known.map_or_else(|| tag.to_owned(), |(.., name)| (*name).to_owned())
}

fn is_tag(text: &str) -> bool {
    let language = text.split('-').next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && text.split('-').all(|part| (1..=8).contains(&part.len()))
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
            ("", "und"),
            ("???", "und"),
        ] {
            assert_eq!(tag(container), expected, "{container}");
        }
        assert_eq!(name("pt-BR"), "Portuguese");
        assert_eq!(name("tlh"), "tlh");
    }
}
