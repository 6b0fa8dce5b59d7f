use std::fmt::Write as _;

use proptest::prelude::*;
use reelsmith_core::warning::{Place, WarningName};

use super::*;
use crate::testing::plan;

/// Converts captions for a programme of 10 s at 25 fps, whose segments end at 4, 8 and 10 s.
fn convert(source: &str, format: CaptionFormat) -> Result<Vec<TextSegment>, MediaError> {
    Ok(convert_bytes(source.as_bytes(), &of(format))?.segments)
}

fn convert_bytes(bytes: &[u8], source: &CaptionSource<'_>) -> Result<Captions, MediaError> {
    convert_captions(bytes, source, &plan(250, "25"))
}

fn of(format: CaptionFormat) -> CaptionSource<'static> {
    CaptionSource {
        name: "captions/en",
        format,
        language: "en",
        forced: false,
        strict: false,
        start: None,
    }
}

fn bodies(source: &str, format: CaptionFormat) -> String {
    let segments = convert(source, format).unwrap();
    let bodies: Vec<&str> = segments.iter().map(|s| s.body.as_str()).collect();
    bodies.join("=====\n")
}

fn refusal(source: &str, format: CaptionFormat) -> String {
    convert(source, format).unwrap_err().to_string()
}

#[test]
fn subrip_text_is_kept_and_repeated_across_a_cut() {
    let source = "\u{feff}1\r\n00:00:01,000 --> 00:00:02,500 X1:1\r\n<i>Hello</i> & <font color=\"#f00\">welcome</font>\r\n\r\n\
                  2\n00:00:03,500 --> 00:00:08,000\n{\\an8}if a < b <b>then\n\nstill here\n\n3\n0:00:09.000 --> 0:00:12.000\nlast\n";
    insta::assert_snapshot!("srt", bodies(source, CaptionFormat::Srt));
}

#[test]
fn every_video_segment_has_a_text_segment_with_the_same_times() {
    let segments = convert("1\n00:00:09,000 --> 00:00:09,500\nlate", CaptionFormat::Srt).unwrap();
    let shape: Vec<_> = segments
        .iter()
        .map(|s| (s.number, s.start.0, s.duration.0, s.cues))
        .collect();
    assert_eq!(
        shape,
        [
            (1, 0, 100_000, 0),
            (2, 100_000, 100_000, 0),
            (3, 200_000, 50_000, 1)
        ]
    );
    assert_eq!(segments[0].body, HEAD);
}

#[test]
fn webvtt_is_read_by_blocks() {
    let source = "WEBVTT - made elsewhere\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\nNOTE\na note\n\nSTYLE\n::cue { color: red }\n\n\
                  intro\n00:01.000 --> 00:02.000 line:0 align:start\n<v Roger>Hi &amp; <c.loud>bye</c>\n\n01:02.000 --> 01:03.000\nbeyond the end\n";
    insta::assert_snapshot!("vtt", bodies(source, CaptionFormat::Vtt));
}

#[test]
fn ass_text_is_read_without_drawings() {
    let source = "[Script Info]\nTitle: x\n[V4+ Styles]\nFormat: Name, Fontname\n[Events]\n\
                  Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
                  Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not shown\n\
                  Dialogue: 0,0:00:05.00,0:00:06.25,Default,,0,0,0,,Second, {\\i1}with{\\i0} a <comma>\\Nand a line\n\
                  Dialogue: 0,0:00:01.00,0:00:02.00,Activity,,0,0,0,,{\\p1}m 0 0 l 100 0{\\p0}{\\pos(1,2)}First\n";
    insta::assert_snapshot!("ass", bodies(source, CaptionFormat::Ass));
}

#[test]
fn ttml_times_and_nested_styles_are_read() {
    let source = r##"<?xml version="1.0"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
    ttp:frameRate="25" ttp:tickRate="10000000">
  <head><styling><style xml:id="s1" tts:fontStyle="italic"/></styling></head>
  <body><div begin="1s">
    <p begin="00:00:00.500" dur="1s" style="s1">One
      line<br/>and <span tts:fontWeight="bold">another</span></p>
    <p begin="00:00:02:05" end="75f">Frames &lt; ticks</p>
    <p begin="30000000t" end="40000000t">Ticks</p>
  </div>
  <div><p><span begin="8s" end="9s">Timed span</span></p></div></body>
</tt>"##;
    insta::assert_snapshot!("ttml", bodies(source, CaptionFormat::Ttml));
}

