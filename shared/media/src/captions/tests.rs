use proptest::prelude::*;

use super::*;
use crate::testing::plan;

/// Converts captions for a programme of 10 s at 25 fps, whose segments end at 4, 8 and 10 s.
fn convert(source: &str, format: CaptionFormat) -> Result<Vec<TextSegment>, MediaError> {
    convert_captions(source.as_bytes(), format, &plan(250, "25"))
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
        refusal("1\n00:00:01 -> 00:00:02\nx", Srt),
        refusal("1\n00:00:01,000 --> soon\nx", Srt),
        refusal("1\n00:00:05,000 --> 00:00:04,000\nx", Srt),
        refusal("", Srt),
        refusal("1\n01:00:00,000 --> 01:00:04,000\nx", Srt),
        refusal("00:01.000 --> 00:02.000\nx", Vtt),
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
fn utf16_is_read_and_other_encodings_are_refused_with_their_line() {
    let text = "1\n00:00:01,000 --> 00:00:02,000\nñandú";
    let mut wide = vec![0xFF, 0xFE];
    wide.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let segments = convert_captions(&wide, CaptionFormat::Srt, &plan(250, "25")).unwrap();
    assert!(segments[0].body.contains("ñandú"));
    let latin: Vec<u8> = text.chars().map(|c| c as u32 as u8).collect();
    let error = convert_captions(&latin, CaptionFormat::Srt, &plan(250, "25")).unwrap_err();
    assert!(
        matches!(error, MediaError::Captions { line: Some(3), .. }),
        "{error}"
    );
}

#[test]
fn a_cue_that_ends_on_a_cut_is_not_repeated_after_it() {
    // 30000/1001: segments of 120 frames last 4.004 s.
    let source = b"1\n00:00:01,000 --> 00:00:04,004\na\n\n2\n00:00:04,004 --> 00:00:05,000\nb";
    let segments = convert_captions(source, CaptionFormat::Srt, &plan(240, "30000/1001")).unwrap();
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

fn formats() -> impl Strategy<Value = CaptionFormat> {
    use CaptionFormat::{Ass, Srt, Ttml, Vtt};
    proptest::sample::select(vec![Srt, Vtt, Ass, Ttml])
}

proptest! {
    #[test]
    fn bytes_of_any_kind_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), format in formats()) {
        let _ = convert_captions(&bytes, format, &plan(250, "25"));
    }

    #[test]
    fn arbitrary_text_becomes_a_well_formed_cue(text in "[<>&/ibuñ{}\\\\n0-9 \n-]{0,80}") {
        let payload = subrip_webvtt::tagged(&text);
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
