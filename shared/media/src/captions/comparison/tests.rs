//! Published captions with faults, and legal deviations.

use reelsmith_core::caption_comparison::CaptionFault;

use super::super::convert_captions;
use super::*;
use crate::testing::{plan, tools};

/// A programme of 40 s.
fn programme() -> Plan {
    plan(1_000, "25")
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

async fn compared(
    bytes: &[u8],
    source: &CaptionSource<'_>,
    captions: &Captions,
) -> CaptionComparison {
    let folder = tempfile::tempdir().unwrap();
    let (plan, limits) = (programme(), Limits::default());
    let tools = tools();
    let found = compare_file(
        &tools,
        bytes,
        source,
        captions,
        &plan,
        folder.path(),
        &limits,
    );
    found.await.unwrap()
}

async fn of_file(text: &str, format: CaptionFormat) -> CaptionComparison {
    let captions = convert_captions(text.as_bytes(), &of(format), &programme()).unwrap();
    compared(text.as_bytes(), &of(format), &captions).await
}

const SRT: &str = "1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i> & <font color=\"#f00\">welcome</font>\n\n\
    2\n00:00:03,500 --> 00:00:08,000\n{\\an8}if a < b\nthen\n\n\
    3\n00:00:09,000 --> 00:00:12,000\n♪\n\n\
    4\n00:00:14,000 --> 00:00:15,000\nこんにちは\n\n\
    5\n00:00:20,000 --> 00:00:22,000\nHello again\n\n\
    6\n00:00:22,000 --> 00:00:24,000\nHello again\n\n\
    7\n00:00:39,000 --> 00:00:59,000\nlast\n\n8\n00:00:50,000 --> 00:00:55,000\noutside\n";
const VTT: &str = "WEBVTT\n\nNOTE\na note\n\nSTYLE\n::cue { color: red }\n\n\
    intro\n00:01.000 --> 00:02.000 line:0 align:start\n<v Roger>Hi &amp; <c.loud>bye</c>\n\n\
    00:30.000 --> 00:31.000\n<ruby>x<rt>y</rt></ruby> &lt;tag&gt; &nbsp;end\n";
const ASS: &str = "[Script Info]\nTitle: x\nScriptType: v4.00+\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n[Events]\n\
    Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
    Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not shown\n\
    Dialogue: 0,0:00:05.00,0:00:06.25,Default,,0,0,0,,Second, {\\i1}with{\\i0} a comma\\Nand a line\n\
    Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,First\n\
    Dialogue: 0,0:00:10.00,0:00:12.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0{\\p0}\n";
const TTML: &str = "<tt xmlns=\"http://www.w3.org/ns/ttml\" xmlns:ttp=\"http://www.w3.org/ns/ttml#parameter\" ttp:frameRate=\"25\" \
    ttp:tickRate=\"1000\"><body><div begin=\"1s\"><p begin=\"00:00:01.5\" end=\"00:00:03:05\">One<br/>and <span>two</span></p>\
    <p begin=\"5000t\" dur=\"2s\">a &lt;b&gt; &amp; c</p></div></body></tt>";

#[tokio::test(flavor = "multi_thread")]
async fn converted_captions_are_like_their_source() {
    for (text, format, cues) in [
        (SRT, CaptionFormat::Srt, 6),
        (VTT, CaptionFormat::Vtt, 2),
        (VTT, CaptionFormat::Srt, 2),
        (ASS, CaptionFormat::Ass, 2),
        (TTML, CaptionFormat::Ttml, 2),
    ] {
        let found = of_file(text, format).await;
        assert_eq!(found.faults(), [], "{format:?}: {found:?}");
        assert_eq!(
            (found.found, &found.not_compared),
            (cues, &None),
            "{found:?}"
        );
        assert_eq!((found.missing, found.unexpected), (0, 0), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_from_a_start_timecode_and_other_encodings_are_no_faults() {
    let late = SRT.replace("00:00:", "01:00:");
    let source = CaptionSource {
        start: "01:00:00:00".parse().ok(),
        ..of(CaptionFormat::Srt)
    };
    let late = late
        .split("8\n")
        .next()
        .unwrap()
        .replace("01:00:59", "01:00:40");
    let captions = convert_captions(late.as_bytes(), &source, &programme()).unwrap();
    assert!(!captions.warnings.is_empty());
    let found = compared(late.as_bytes(), &source, &captions).await;
    assert_eq!(found.faults(), [], "{found:?}");
    let mut wide = vec![0xFF, 0xFE];
    wide.extend(SRT.encode_utf16().flat_map(u16::to_le_bytes));
    let captions = convert_captions(&wide, &of(CaptionFormat::Srt), &programme()).unwrap();
    let found = compared(&wide, &of(CaptionFormat::Srt), &captions).await;
    assert_eq!((found.faults(), found.found), (vec![], 6), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_cues_that_were_left_out_are_no_faults() {
    let text = SRT.replace(
        "00:00:14,000 --> 00:00:15,000",
        "00:00:14,000 --> 00:00:13,000",
    );
    let found = of_file(&text, CaptionFormat::Srt).await;
    assert_eq!(found.faults(), [], "{found:?}");
    assert_eq!(found.left_out, 1, "{found:?}");
}

#[test]
fn ttml_that_needs_more_than_a_small_reader_is_not_compared() {
    for (from, to, reason) in [
        (
            "<div begin",
            "<div timeContainer=\"seq\" begin",
            "TTML with sequences",
        ),
        (
            "<span>",
            "<span begin=\"1s\">",
            "TTML with times within paragraphs",
        ),
        (
            "<span>",
            "<span xmlns:tts=\"s\" tts:ruby=\"text\">",
            "TTML with hidden or annotated text",
        ),
        (
            " end=\"00:00:03:05\"",
            "",
            "TTML with paragraphs without an end",
        ),
        (
            "ttp:tickRate=\"1000\"",
            "ttp:timeBase=\"smpte\"",
            "TTML with timecodes",
        ),
    ] {
        assert!(TTML.contains(from), "{from}");
        let read = simple_ttml::read(&TTML.replace(from, to));
        assert_eq!(read, Err(reason.to_owned()));
    }
    assert!(simple_ttml::read("<tt>").is_err());
}

/// Names of faults, their effect on the published text, and the kind that finds each.
type Fault = (
    &'static str,
    fn(&str) -> String,
    fn(&CaptionFault<'_>) -> bool,
);

const FAULTS: &[Fault] = &[
    (
        "a missing cue",
        |t| t.replace("\n00:00:14.000 --> 00:00:15.000\nこんにちは\n", ""),
        |f| matches!(f, CaptionFault::Missing(c) if c.start_ms == 14_000),
    ),
    (
        "another text",
        |t| t.replace("こんにちは", "さようなら"),
        |f| matches!(f, CaptionFault::Unexpected(c) if c.text == "さようなら"),
    ),
    (
        "one time is shifted",
        |t| t.replace("00:00:14.000", "00:00:13.500"),
        |f| matches!(f, CaptionFault::Unexpected(c) if c.elsewhere_ms == Some(14_000)),
    ),
    (
        "all times are shifted",
        |t| {
            t.replace("00:00:", "00:01:")
                .replace("00:01:00.000", "00:00:00.000")
        },
        |f| matches!(f, CaptionFault::Missing(c) if c.elsewhere_ms.is_some()),
    ),
    (
        "a shorter cue",
        |t| t.replace("--> 00:00:15.000", "--> 00:00:14.200"),
        |f| matches!(f, CaptionFault::Missing(c) if c.end_ms == 15_000),
    ),
    (
        "two texts are swapped",
        |t| {
            t.replace("then", "?")
                .replace("こんにちは", "then")
                .replace('?', "こんにちは")
        },
        |f| matches!(f, CaptionFault::Missing(_)),
    ),
    (
        "an additional cue",
        |t| {
            t.replace(
                "こんにちは\n",
                "こんにちは\n\n00:00:14.500 --> 00:00:15.000\nmore\n",
            )
        },
        |f| matches!(f, CaptionFault::Unexpected(c) if c.text == "more"),
    ),
    (
        "nothing at all",
        |t| t.split("\n\n").next().unwrap().to_owned(),
        |f| matches!(f, CaptionFault::Missing(c) if c.start_ms == 1_000),
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_captions_is_found() {
    let source = of(CaptionFormat::Srt);
    let good = convert_captions(SRT.as_bytes(), &source, &programme()).unwrap();
    for (name, damage, found_by) in FAULTS {
        let mut captions = good.clone();
        captions
            .segments
            .iter_mut()
            .for_each(|s| s.body = damage(&s.body));
        assert_ne!(captions, good, "{name}");
        let found = compared(SRT.as_bytes(), &source, &captions).await;
        assert!(found.faults().iter().any(found_by), "{name}: {found:?}");
    }
    let other = SRT
        .replace("Hello", "Hallo")
        .replace("then", "dann")
        .replace("last", "Ende");
    let other = convert_captions(other.as_bytes(), &source, &programme()).unwrap();
    let found = compared(SRT.as_bytes(), &source, &other).await;
    assert!(
        found.missing >= 3 && !found.faults().is_empty(),
        "{found:?}"
    );
    let mut swapped = good.clone();
    let body = &mut swapped.segments[5].body;
    *body = body.clone() + "\n00:00:01.000 --> 00:00:02.500\nHello & welcome\n";
    let found = compared(SRT.as_bytes(), &source, &swapped).await;
    let disordered = |f: &CaptionFault<'_>| matches!(f, CaptionFault::Disordered(_));
    assert!(found.faults().iter().any(disordered), "{found:?}");
}
