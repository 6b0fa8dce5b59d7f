use proptest::prelude::*;

use super::*;

const MEDIA: &str = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:VOD\n\
                     #EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:4.004000,\nseg_00001.m4s\n#EXTINF:2.002,title\nseg_00002.m4s\n\
                     #EXT-X-ENDLIST\n";

fn rules(text: &str) -> Vec<(&'static str, u32)> {
    let playlist = parse("video/a/playlist.m3u8", text.as_bytes());
    playlist
        .faults
        .into_iter()
        .map(|f| (f.rule, f.line))
        .collect()
}

#[test]
fn a_media_playlist_is_read() {
    let playlist = parse("video/a/playlist.m3u8", MEDIA.as_bytes());
    assert_eq!(playlist.faults, []);
    assert!(!playlist.is_multivariant);
    assert_eq!(playlist.duration(), 6_006_000_000);
    let second = &playlist.segments[1];
    assert_eq!((second.line, second.uri.line), (8, 9));
    assert_eq!(second.uri.path.as_deref(), Some("video/a/seg_00002.m4s"));
    assert_eq!(second.map, Some(0));
    assert_eq!(playlist.end_list, Some(10));
}

#[test]
fn windows_line_ends_are_accepted() {
    assert_eq!(rules(&MEDIA.replace('\n', "\r\n")), []);
}

#[test]
fn every_fault_is_found_with_its_line() {
    let text = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:0\n#EXT-X-MAP:URI=init.mp4\n#EXTINF:x,\nhttps://a/b\nlost.m4s\n#EXTINF:1,\n";
    let expected = [
        ("HLS-G03", 2),
        ("HLS-P01", 3),
        ("HLS-G04", 4),
        ("HLS-P03", 5),
        ("HLS-G06", 6),
        ("HLS-P03", 7),
        ("HLS-P03", 8),
    ];
    assert_eq!(rules(text), expected);
}

#[test]
fn a_byte_range_without_an_offset_follows_the_previous_one() {
    let text = "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n#EXT-X-BYTERANGE:100@10\na.ts\n\
                #EXTINF:4,\n#EXT-X-BYTERANGE:50\na.ts\n#EXTINF:4,\n#EXT-X-BYTERANGE:50\nb.ts\n";
    let playlist = parse("p.m3u8", text.as_bytes());
    let ranges: Vec<_> = playlist.segments.iter().map(|s| s.range).collect();
    assert_eq!(ranges, [Some((10, 100)), Some((110, 50)), Some((0, 50))]);
    assert_eq!(playlist.faults[0].rule, "HLS-P13");
}

#[test]
fn attribute_lists_are_strict() {
    for (list, fault) in [
        ("BANDWIDTH=1,CODECS=\"a,b\",RESOLUTION=1x1", None),
        ("BANDWIDTH=1,X-ANY=what ever", None),
        (
            "BANDWIDTH=1,",
            Some("an attribute at the end of EXT-X-STREAM-INF"),
        ),
        (
            "BANDWIDTH=1,codecs=\"a\"",
            Some("an attribute name of A-Z, 0-9 and - in EXT-X-STREAM-INF"),
        ),
        (
            "BANDWIDTH=1,CODECS=\"a",
            Some("a closing quote in EXT-X-STREAM-INF"),
        ),
        (
            "BANDWIDTH=1,CODECS=\"a\"x",
            Some("a comma after a quoted string in EXT-X-STREAM-INF"),
        ),
        ("BANDWIDTH=\"1\"", Some("BANDWIDTH to be a decimal integer")),
        (
            "BANDWIDTH=1,RESOLUTION=1X1",
            Some("RESOLUTION to be a resolution such as 1280x720"),
        ),
        (
            "BANDWIDTH=1,FRAME-RATE=x",
            Some("FRAME-RATE to be a decimal number"),
        ),
        (
            "BANDWIDTH=1,BANDWIDTH=1",
            Some("BANDWIDTH once in EXT-X-STREAM-INF"),
        ),
    ] {
        let text = format!("#EXTM3U\n#EXT-X-STREAM-INF:{list}\na.m3u8\n");
        let playlist = parse("m.m3u8", text.as_bytes());
        let found = playlist.faults.first().map(|f| f.expected.as_str());
        assert_eq!(found, fault, "{list}");
    }
}

#[test]
fn decimals_are_exact() {
    assert_eq!(decimal_nanos("4.004"), Some(4_004_000_000));
    assert_eq!(decimal_nanos("4"), Some(4_000_000_000));
    assert_eq!(decimal_nanos("4.004000000000001"), Some(4_004_000_000));
    for bad in [
        "",
        ".",
        "4.",
        ".4",
        "-1",
        "1e3",
        "1,5",
        "9999999999999999999",
    ] {
        assert_eq!(decimal_nanos(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse("a/b.m3u8", &bytes);
        let _ = parse("a/b.m3u8", &[b"#EXTM3U\n", &*bytes].concat());
    }

    #[test]
    fn lines_in_any_order_never_panic(lines in proptest::collection::vec(prop_oneof![
        Just("#EXTM3U"), Just("#EXTINF:4.0,"), Just("#EXTINF:-1"), Just("seg.m4s"), Just("#EXT-X-BYTERANGE:5"),
        Just("#EXT-X-STREAM-INF:BANDWIDTH=1"), Just("#EXT-X-MEDIA:TYPE=AUDIO"), Just("#EXT-X-MAP:URI=\"i\""),
        Just("#EXT-X-KEY:METHOD=NONE"), Just("#EXT-X-VERSION:99999999999999999999"), Just("#EXT-X-ENDLIST"),
        Just("#EXT-X-I-FRAME-STREAM-INF:URI=\"x\""), Just("#EXT-X-TARGETDURATION:4"), Just("# comment"), Just(""),
    ], 0..20)) {
        let playlist = parse("a/b.m3u8", lines.join("\n").as_bytes());
        let mut last = 0;
        for fault in &playlist.faults {
            prop_assert!(fault.line >= last && fault.line >= 1);
            last = fault.line;
        }
    }

    #[test]
    fn a_written_playlist_is_read_back(durations in proptest::collection::vec(1u64..10_000_000, 1..40)) {
        let mut text = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n".to_owned();
        for (n, micros) in durations.iter().enumerate() {
            text += &format!("#EXTINF:{}.{:06},\nseg_{n}.ts\n", micros / 1_000_000, micros % 1_000_000);
        }
        let playlist = parse("p.m3u8", text.as_bytes());
        prop_assert_eq!(&playlist.faults, &[]);
        let sum: u64 = durations.iter().sum();
        prop_assert_eq!(playlist.duration(), i128::from(sum) * 1_000);
    }
}