#[test]
fn errors_state_their_line() {
    use CaptionFormat::{Ass, Srt, Ttml, Vtt};
    let refused = [
        refusal("no times\nx", Srt),
        refusal("1\n00:00:01,000 --> soon\nx", Srt),
        refusal("1\n00:00:05,000 --> 00:00:04,000\nx", Srt),
        refusal("", Srt),
        refusal("1\n01:00:00,000 --> 01:00:04,000\nx", Srt),
        refusal("00:01.000\nx", Vtt),
        refusal("WEBVTT\n\nid\nno times", Vtt),
        refusal("[Events]\nDialogue: 0,0:00:01.00", Ass),
        refusal("[Events]\nFormat: Start, End, Text\nDialogue: 1,2,x", Ass),
        refusal("<tt><body><p>", Ttml),
        refusal("<!DOCTYPE tt [<!ENTITY a \"b\">]><tt/>", Ttml),
        refusal("<tt><body>\n<p begin='1s'>x</p></body></tt>", Ttml),
        refusal(
            "<tt><body>\n<p begin='noon' end='2s'>x</p></body></tt>",
            Ttml,
        ),
    ];
    insta::assert_snapshot!("refusals", refused.join("\n"));
}

#[test]
fn unicode_is_read_with_and_without_a_byte_order_mark() {
    let text = "1\r\n00:00:01,000 --> 00:00:02,000\r\nñandú 字幕";
    let units = |f: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(f).collect() };
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    for bytes in [
        text.into(),
        marked(b"\xEF\xBB\xBF", text.into()),
        marked(b"\xFF\xFE", units(u16::to_le_bytes)),
        marked(b"\xFE\xFF", units(u16::to_be_bytes)),
        units(u16::to_le_bytes),
        units(u16::to_be_bytes),
    ] {
        let captions = convert_bytes(&bytes, &of(CaptionFormat::Srt)).unwrap();
        assert!(
            captions.segments[0].body.contains("\nñandú 字幕\n"),
            "{bytes:?}"
        );
        assert_eq!(captions.warnings, []);
    }
    assert!(convert_bytes(b"\xFF\xFE\x00\xD8\x00", &of(CaptionFormat::Srt)).is_err());
}

#[test]
fn other_encodings_are_guessed_with_a_warning_or_are_errors() {
    let cue = |text: &[u8]| [b"1\n00:00:01,000 --> 00:00:02,000\n", text].concat();
    for (language, bytes, expected, encoding) in [
        (
            "fr",
            &b"d\xE9j\xE0 vu, \x93na\xEFve\x94"[..],
            "déjà vu, “naïve”",
            "windows-1252",
        ),
        (
            "ja",
            b"\x8E\x9A\x96\x8B\x82\xCD\x82\xB1\x82\xB1\x82\xC9",
            "字幕はここに",
            "Shift_JIS",
        ),
        (
            "ja",
            b"\xBB\xFA\xCB\xEB\xA4\xCF\xA4\xB3\xA4\xB3\xA4\xCB",
            "字幕はここに",
            "EUC-JP",
        ),
        (
            "ru",
            b"\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0",
            "Привет, мир",
            "windows-1251",
        ),
        (
            "en",
            "“It’s naïve” — café \u{e9}".as_bytes(),
            "“It’s naïve” — café é",
            "UTF-8",
        ),
    ] {
        let mut file = cue(bytes);
        if encoding == "UTF-8" {
            // One damaged byte in good UTF-8.
            file.extend(b" \xE9.");
        }
        let source = CaptionSource {
            language,
            ..of(CaptionFormat::Srt)
        };
        let captions = convert_bytes(&file, &source).unwrap();
        assert!(
            captions.segments[0].body.contains(expected),
            "{}",
            captions.segments[0].body
        );
        let warning = &captions.warnings[0];
        assert_eq!(warning.name, WarningName::CaptionEncodingGuessed);
        assert_eq!(warning.places, [Place::Line(3)]);
        assert!(warning.found.ends_with(encoding), "{warning}");
        let strict = CaptionSource {
            strict: true,
            ..source
        };
        let error = convert_bytes(&file, &strict).unwrap_err();
        assert!(
            matches!(error, MediaError::Captions { line: Some(3), .. }),
            "{error}"
        );
    }
    // ISO-2022-JP is all ASCII; and an XML declaration is believed.
    let source = CaptionSource {
        language: "ja",
        ..of(CaptionFormat::Srt)
    };
    let captions = convert_bytes(&cue(b"\x1B$B;zKk\x1B(B"), &source).unwrap();
    assert!(captions.segments[0].body.contains("字幕"));
    let ttml = b"<?xml version='1.0' encoding='ISO-8859-1'?><tt><body><p begin='1s' end='2s'>caf\xE9</p></body></tt>";
    let captions = convert_bytes(ttml, &of(CaptionFormat::Ttml)).unwrap();
    assert!(captions.segments[0].body.contains("café") && captions.warnings.is_empty());
}

