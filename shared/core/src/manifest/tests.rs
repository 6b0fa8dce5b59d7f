mod hostile;

use super::fields::{Field, Kind, ROOT};
use super::value::{self, Value};
use super::*;

const EPISODE: &str = include_str!("../../../../sample-data/manifests/good/episode-01.xml");
const FULL: &str = include_str!("../../../../sample-data/manifests/good/full.xml");
const NO_AUDIO: &str = include_str!("../../../../sample-data/manifests/good/no-audio.xml");
const ANY_ORDER: &str = include_str!("../../../../sample-data/manifests/good/any-order.xml");

/// The defects of a manifest, one per line.
fn defects(xml: &str) -> String {
    let lines: Vec<String> = parse(xml.as_bytes())
        .defects
        .iter()
        .map(ToString::to_string)
        .collect();
    lines.join("\n")
}

/// The sample episode with one text replaced.
fn with(old: &str, new: &str) -> String {
    assert!(EPISODE.contains(old), "{old}");
    EPISODE.replacen(old, new, 1)
}

fn rate(text: &str) -> Option<String> {
    match value::read(Kind::FrameRate, text) {
        Ok(Value::Rate(rate)) => Some(rate.to_string()),
        _ => None,
    }
}

fn millis(text: &str) -> Option<u64> {
    match value::read(Kind::Seconds, text) {
        Ok(Value::Number(millis)) => Some(millis),
        _ => None,
    }
}

#[test]
fn decimals_of_ntsc_rates_become_exact_fractions() {
    for (text, expected) in [
        ("23.976", "24000/1001"),
        ("23.98", "24000/1001"),
        ("23.97", "24000/1001"),
        ("23.976024", "24000/1001"),
        ("23.976000", "24000/1001"),
        ("23.9760239", "24000/1001"),
        ("29.97", "30000/1001"),
        ("29.970", "30000/1001"),
        ("29.97003", "30000/1001"),
        ("47.952", "48000/1001"),
        ("59.94", "60000/1001"),
        ("119.88", "120000/1001"),
        ("24", "24"),
        ("25.000", "25"),
        ("12.5", "25/2"),
        ("24000/1001", "24000/1001"),
        ("50/2", "25"),
        ("300", "300"),
    ] {
        assert_eq!(rate(text).as_deref(), Some(expected), "{text}");
    }
    for text in [
        "0",
        "0/1",
        "24/0",
        "-24",
        "+24",
        "24.",
        ".5",
        "1e2",
        "24,0",
        "24/1/1",
        "301",
        "0.5",
        "24 fps",
        "NaN",
        "24000:1001",
        "99999999999/1",
        "२४",
    ] {
        assert_eq!(rate(text), None, "{text}");
    }
}

#[test]
fn seconds_become_milliseconds_rounded_to_nearest() {
    for (text, expected) in [
        ("1440", 1_440_000),
        ("1440.0", 1_440_000),
        ("0.001", 1),
        ("0.0005", 1),
        ("1420.0436", 1_420_044),
        ("1420.0434999", 1_420_043),
        ("10.010000000000000000000", 10_010),
        ("360000", 360_000_000),
    ] {
        assert_eq!(millis(text), Some(expected), "{text}");
    }
    for text in [
        "0",
        "0.0004",
        "-1",
        "+1",
        "1.",
        ".1",
        "1e3",
        "360000.001",
        "1:00",
        "inf",
        "1.0.0",
    ] {
        assert_eq!(millis(text), None, "{text}");
    }
}

