use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::testing::ValidOutput;

fn mpd() -> String {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| ValidOutput::new().texts["manifest.mpd"].clone());
    TEXT.clone()
}

#[test]
fn an_mpd_is_read_and_expanded() {
    let mpd = parse("manifest.mpd", mpd().as_bytes());
    assert_eq!(mpd.faults, []);
    assert_eq!(mpd.duration(), Some(10_000_000_000));
    let (set, first) = mpd.representations().next().unwrap();
    assert_eq!(set.content_type(), ContentType::Video);
    assert_eq!(set.element.line, 4);
    assert_eq!(first.init, Some(Part::whole("video/h264_360p/init.mp4")));
    let times: Vec<_> = first
        .segments
        .iter()
        .map(|s| (s.time, s.duration))
        .collect();
    assert_eq!(
        times,
        [
            (Some(0), Some(96_000)),
            (Some(96_000), Some(96_000)),
            (Some(192_000), Some(48_000))
        ]
    );
    assert_eq!(first.segments[2].path, "video/h264_360p/seg_00003.m4s");
    assert_eq!(first.segments[2].line, 9);
}

#[test]
fn durations_are_exact_and_strict() {
    let nanos = |text: &str| xs_duration(text).map(|d| d.nanos);
    assert_eq!(nanos("PT1H2M3.5S"), Some(3_723_500_000_000));
    assert_eq!(nanos("P1DT0.000000001S"), Some(86_400_000_000_001));
    assert_eq!(xs_duration("P1Y").map(|d| d.calendar), Some(true));
    for bad in [
        "",
        "P",
        "PT",
        "P1",
        "PT1",
        "1S",
        "-PT1S",
        "PT1.5M",
        "PT1S1M",
        "PT99999999999S",
        "PT1SX",
        "P1T1S",
    ] {
        assert_eq!(xs_duration(bad), None, "{bad}");
    }
}

#[test]
fn times_that_make_dash_mpd_panic_are_not_given_to_it() {
    // Overflows in seconds, in days, in the time zone: each a panic in a debug build of the crate.
    for bad in [
        "P999999999999999999DT1S",
        "PT18446744073709551615M",
        "2020-01-01T00:00:00+999999:99",
        "garbage",
    ] {
        for attribute in [
            "availabilityStartTime",
            "maxSegmentDuration",
            "timeShiftBufferDepth",
            "publishTime",
        ] {
            let text = mpd().replace(
                "type=\"static\"",
                &format!("type=\"static\" {attribute}=\"{bad}\""),
            );
            let text = text.replace("maxSegmentDuration=\"PT4.1S\"", "");
            let found = parse("manifest.mpd", text.as_bytes());
            assert!(found.readable, "{attribute}={bad}");
        }
    }
}

#[test]
fn a_hostile_repeat_is_bounded() {
    let text = mpd().replace("r=\"1\"", "r=\"9223372036854775807\"");
    let found = parse("manifest.mpd", text.as_bytes());
    assert!(
        found
            .faults
            .iter()
            .any(|f| f.rule == "DSH-12" && f.found.contains("more than"))
    );
}

#[test]
fn an_entity_is_refused() {
    let text = format!(
        "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>{}",
        mpd()
    );
    let found = parse("manifest.mpd", text.as_bytes());
    assert!(!found.readable);
    assert_eq!(found.faults[0].rule, "DSH-01");
}

#[test]
fn templates_are_expanded() {
    use super::template::{Values, expand};
    let values = Values {
        id: "v1",
        bandwidth: Some(5),
        number: Some(7),
        time: Some(90),
    };
    for (template, expected) in [
        ("$RepresentationID$/$Number%05d$.m4s", Ok("v1/00007.m4s")),
        ("$Bandwidth$-$Time$-$$", Ok("5-90-$")),
        ("plain", Ok("plain")),
        ("$Number%5d$", Err("$Number%5d$")),
        ("$Number%099d$", Err("$Number%099d$")),
        ("$number$", Err("$number$")),
        ("a$b", Err("a lone $ in \"a$b\"")),
    ] {
        assert_eq!(
            expand(template, values),
            expected.map(str::to_owned).map_err(str::to_owned)
        );
    }
    let none = Values {
        number: None,
        time: None,
        ..values
    };
    assert!(expand("$Number$", none).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn damaged_mpds_never_panic(hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
        let mut bytes = mpd().into_bytes();
        for (at, value) in hits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = parse("manifest.mpd", &bytes);
    }

    #[test]
    fn arbitrary_durations_never_panic(text in "[-PT0-9.YMDHS]{0,24}") {
        let document = mpd().replace("PT4.1S", &text);
        let _ = parse("manifest.mpd", document.as_bytes());
        let _ = xs_duration(&text);
    }
}