#[test]
fn a_cue_that_ends_on_a_cut_is_not_repeated_after_it() {
    // 30000/1001: segments of 120 frames last 4.004 s.
    let source = b"1\n00:00:01,000 --> 00:00:04,004\na\n\n2\n00:00:04,004 --> 00:00:05,000\nb";
    let captions = convert_captions(source, &of(CaptionFormat::Srt), &plan(240, "30000/1001"));
    let segments = captions.unwrap().segments;
    assert_eq!(segments.iter().map(|s| s.cues).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn deeply_nested_elements_are_refused() {
    let deep = format!(
        "<tt><body>{}<p begin='1s' end='2s'>x</p>{}</body></tt>",
        "<div>".repeat(500),
        "</div>".repeat(500)
    );
    assert!(refusal(&deep, CaptionFormat::Ttml).contains("nested elements"));
    let spans = format!(
        "<tt><body><p begin='1s' end='2s'>{}x{}</p></body></tt>",
        "<span>".repeat(500),
        "</span>".repeat(500)
    );
    assert!(refusal(&spans, CaptionFormat::Ttml).contains("nested elements"));
}

/// The times, settings and first lines of all cues, and the warnings.
fn cues(source: &str, options: &CaptionSource<'_>, plan: &Plan) -> (Vec<String>, Vec<String>) {
    let captions = convert_captions(source.as_bytes(), options, plan).unwrap();
    let mut seen = Vec::new();
    for block in captions
        .segments
        .iter()
        .flat_map(|s| s.body.split("\n\n").skip(1))
    {
        let block = block.trim_end().replacen('\n', " | ", 1);
        if !block.is_empty() && !seen.contains(&block) {
            seen.push(block);
        }
    }
    (
        seen,
        captions.warnings.iter().map(ToString::to_string).collect(),
    )
}

fn ten_seconds(source: &str, format: CaptionFormat) -> (Vec<String>, Vec<String>) {
    cues(source, &of(format), &plan(250, "25"))
}

/// The texts of all cues of a SubRip file, without warnings.
fn texts(source: &str) -> Vec<String> {
    let (cues, warnings) = ten_seconds(source, CaptionFormat::Srt);
    assert_eq!(warnings, [] as [&str; 0]);
    let text = |c: &String| c.split_once(" | ").unwrap().1.to_owned();
    cues.iter().map(text).collect()
}

#[test]
fn subrip_needs_no_blank_lines_and_no_numbers() {
    let (a, b, c) = (
        "00:00:01,000 --> 00:00:02,000",
        "00:00:03,000 --> 00:00:04,000",
        "00:00:05,000 --> 00:00:06,000",
    );
    assert_eq!(
        texts(&format!("{a}\nHello\n2\n{b}\nWorld\n")),
        ["Hello", "World"]
    );
    assert_eq!(
        texts(&format!("1\n{a}\nHello\n2\n{b}\nWorld\n3\n{c}\nagain")),
        ["Hello", "World", "again"]
    );
    assert_eq!(
        texts(&format!("1\n{a}\n42\n\n2\n{b}\nnext\n\n3\n{c}\n7\n")),
        ["42", "next", "7"]
    );
    assert_eq!(
        texts(&format!("1\n{a}\n42\n2\n{b}\n7\n3\n{c}\n3\n")),
        ["42", "7", "3"]
    );
    assert_eq!(texts(&format!("{a}\n42\n\n{b}\nnext\n")), ["42", "next"]);
    assert_eq!(
        texts(&format!("{a}\nborn in\n1984\n\n{b}\nnext\n")),
        ["born in\n1984", "next"]
    );
    assert_eq!(
        texts(&format!("1\n{a}\nHello\n\n2\n\n{b}\nWorld\n")),
        ["Hello", "World"]
    );
    assert_eq!(texts(&format!("1\n{a}\n\n2\n{b}\nonly\n")), ["only"]);
    assert_eq!(
        texts(&format!("1\n{a}\nA --> B\n\n2\n{b}\nnext\n")),
        ["A --&gt; B", "next"]
    );
    assert_eq!(
        texts(&format!("1\r{a}\rHello\r\r2\r{b}\rWorld\r")),
        ["Hello", "World"]
    );
}

#[test]
fn times_of_other_programs_are_read() {
    for times in [
        "00:00:01,000 -> 00:00:02,000",
        "0:0:1,0 --> 0:0:2",
        "00:01.000 --> 00:02.000",
        "00: 00: 01, 000 -> 00: 00: 02, 000",
        "00:00:01:000 --> 00:00:02:000",
        "00:00:01.000 --> 00:00:02.000 X1:10 X2:20 Y1:5 Y2:6",
        "00:00:01,000-->00:00:02,000",
        "00:00:01,000 --&gt; 00:00:02,000",
    ] {
        let (cues, warnings) = ten_seconds(&format!("1\n{times}\nx\n"), CaptionFormat::Srt);
        assert_eq!(
            (cues.as_slice(), warnings.len()),
            (&["00:00:01.000 --> 00:00:02.000 | x".to_owned()][..], 0),
            "{times}"
        );
    }
    let long = plan(25 * 3_600 * 101, "25");
    let (cues, _) = cues(
        "1\n100:00:01,000 --> 100:00:02,000\nx\n",
        &of(CaptionFormat::Srt),
        &long,
    );
    assert_eq!(cues, ["100:00:01.000 --> 100:00:02.000 | x"]);
}

#[test]
fn a_file_under_the_name_of_another_format_is_read() {
    let subrip = "1\n00:00:01,000 --> 00:00:02,000\nx\n";
    let webvtt = "\n\nWEBVTT\n00:01.000 --> 00:02.000\nx\n00:03.000 --> 00:04.000\ny\n";
    assert_eq!(
        ten_seconds(subrip, CaptionFormat::Vtt).0,
        ["00:00:01.000 --> 00:00:02.000 | x"]
    );
    for format in [CaptionFormat::Srt, CaptionFormat::Vtt] {
        let (cues, warnings) = ten_seconds(webvtt, format);
        assert_eq!(
            cues,
            [
                "00:00:01.000 --> 00:00:02.000 | x",
                "00:00:03.000 --> 00:00:04.000 | y"
            ]
        );
        assert_eq!(warnings, [] as [&str; 0]);
    }
}

#[test]
fn a_malformed_cue_is_left_out_with_its_line_and_fails_a_strict_job() {
    use CaptionFormat::{Ass, Srt, Ttml, Vtt};
    let good = "1\n00:00:01,000 --> 00:00:02,000\none\n\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n\n";
    let vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\none\n\n00:03.000 --> 00:04.000\ntwo\n\n";
    let ass = "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,one\nDialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,two\n";
    let ttml = "<tt><body><div><p begin='1s' end='2s'>one</p><p begin='3s' end='4s'>two</p>\n";
    for (format, line, source) in [
        (
            Srt,
            10,
            format!("{good}3\n00:00:05,000 --> 00:00:04,500\nbackwards"),
        ),
        (
            Srt,
            10,
            format!("{good}3\n-00:00:05,000 --> 00:00:06,500\nnegative"),
        ),
        (
            Srt,
            10,
            format!("{good}3\n00:00:05,000 --> 00:00:05,000\nzero"),
        ),
        (Srt, 10, format!("{good}3\n00:00:05,000 --> soon\nnever")),
        (
            Srt,
            10,
            format!("{good}3\n00:00:65,000 --> 00:01:06,000\nno second"),
        ),
        (Srt, 1, format!("a title\n\n{good}")),
        (Vtt, 9, format!("{vtt}00:05.000 --> 00:04.000\nbackwards\n")),
        (Vtt, 9, format!("{vtt}00:05.000 --> 00:xx\nno time\n")),
        (Vtt, 9, format!("{vtt}text after a blank line\n")),
        (
            Ass,
            4,
            format!("{ass}Dialogue: 0,0:00:05.00,soon,Default,,0,0,0,,x\n"),
        ),
        (Ass, 4, format!("{ass}Dialogue: 0,0:00:05.00,0:00:01.00\n")),
        (
            Ass,
            4,
            format!("{ass}Dialogue: 0,0:00:05.00,0:00:04.00,Default,,0,0,0,,x\n"),
        ),
        (
            Ttml,
            2,
            format!("{ttml}<p begin='noon' end='6s'>x</p></div></body></tt>"),
        ),
        (
            Ttml,
            2,
            format!("{ttml}<p begin='5s'>x</p></div></body></tt>"),
        ),
        (
            Ttml,
            2,
            format!("{ttml}<p begin='5s' end='4s'>x</p></div></body></tt>"),
        ),
        (Ttml, 2, format!("{ttml}<p>x</p></div></body></tt>")),
    ] {
        let captions = convert_bytes(source.as_bytes(), &of(format)).unwrap();
        let bodies: String = captions.segments.iter().map(|s| s.body.as_str()).collect();
        assert!(bodies.contains("one") && bodies.contains("two"), "{source}");
        assert_eq!(bodies.matches("-->").count(), 2, "{source}: {bodies}");
        let [warning] = &captions.warnings[..] else {
            panic!("{source}: {:?}", captions.warnings);
        };
        assert_eq!(
            (warning.name, warning.count),
            (WarningName::CaptionCueDropped, 1),
            "{source}"
        );
        assert_eq!(warning.places, [Place::Line(line)], "{source}");
        let strict = CaptionSource {
            strict: true,
            ..of(format)
        };
        let error = convert_bytes(source.as_bytes(), &strict).unwrap_err();
        assert!(
            matches!(error, MediaError::Captions { line: Some(l), .. } if l == line),
            "{error}"
        );
    }
    // More malformed than good cues: the file as a whole is wrong.
    let bad = "1\n00:00:05,000 --> 00:00:04,500\nx\n\n".repeat(3);
    assert!(convert(&format!("{good}{bad}"), Srt).is_err());
}

#[test]
fn one_of_301_cues_is_left_out() {
    let time = |ms: u32| format!("00:00:{:02},{:03}", ms / 1_000, ms % 1_000);
    let mut source = String::new();
    for n in 0..301 {
        let (start, end) = if n == 150 {
            (4_000, 3_500)
        } else {
            (n * 20, n * 20 + 20)
        };
        let _ = write!(
            source,
            "{}\n{} --> {}\ncue {n}\n\n",
            n + 1,
            time(start),
            time(end)
        );
    }
    let (cues, warnings) = ten_seconds(&source, CaptionFormat::Srt);
    assert_eq!(cues.len(), 300);
    assert_eq!(
        warnings,
        [
            "CaptionCueDropped: captions/en, line 602: expected an end after 00:00:04.000, found 00:00:03.500; 1 of 301 cues are malformed; the cue is left out"
        ]
    );
}

#[test]
fn an_empty_forced_track_is_left_out_and_any_other_is_an_error() {
    for (source, format) in [
        ("", CaptionFormat::Srt),
        ("\n", CaptionFormat::Srt),
        ("WEBVTT\n", CaptionFormat::Vtt),
        ("[Events]\n", CaptionFormat::Ass),
        ("<tt><body/></tt>", CaptionFormat::Ttml),
    ] {
        let forced = CaptionSource {
            forced: true,
            ..of(format)
        };
        let captions = convert_bytes(source.as_bytes(), &forced).unwrap();
        assert_eq!(captions.segments, []);
        assert_eq!(captions.warnings[0].name, WarningName::CaptionTrackEmpty);
        assert!(
            convert_bytes(source.as_bytes(), &of(format)).is_err(),
            "{source}"
        );
        let strict = CaptionSource {
            strict: true,
            ..forced
        };
        assert!(
            convert_bytes(source.as_bytes(), &strict).is_err(),
            "{source}"
        );
    }
}

#[test]
fn character_references_are_characters() {
    let text = "It&#39;s caf&eacute; &apos;x&apos; &deg; &#x2603; &amp; R&B &hellip;&mdash; &unknown; &#10;&lt;i&gt;";
    let expected = "It's café 'x' ° ☃ &amp; R&amp;B …— &amp;unknown; \n&lt;i&gt;";
    let (cues, _) = ten_seconds(
        &format!("1\n00:00:01,000 --> 00:00:02,000\n{text}\n"),
        CaptionFormat::Srt,
    );
    let text_of = |cue: &str| cue.split_once(" | ").unwrap().1.replace(" \n", "\n");
    assert_eq!(text_of(&cues[0]), expected.replace(" \n", "\n"));
    let vtt = ten_seconds(
        &format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n"),
        CaptionFormat::Vtt,
    )
    .0;
    assert_eq!(text_of(&vtt[0]), text_of(&cues[0]));
    let ttml = "<tt><body><p begin='1s' end='2s'>caf&eacute;&nbsp;&amp; &lt;</p></body></tt>";
    assert_eq!(
        text_of(&ten_seconds(ttml, CaptionFormat::Ttml).0[0]),
        "café\u{a0}&amp; &lt;"
    );
}

#[test]
fn times_that_begin_at_the_start_timecode_are_shifted() {
    let srt = "1\n10:00:01,000 --> 10:00:02,000\none\n\n2\n10:00:03,000 --> 10:00:04,000\ntwo\n";
    let started = |text: &str, format| CaptionSource {
        start: Some(text.parse().unwrap()),
        ..of(format)
    };
    let plan = plan(240, "24000/1001");
    let (found, warnings) = cues(srt, &started("10:00:00:00", CaptionFormat::Srt), &plan);
    assert_eq!(
        found,
        [
            "00:00:01.000 --> 00:00:02.000 | one",
            "00:00:03.000 --> 00:00:04.000 | two"
        ]
    );
    assert_eq!(
        warnings,
        [
            "CaptionTimesShifted: captions/en, line 2: expected times from the start of the programme, found the first at 10:00:01.000, as the programme's timecode starts at 10:00:00:00; 10:00:00.000 is subtracted from all times"
        ]
    );
    // A timecode that explains only some of them, or none, is no explanation.
    for start in ["09:00:00:00", "10:00:02:00", "10:00:30:00"] {
        let error = convert_captions(srt.as_bytes(), &started(start, CaptionFormat::Srt), &plan)
            .unwrap_err();
        let expected = format!(
            "line 2: expected cues within the programme of 00:00:10.010, found the first at 10:00:01.000, in a programme with the timecode {start} at its start"
        );
        assert_eq!(error.to_string(), expected);
    }
    let error = convert_captions(srt.as_bytes(), &of(CaptionFormat::Srt), &plan).unwrap_err();
    assert!(
        error.to_string().ends_with("no timecode at its start"),
        "{error}"
    );
    // Labels count frames: ten hours of them last 36,036 s.
    let ttml = "<tt xmlns:ttp='http://www.w3.org/ns/ttml#parameter' ttp:timeBase='smpte' ttp:frameRate='24' \
        ttp:frameRateMultiplier='1000 1001' ttp:dropMode='nonDrop'><body><div><p begin='10:00:01:00' end='10:00:02:12'>one</p></div></body></tt>";
    let (found, _) = cues(ttml, &started("10:00:00:00", CaptionFormat::Ttml), &plan);
    assert_eq!(found, ["00:00:01.001 --> 00:00:02.503 | one"]);
    let relative = ttml.replace("10:00:0", "00:00:0");
    let (found, warnings) = cues(
        &relative,
        &started("10:00:00:00", CaptionFormat::Ttml),
        &plan,
    );
    assert_eq!((found.len(), warnings.len()), (1, 0));
    // Both readings fit a long programme.
    let long = self::plan(24 * 7_200, "24");
    let srt = "1\n01:00:01,000 --> 01:00:02,000\none\n";
    let (found, warnings) = cues(srt, &started("01:00:00:00", CaptionFormat::Srt), &long);
    assert_eq!(found, ["01:00:01.000 --> 01:00:02.000 | one"]);
    assert!(
        warnings[0].starts_with("CaptionTimesAmbiguous: captions/en, line 2:"),
        "{warnings:?}"
    );
}

#[test]
fn cues_outside_the_programme_are_counted() {
    let mut source = "1\n00:00:00,000 --> 00:00:01,000\nslate\n\n".to_owned();
    for n in 1..8 {
        let _ = write!(
            source,
            "{}\n10:00:0{n},000 --> 10:00:0{},000\nline {n}\n\n",
            n + 1,
            n + 1
        );
    }
    for start in [None, Some("10:00:00:00".parse().unwrap())] {
        let options = CaptionSource {
            start,
            ..of(CaptionFormat::Srt)
        };
        let (found, warnings) = cues(&source, &options, &plan(250, "25"));
        assert_eq!(found, ["00:00:00.000 --> 00:00:01.000 | slate"]);
        assert_eq!(
            warnings,
            [
                "CaptionCuesOutside: captions/en, line 6 (7 times): expected cues within the programme of 00:00:10.000, found one at 10:00:01.000; 7 of 8 are outside; they are left out"
            ]
        );
    }
}

#[test]
fn the_layers_and_steps_of_a_sign_become_one_cue() {
    let mut source = "[Script Info]\n[V4+ Styles]\nFormat: Name, Fontname, Alignment\nStyle: Default,Arial,2\nStyle: Top,Arial,8\n\
        [Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n".to_owned();
    for step in 0..40 {
        let time = |n: u32| format!("0:00:{:02}.{:02}", 1 + n * 4 / 100, n * 4 % 100);
        for layer in 0..3 {
            let (from, to, x) = (time(step), time(step + 1), 100 + step);
            let _ = writeln!(
                source,
                "Dialogue: {layer},{from},{to},Default,,0,0,0,,{{\\an8\\pos({x},50)\\blur{layer}}}SIGN TEXT"
            );
        }
    }
    source.push_str("Dialogue: 0,0:00:04.00,0:00:05.00,Default,,0,0,0,,{\\k20}ka{\\k30}ra{\\kf40}o{\\ko10}ke\n\
        Dialogue: 0,0:00:05.00,0:00:06.00,Top,,0,0,0,,by style\nDialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,bottom\n\
        Dialogue: 0,0:00:06.00,0:00:07.00,Default,,0,0,0,,{\\a6}old top\nDialogue: 0,0:00:07.00,0:00:08.00,Default,,0,0,0,,{\\an4}left\n");
    let (cues, warnings) = ten_seconds(&source, CaptionFormat::Ass);
    assert_eq!(
        cues,
        [
            "00:00:01.000 --> 00:00:02.600 line:0 | SIGN TEXT",
            "00:00:04.000 --> 00:00:05.000 | karaoke",
            "00:00:05.000 --> 00:00:06.000 line:0 | by style",
            "00:00:05.000 --> 00:00:06.000 | bottom",
            "00:00:06.000 --> 00:00:07.000 line:0 | old top",
            "00:00:07.000 --> 00:00:08.000 line:50% align:left | left",
        ]
    );
    assert_eq!(warnings, [] as [&str; 0]);
}

#[test]
fn places_become_webvtt_settings() {
    let srt = "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}top\n\n2\n00:00:03,000 --> 00:00:04,000\nbottom {\\an3}right\n";
    assert_eq!(
        ten_seconds(srt, CaptionFormat::Srt).0,
        [
            "00:00:01.000 --> 00:00:02.000 line:0 | top",
            "00:00:03.000 --> 00:00:04.000 align:right | bottom right",
        ]
    );
    let vtt = "WEBVTT\n\nREGION\nid:fred\n\n00:01.000 --> 00:02.000 line:0 position:10%,line-left align:start region:fred size:101% x:y\ntop\n\n\
        00:03.000 --> 00:04.000 line:-1 line:5% vertical:rl position:NaN%\n<v Bob>down<ruby>漢<rt>kan</rt></ruby>\n";
    assert_eq!(
        ten_seconds(vtt, CaptionFormat::Vtt).0,
        [
            "00:00:01.000 --> 00:00:02.000 line:0 position:10%,line-left align:start | top",
            "00:00:03.000 --> 00:00:04.000 line:-1 vertical:rl | down漢(kan)",
        ]
    );
    let ttml = "<tt xmlns:tts='urn:s' tts:extent='640px 360px'><head><styling><style xml:id='s' tts:textAlign='left'/></styling><layout>\
        <region xml:id='top' tts:origin='10% 10%' tts:extent='80% 20%' tts:displayAlign='before'/>\
        <region xml:id='low'><style tts:origin='64px 288px'/><style tts:extent='512px 54px'/><style tts:displayAlign='after'/></region>\
        <region xml:id='half' tts:origin='50% 0%' tts:extent='50% 50%' tts:displayAlign='after' style='s'/></layout></head>\
        <body><div region='top'><p begin='1s' end='2s'>top</p><p region='low' begin='2s' end='3s'>low</p>\
        <p region='half' begin='3s' end='4s'>half</p></div><div><p begin='4s' end='5s'>none</p></div></body></tt>";
    assert_eq!(
        ten_seconds(ttml, CaptionFormat::Ttml).0,
        [
            "00:00:01.000 --> 00:00:02.000 line:10% | top",
            "00:00:02.000 --> 00:00:03.000 | low",
            "00:00:03.000 --> 00:00:04.000 line:50%,end position:50% align:left | half",
            "00:00:04.000 --> 00:00:05.000 | none",
        ]
    );
}

#[test]
fn ttml_shows_each_span_in_its_own_time() {
    let ttml = "<tt xmlns:tts='urn:s'><body><div><p begin='1s' end='5s'>a <span begin='1s' end='3s'>b <span begin='1s'>c</span></span>\
        <span tts:ruby='container'><span tts:ruby='base'>漢</span><span tts:ruby='text'>kan</span></span><span tts:display='none'>x</span></p>\
        <p begin='6s' end='7s' xml:space='preserve'>two  spaces\nand a line</p></div></body></tt>";
    assert_eq!(
        ten_seconds(ttml, CaptionFormat::Ttml).0,
        [
            "00:00:01.000 --> 00:00:02.000 | a 漢(kan)",
            "00:00:02.000 --> 00:00:03.000 | a b 漢(kan)",
            "00:00:03.000 --> 00:00:04.000 | a b c漢(kan)",
            "00:00:04.000 --> 00:00:05.000 | a 漢(kan)",
            "00:00:06.000 --> 00:00:07.000 | two  spaces\nand a line",
        ]
    );
    let rates = "<tt xmlns:ttp='urn:p' ttp:frameRate='24' ttp:frameRateMultiplier='1000 1001' ttp:tickRate='90000'><body><div>\
        <p begin='00:00:01:12' end='48f'>clock and frames</p><p begin='270000t' end='00:00:04.5'>ticks</p></div></body></tt>";
    assert_eq!(
        ten_seconds(rates, CaptionFormat::Ttml).0,
        [
            "00:00:01.501 --> 00:00:02.002 | clock and frames",
            "00:00:03.000 --> 00:00:04.500 | ticks",
        ]
    );
}

fn formats() -> impl Strategy<Value = CaptionFormat> {
    use CaptionFormat::{Ass, Srt, Ttml, Vtt};
    proptest::sample::select(vec![Srt, Vtt, Ass, Ttml])
}

proptest! {
    #[test]
    fn bytes_of_any_kind_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), format in formats()) {
        let _ = convert_bytes(&bytes, &of(format));
    }

    #[test]
    fn arbitrary_text_becomes_a_well_formed_cue(text in "[<>&/ibuñ{}\\\\n0-9 \n-]{0,80}") {
        let (payload, _) = subrip_webvtt::tagged(&text);
        prop_assert!(!payload.contains("-->"), "{payload}");
        prop_assert!(!payload.contains("\n\n"), "{payload}");
        let opened = payload.matches("<i>").count() + payload.matches("<b>").count() + payload.matches("<u>").count();
        let closed = payload.matches("</").count();
        prop_assert_eq!((opened, payload.matches('<').count()), (closed, opened + closed), "{}", payload);
    }

    #[test]
    fn a_cue_is_in_exactly_the_segments_in_which_it_is_shown(start in 0i64..9_900, length in 1i64..9_000) {
        let end = start + length;
        let source = format!("1\n{} --> {}\nx", stamp(start), stamp(end));
        let segments = convert(&source, CaptionFormat::Srt).unwrap();
        for (n, (from, to)) in [(0, 4_000), (4_000, 8_000), (8_000, 10_000)].into_iter().enumerate() {
            prop_assert_eq!(segments[n].cues == 1, start < to && end > from);
        }
    }
}
