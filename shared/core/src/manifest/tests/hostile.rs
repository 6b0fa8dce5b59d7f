//! Manifests that attack the parser, and random ones.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Time limit for a document without optimisation on a busy machine. Quadratic work would take minutes.
const TIME_LIMIT: Duration = Duration::from_secs(20);

#[test]
fn hostile_documents_of_the_largest_size_are_rejected_quickly() {
    let fill = |unit: &str| unit.repeat((1 << 20) / unit.len() - 100);
    let body = |inner: String| with("<Episode>", &format!("<Episode>{inner}"));
    let attributes: String = (0..90_000).map(|i| format!(" a{i}=''")).collect();
    let namespaces: String = (0..2_000)
        .map(|i| format!("<n xmlns:a{i}='u{i}' xmlns:b{i}='v'/>"))
        .collect();
    let cases = [
        ("open tags", fill("<a>")),
        ("nested in a manifest", body(fill("<a>"))),
        ("less-than signs", fill("<")),
        ("ampersands", fill("&")),
        ("references", body(fill("&amp;"))),
        ("character references", body(fill("&#65;"))),
        ("CDATA sections", body(fill("<![CDATA[x]]>"))),
        ("comments", body(fill("<!---->"))),
        ("instructions", fill("<?a?>")),
        ("elements", body(fill("<a/>"))),
        ("duplicates", body("<SeriesId/>".repeat(15_000))),
        (
            "attributes",
            format!("<AnimeTranscodeManifest {attributes}/>"),
        ),
        ("namespaces", body(namespaces)),
        ("a long name", format!("<{}", fill("a"))),
        ("a long value", body(fill("x"))),
        ("an open quote", format!("<a b='{}", fill("c='"))),
        ("too large", "x".repeat(2 << 20)),
        (
            "laughs",
            EPISODE.replacen(
                "<Anime",
                "<!DOCTYPE a [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><Anime",
                1,
            ),
        ),
    ];
    for (name, xml) in cases {
        let start = Instant::now();
        let parsed = parse(xml.as_bytes());
        assert!(
            start.elapsed() < TIME_LIMIT,
            "{name}: {:?}",
            start.elapsed()
        );
        assert_eq!(parsed.manifest, None, "{name}");
        let longest = parsed.defects.iter().map(|d| d.to_string().len()).max();
        assert!(longest.is_some_and(|l| l < 1_000), "{name}: {longest:?}");
    }
}

/// Checks what must hold for every result.
fn check(parsed: &Parsed) {
    let errors = parsed.defects.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(parsed.manifest.is_none(), errors, "{:?}", parsed.defects);
    let places: Vec<_> = parsed.defects.iter().map(|d| (d.line, d.column)).collect();
    assert!(places.is_sorted(), "{places:?}");
    for defect in &parsed.defects {
        let text = defect.to_string();
        assert!(defect.line >= 1 && defect.column >= 1 && text.len() < 2_000);
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    if let Some(manifest) = &parsed.manifest {
        let json = serde_json::to_string(manifest).unwrap();
        assert_eq!(&serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
        let tracks = &manifest.audio_tracks;
        let defaults = tracks.iter().filter(|t| t.default).count();
        assert_eq!(defaults, tracks.len().min(1));
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_result(xml in proptest::collection::vec(any::<u8>(), 0..600)) {
        check(&parse(&xml));
    }

    #[test]
    fn any_markup_gives_a_result(parts in proptest::collection::vec(
        prop_oneof![
            Just("<"), Just(">"), Just("/"), Just("<!--"), Just("-->"), Just("<![CDATA["), Just("]]>"), Just("<?xml "),
            Just("?>"), Just("&"), Just(";"), Just("&#x"), Just("'"), Just("\""), Just("="), Just(" "), Just("\r\n"),
            Just("xmlns:"), Just("a"), Just("川"), Just("<AnimeTranscodeManifest version='1.0'>"), Just("<Episode>"),
            Just("</Episode>"), Just("</AnimeTranscodeManifest>"), Just("<!DOCTYPE"), Just("\u{FEFF}"),
        ], 0..60)) {
        check(&parse(parts.concat().as_bytes()));
    }

    #[test]
    fn a_mutated_manifest_gives_a_result(
        full in any::<bool>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..12, "\\PC{0,6}|[<>&/'\"=\\[\\]!?-]{0,4}"), 1..6),
    ) {
        let mut xml = if full { FULL.to_owned() } else { EPISODE.to_owned() };
        for (at, length, new) in edits {
            let chars: Vec<char> = xml.chars().collect();
            let start = at.index(chars.len() + 1).min(chars.len());
            let end = (start + length).min(chars.len());
            xml = chars[..start].iter().copied().chain(new.chars()).chain(chars[end..].iter().copied()).collect();
        }
        check(&parse(xml.as_bytes()));
    }

    #[test]
    fn mutated_bytes_give_a_result(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut xml = FULL.as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(xml.len());
            xml[at] = byte;
        }
        check(&parse(&xml));
    }

    #[test]
    fn any_value_of_any_field_gives_a_result(text in "\\PC{0,40}", which in any::<prop::sample::Index>()) {
        static TABLE: Field = ROOT;
        let mut all = Vec::new();
        leaves(&TABLE, "", &mut all);
        let (path, _) = &all[which.index(all.len())];
        if !path.ends_with("Extensions") {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace("]]>", "");
            check(&parse(replaced(FULL, path, &text).0.as_bytes()));
        }
    }

    #[test]
    fn a_valid_key_stays_within_its_bucket(key in "[./a-c%\\\\ \u{0}川\u{202E}-]{0,24}|\\PC{0,24}") {
        if let Ok(Value::Text(key)) = value::read(Kind::Key, &key) {
            prop_assert!((1..=1_024).contains(&key.len()));
            prop_assert!(key.split('/').all(|c| !["", ".", ".."].contains(&c)));
            let hidden = ["\\", "\u{200B}", "\u{202E}"];
            prop_assert!(!key.contains(char::is_control) && hidden.iter().all(|h| !key.contains(h)));
        }
    }

    #[test]
    fn milliseconds_are_kept_exactly(millis_in in 1u64..=360_000_000) {
        let text = format!("{}.{:03}", millis_in / 1_000, millis_in % 1_000);
        prop_assert_eq!(millis(&text), Some(millis_in));
    }

    #[test]
    fn fractions_are_kept_exactly(num in 1u32..120_000, den in 1u32..1_002) {
        let rate_in = crate::time::FrameRate::new(num, den).unwrap();
        let fits = num >= den && !rate_in.exceeds(300);
        prop_assert_eq!(rate(&format!("{num}/{den}")), fits.then(|| rate_in.to_string()));
    }
}