#[test]
fn languages_are_canonical_and_have_two_or_three_letters() {
    for (text, expected) in [
        ("JA", "ja"),
        ("pt-br", "pt-BR"),
        ("ZH-HANT-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("fil", "fil"),
    ] {
        let value = value::read(Kind::Language, text);
        assert_eq!(value, Ok(Value::Text(expected.into())), "{text}");
    }
    for text in [
        "Japanese",
        "en_US",
        "e",
        "x-private",
        "i-klingon",
        "ja-",
        "日本語",
        "en US",
    ] {
        assert!(value::read(Kind::Language, text).is_err(), "{text}");
    }
}

#[test]
fn dates_must_exist() {
    for text in ["2026-10-03", "2024-02-29", "2000-02-29", "9999-12-31"] {
        assert!(value::read(Kind::Date, text).is_ok(), "{text}");
    }
    for text in [
        "2026-02-29",
        "1900-02-29",
        "2026-13-01",
        "2026-00-10",
        "2026-04-31",
        "0000-01-01",
        "2026-1-1",
        "20260101",
        "2026-10-03T00:00:00Z",
        "+026-01-01",
    ] {
        assert!(value::read(Kind::Date, text).is_err(), "{text}");
    }
}

#[test]
fn callbacks_are_plain_https_urls() {
    for text in [
        "https://example.com",
        "https://h.example:8443/a?b=c#d",
        "HTTPS://example.com/",
    ] {
        let value = value::read(Kind::HttpsUrl, text);
        assert_eq!(value, Ok(Value::Text(text.into())), "{text}");
    }
    for text in [
        "http://example.com/",
        "https:example.com",
        "https:/example.com",
        "https://",
        "https://u@h/",
        "https://u:p@h/",
        "https://h/a b",
        "https://h/\t",
        "file:///etc/passwd",
        "//example.com",
        "https:\\\\h\\a",
        "https://a\\@b/",
        "https://例え.jp/",
        "https://h:99999/",
    ] {
        assert!(value::read(Kind::HttpsUrl, text).is_err(), "{text}");
    }
}

#[test]
fn an_invalid_key_is_reported_with_character_and_position() {
    let found = |key: &str| value::read(Kind::Key, key).unwrap_err();
    insta::assert_snapshot!(found("C:\\a.mp4"), @r#"'\\' (U+005C) at character 3 of "C:\\a.mp4""#);
    insta::assert_snapshot!(found("s3://other/a.mp4"), @r#"a URL ("s3") instead of a key: "s3://other/a.mp4""#);
    insta::assert_snapshot!(found("a\u{202E}b"), @r#"'\u{202e}' (U+202E) at character 2 of "a\u{202e}b""#);
    insta::assert_snapshot!(found("a\u{3164}b"), @r#"'ㅤ' (U+3164) at character 2 of "aㅤb""#);
    insta::assert_snapshot!(found("a/\0/b"), @r#"'\0' (U+0000) at character 3 of "a/\0/b""#);
    insta::assert_snapshot!(found("/a"), @r#"a leading '/' at character 1 of "/a""#);
    insta::assert_snapshot!(found("a//b"), @r#"an empty component at character 3 of "a//b""#);
    insta::assert_snapshot!(found("a/b/"), @r#"an empty component at character 5 of "a/b/""#);
    insta::assert_snapshot!(found("a/../b"), @r#"a '.' or '..' component at character 3 of "a/../b""#);
    insta::assert_snapshot!(found("./b"), @r#"a '.' or '..' component at character 1 of "./b""#);
    insta::assert_snapshot!(found("川/\\"), @r#"'\\' (U+005C) at character 3 of "川/\\""#);
    insta::assert_snapshot!(found(&"k".repeat(1_025)), @r#"1025 bytes: "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…""#);
    for key in [
        "a",
        "a/b c (1)_+@=&,'-.mp4",
        "川の歌/…".trim_end_matches('…').trim_end_matches('/'),
        "..a/b..",
        ".../a",
        "[Group] Show - 01 [1080p].mp4",
        "Wow! #1 🎬.mp4",
        "👨\u{200D}👩\u{200D}👧 ❤\u{FE0F}.mov",
        "Recording at 3.04\u{202F}PM.mov",
        "a%2Fb %2e%2e+c~;d:e?f*g\"h<i>j|k{l}m^n`o$p",
        "cafe\u{301}.mov",
        &"長".repeat(341),
    ] {
        assert_eq!(value::read(Kind::Key, key), Ok(Value::Text(key.into())));
    }
}

#[test]
fn positions_are_in_characters_and_after_a_byte_order_mark() {
    let xml = "\u{FEFF}<川 x='1'/>";
    insta::assert_snapshot!(defects(xml), @"1:1: error: 川: expected the root element AnimeTranscodeManifest in no namespace, found 川");
    let xml = with(
        "サンプルシリーズ</SeriesTitleJa>",
        "サ&nope;</SeriesTitleJa>",
    );
    insta::assert_snapshot!(defects(&xml), @"9:25: error: document: expected one of &amp; &lt; &gt; &quot; &apos; or a character reference, found &nope;");
    let marked = format!("\u{FEFF}{EPISODE}");
    assert_eq!(parse(marked.as_bytes()), parse(EPISODE.as_bytes()));
}

#[test]
fn invalid_utf_8_is_one_defect_with_its_position() {
    let mut latin = with("The First Cut", "Cafe").into_bytes();
    let at = latin.windows(4).position(|w| w == b"Cafe").unwrap() + 3;
    latin[at] = 0xE9;
    insta::assert_debug_snapshot!(parse(&latin).defects.iter().map(ToString::to_string).collect::<Vec<_>>(), @r#"
[
    "12:26: error: document: expected UTF-8, found the invalid byte 0xE9",
]
"#);
    let utf16: Vec<u8> = EPISODE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xFF, 0xFE][..], &utf16].concat();
    for xml in [&utf16, &marked] {
        let found = &parse(xml).defects[0].found;
        assert_eq!(found, "UTF-16 or UTF-32");
    }
}

#[test]
fn unknown_elements_and_attributes_are_warnings() {
    let xml = with(
        "<Episode>",
        "<Episode lang=\"ja\" xml:space=\"default\"><producer/><seriesid/><x:Y xmlns:x=\"urn:x\"/>",
    );
    insta::assert_snapshot!(defects(&xml), @r#"
6:14: warning: AnimeTranscodeManifest/Episode/@lang: expected no attribute, found "ja", which is ignored
6:44: warning: AnimeTranscodeManifest/Episode/producer: expected a known element, found an unknown element, which is ignored
6:55: warning: AnimeTranscodeManifest/Episode/seriesid: expected SeriesId (case-sensitive), found seriesid, which is ignored
6:66: warning: AnimeTranscodeManifest/Episode/Y: expected a known element, found an element of the namespace "urn:x", which is ignored
"#);
    assert!(parse(xml.as_bytes()).manifest.is_some());
}

#[test]
fn many_warnings_hide_no_error() {
    let xml = with("<Episode>", &format!("<Episode>{}", "<a/>".repeat(1_000)));
    let xml = xml.replace("<IsDefault>true", "<IsDefault>maybe");
    let defects = parse(xml.as_bytes()).defects;
    assert_eq!(defects.len(), 201);
    assert!(defects.iter().any(|d| d.severity == Severity::Error));
    insta::assert_snapshot!(defects[200].to_string(), @"37:1: warning: document: expected at most 200 defects, found 801 more, which are not shown");
}

#[test]
fn values_in_messages_are_shortened_and_escaped() {
    let xml = with(
        "<Language>en<",
        &format!("<Language>\u{202E}{}<", "x\t".repeat(400)),
    );
    insta::assert_snapshot!(defects(&xml), @r#"32:23: error: AnimeTranscodeManifest/AudioTracks/AudioTrack[2]/Language: expected a BCP 47 tag whose language has 2 or 3 letters, for example ja or pt-BR, found "\u{202e}x\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx\tx…""#);
}

#[test]
fn the_first_track_is_the_default_if_none_is_stated() {
    let manifest = parse(with("            <IsDefault>true</IsDefault>\n", "").as_bytes())
        .manifest
        .unwrap();
    let defaults: Vec<bool> = manifest.audio_tracks.iter().map(|t| t.default).collect();
    assert_eq!(defaults, [true, false]);
    let manifest = parse(ANY_ORDER.as_bytes()).manifest.unwrap();
    let defaults: Vec<bool> = manifest.audio_tracks.iter().map(|t| t.default).collect();
    assert_eq!(defaults, [false, true]);
}

#[test]
fn audio_tracks_state_roles_and_channels() {
    let defects = |track: &str| {
        let xml = NO_AUDIO.replace(
            "</AnimeTranscodeManifest>",
            &format!("<AudioTracks><AudioTrack><Language>en</Language>{track}</AudioTrack></AudioTracks></AnimeTranscodeManifest>"),
        );
        let defects = parse(xml.as_bytes()).defects.into_iter();
        let defects = defects.map(|d| {
            format!(
                "{}: expected {}, found {}",
                d.path.replace("AnimeTranscodeManifest/AudioTracks/", ""),
                d.expected,
                d.found
            )
        });
        defects.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        defects("<Role>commentary</Role><ChannelMap>0:0 1:0</ChannelMap>"),
        ""
    );
    assert_eq!(
        defects("<IsDescriptive>1</IsDescriptive><Role>description</Role>"),
        ""
    );
    let six = "0:0 0:1 0:2 0:3 0:4 0:5";
    assert_eq!(
        defects(&format!(
            "<ChannelMap>1:0 1:1</ChannelMap><SurroundChannelMap>{six}</SurroundChannelMap>"
        )),
        ""
    );
    let wrong = [
        "<IsDescriptive>1</IsDescriptive><Role>commentary</Role>".to_owned(),
        "<ChannelMap>0:0</ChannelMap><TrackIndex>1</TrackIndex>".to_owned(),
        "<ChannelMap>0:0 0:1 0:2</ChannelMap>".to_owned(),
        "<ChannelMap>0:0</ChannelMap><SurroundChannelMap>0:0 0:1</SurroundChannelMap>".to_owned(),
        format!("<ChannelMap>{six}</ChannelMap><SurroundChannelMap>{six}</SurroundChannelMap>"),
        format!("<SurroundChannelMap>{six}</SurroundChannelMap>"),
    ];
    let wrong: Vec<String> = wrong.iter().map(|track| defects(track)).collect();
    insta::assert_snapshot!(wrong.join("\n"), @"
    AudioTrack[1]/Role: expected the role description if IsDescriptive is true, another one if it is false, found commentary
    AudioTrack[1]/TrackIndex: expected TrackIndex or ChannelMap, not both, found both
    AudioTrack[1]/ChannelMap: expected 1, 2, 6 or 8 channels as TRACK:CHANNEL, both from 0 to 63, for example 0:0 1:0, found \"0:0 0:1 0:2\"
    AudioTrack[1]/SurroundChannelMap: expected 6 or 8 channels, found 2
    AudioTrack[1]/SurroundChannelMap: expected a ChannelMap of 1 or 2 channels together with SurroundChannelMap, found 6 channels
    AudioTrack[1]/SurroundChannelMap: expected a ChannelMap of 1 or 2 channels together with SurroundChannelMap, found none
    ");
}

#[test]
fn a_title_without_audio_has_no_tracks_or_an_empty_list() {
    let empty = NO_AUDIO.replace(
        "</AnimeTranscodeManifest>",
        "<AudioTracks></AudioTracks></AnimeTranscodeManifest>",
    );
    for xml in [NO_AUDIO, &empty] {
        let parsed = parse(xml.as_bytes());
        assert_eq!(parsed.defects, []);
        assert_eq!(parsed.manifest.unwrap().audio_tracks, []);
    }
}

/// Every leaf of the table with its path.
fn leaves(field: &'static Field, path: &str, all: &mut Vec<(String, &'static Field)>) {
    let path = format!("{path}/{}", field.name);
    match field.kind {
        Kind::Group(fields) => fields.iter().for_each(|f| leaves(f, &path, all)),
        _ => all.push((path, field)),
    }
}

#[test]
fn every_field_of_the_table_is_used_and_checked() {
    let mut all = Vec::new();
    static TABLE: Field = ROOT;
    leaves(&TABLE, "", &mut all);
    assert!(all.len() > 40);
    let good = parse(FULL.as_bytes()).manifest.unwrap();
    for (path, field) in all {
        if matches!(field.kind, Kind::Anything) {
            continue;
        }
        let (xml, value) = replaced(FULL, &path, "\u{7F}");
        let parsed = parse(xml.as_bytes());
        assert_eq!(
            parsed.manifest, None,
            "{path} accepts anything instead of {value}"
        );
        let plain = |p: &str| {
            let parts = p
                .split('[')
                .map(|part| part.split_once(']').map_or(part, |(_, rest)| rest));
            parts.collect::<String>()
        };
        let reported = parsed.defects.iter().any(|d| plain(&d.path) == path[1..]);
        assert!(reported, "{path}: {:?}", parsed.defects);
        let other = another(field.kind, &value);
        let parsed = parse(replaced(FULL, &path, &other).0.as_bytes());
        assert!(
            parsed.manifest.is_some(),
            "{path} = {other}: {:?}",
            parsed.defects
        );
        // The first of two tracks is the default anyway, so this flag changes nothing.
        let moot = path.ends_with("AudioTrack/IsDefault");
        let same = parsed.manifest.as_ref() == Some(&good);
        assert!(moot || !same, "{path} is not used");
    }
}

/// A different value of the same kind.
fn another(kind: Kind, value: &str) -> String {
    let fixed = match kind {
        Kind::Boolean if ["true", "1"].contains(&value) => "false",
        Kind::Boolean => "true",
        Kind::Integer { min: 16, .. } => "360",
        Kind::Integer { .. } if value == "8" => "9",
        Kind::Integer { .. } => "8",
        Kind::Seconds => "7.5",
        Kind::FrameRate => "25",
        Kind::Point => "7.5",
        Kind::Date => "2020-01-01",
        Kind::Hex(lengths) if lengths == [32] => "00112233445566778899aabbccddeeff",
        Kind::Hex(_) => "0011223344556677",
        Kind::Language => "nl",
        Kind::CaptionFormat => "ttml",
        Kind::CaptionService => "SERVICE1",
        Kind::Encoder => "mediaconvert",
        Kind::AudioRole => "alternate",
        Kind::ChannelMap if value.split(' ').count() > 2 => "9:0 9:1 9:2 9:3 9:4 9:5",
        Kind::ChannelMap => "9:1 9:0",
        Kind::TailPolicy => "refuse",
        Kind::HttpsUrl => "https://other.example/",
        Kind::Key => "other/key.srt",
        Kind::Id | Kind::SeriesId | Kind::Text { .. } | Kind::Label => "other",
        Kind::Group(_) | Kind::Anything => unreachable!("not a leaf with a value"),
    };
    fixed.to_owned()
}

/// The document with the value of the first element at a path replaced, and the previous value.
fn replaced(xml: &str, path: &str, new: &str) -> (String, String) {
    let document = roxmltree::Document::parse(xml).unwrap();
    let mut nodes = vec![document.root()];
    for name in path.split('/').skip(1) {
        let children = nodes.iter().flat_map(roxmltree::Node::children);
        nodes = children.filter(|n| n.has_tag_name(name)).collect();
    }
    let range = nodes[0].first_child().unwrap().range();
    let value = xml[range.clone()].to_owned();
    (
        format!("{}{new}{}", &xml[..range.start], &xml[range.end..]),
        value,
    )
}
