//! Damage to the syntax of playlists, to media playlists and captions.

use super::{Damage, MASTER, V360, V720, ValidOutput};

fn all_text(good: &mut ValidOutput, path: &str, from: &str, to: &str) {
    let text = good.texts.get_mut(path).unwrap();
    assert!(text.contains(from), "{path} has {from:?}");
    *text = text.replace(from, to);
}

fn playlist(folder: &str) -> String {
    format!("{folder}/playlist.m3u8")
}

pub(super) const DAMAGES: &[Damage] = &[
    Damage {
        name: "a byte order mark",
        rule: "HLS-G01",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "#EXTM3U", "\u{feff}#EXTM3U");
        },
    },
    Damage {
        name: "no #EXTM3U",
        rule: "HLS-G01",
        also: &[],
        apply: |g| {
            g.edit(&playlist(V720), "#EXTM3U\n", "");
        },
    },
    Damage {
        name: "a control character",
        rule: "HLS-G01",
        also: &[],
        apply: |g| {
            g.edit(&playlist(V720), "#EXT-X-ENDLIST", "# \u{1}\n#EXT-X-ENDLIST");
        },
    },
    Damage {
        name: "a media tag in the multivariant playlist",
        rule: "HLS-G02",
        also: &[],
        apply: |g| {
            g.edit(
                MASTER,
                "#EXT-X-INDEPENDENT",
                "#EXT-X-TARGETDURATION:4\n#EXT-X-INDEPENDENT",
            );
        },
    },
    Damage {
        name: "a version too low for EXT-X-MAP",
        rule: "HLS-G03",
        also: &[],
        apply: |g| {
            g.edit(&playlist(V720), "VERSION:7", "VERSION:4");
        },
    },
    Damage {
        name: "two versions",
        rule: "HLS-G03",
        also: &[],
        apply: |g| {
            g.edit(
                MASTER,
                "#EXT-X-VERSION:7",
                "#EXT-X-VERSION:7\n#EXT-X-VERSION:7",
            );
        },
    },
    Damage {
        name: "an attribute twice",
        rule: "HLS-G04",
        also: &[],
        apply: |g| {
            g.edit(
                MASTER,
                "FRAME-RATE=24.000",
                "FRAME-RATE=24.000,FRAME-RATE=24.000",
            );
        },
    },
    Damage {
        name: "an unquoted string",
        rule: "HLS-G04",
        also: &["HLS-M11", "HLS-M14"],
        apply: |g| {
            g.edit(MASTER, "GROUP-ID=\"audio\"", "GROUP-ID=audio2");
        },
    },
    Damage {
        name: "a misspelt tag",
        rule: "HLS-G05",
        also: &[],
        apply: |g| {
            g.edit(
                &playlist(V720),
                "#EXT-X-ENDLIST",
                "#EXT-X-ENDLISTS:1\n#EXT-X-ENDLIST",
            );
        },
    },
    Damage {
        name: "a URI on another host",
        rule: "HLS-G06",
        also: &[],
        apply: |g| {
            g.edit(
                &playlist(V720),
                "seg_00002.m4s",
                "https://example.org/seg_00002.m4s",
            );
        },
    },
    Damage {
        name: "a URI that climbs out",
        rule: "HLS-G06",
        also: &[],
        apply: |g| {
            g.edit(&playlist(V720), "seg_00002.m4s", "%2e%2e/seg_00002.m4s");
        },
    },
    Damage {
        name: "no target duration",
        rule: "HLS-P01",
        also: &[],
        apply: |g| {
            g.edit("text/en/playlist.m3u8", "#EXT-X-TARGETDURATION:4\n", "");
        },
    },
    Damage {
        name: "a target duration of 0",
        rule: "HLS-P01",
        also: &[],
        apply: |g| {
            g.edit(
                "text/en/playlist.m3u8",
                "TARGETDURATION:4",
                "TARGETDURATION:0",
            );
        },
    },
    Damage {
        name: "a target duration below the segments",
        rule: "HLS-P02",
        also: &[],
        apply: |g| {
            g.edit(
                "text/en/playlist.m3u8",
                "TARGETDURATION:4",
                "TARGETDURATION:3",
            );
        },
    },
    Damage {
        name: "a garbage EXTINF",
        rule: "HLS-P03",
        also: &["HLS-P05", "HLS-P07", "SUB-01", "DSH-04"],
        apply: |g| {
            g.edit("text/en/playlist.m3u8", "EXTINF:4.000000,", "EXTINF:four,");
            g.edit(&playlist(V360), "EXTINF:4.000000,", "EXTINF:four,");
        },
    },
    Damage {
        name: "no comma after EXTINF",
        rule: "HLS-P03",
        also: &[],
        apply: |g| {
            g.edit(&playlist(V720), "EXTINF:4.000000,", "EXTINF:4.000000");
        },
    },
    Damage {
        name: "no end",
        rule: "HLS-P04",
        also: &[],
        apply: |g| {
            g.edit(&playlist(V720), "#EXT-X-ENDLIST\n", "");
        },
    },
    Damage {
        name: "type EVENT",
        rule: "HLS-P04",
        also: &[],
        apply: |g| {
            g.edit(&playlist(V720), "TYPE:VOD", "TYPE:EVENT");
        },
    },
    Damage {
        name: "EXTINF off by a tenth and back",
        rule: "HLS-P05",
        also: &[],
        apply: |g| {
            g.edit(
                &playlist(V720),
                "4.000000,\nseg_00001",
                "4.100000,\nseg_00001",
            );
            g.edit(
                &playlist(V720),
                "4.000000,\nseg_00002",
                "3.900000,\nseg_00002",
            );
        },
    },
    Damage {
        name: "another target duration for audio",
        rule: "HLS-P06",
        also: &[],
        apply: |g| {
            g.edit(
                "audio/ja/playlist.m3u8",
                "TARGETDURATION:4",
                "TARGETDURATION:5",
            );
        },
    },
    Damage {
        name: "audio that ends early",
        rule: "HLS-P07",
        also: &["SEG-01", "SEG-08", "SEG-09", "DSH-13"],
        apply: |g| {
            g.edit(
                "audio/ja/playlist.m3u8",
                "#EXTINF:2.000000,\nseg_00003.m4s\n",
                "",
            );
        },
    },
    Damage {
        name: "EXT-X-MEDIA-SEQUENCE of live",
        rule: "HLS-P09",
        also: &[],
        apply: |g| {
            g.edit(&playlist(V720), "SEQUENCE:0", "SEQUENCE:17");
        },
    },
    Damage {
        name: "no EXT-X-MAP",
        rule: "HLS-P10",
        also: &["PIP-02"],
        apply: |g| {
            g.edit(&playlist(V720), "#EXT-X-MAP:URI=\"init.mp4\"\n", "");
        },
    },
    Damage {
        name: "a discontinuity",
        rule: "HLS-P11",
        also: &[],
        apply: |g| {
            g.edit(
                &playlist(V720),
                "#EXTINF:2",
                "#EXT-X-DISCONTINUITY\n#EXTINF:2",
            );
        },
    },
    Damage {
        name: "a key without a URI",
        rule: "HLS-P12",
        also: &[],
        apply: |g| {
            g.edit(
                &playlist(V720),
                "#EXTINF:4",
                "#EXT-X-KEY:METHOD=AES-128\n#EXTINF:4",
            );
        },
    },
    Damage {
        name: "a range past the end",
        rule: "HLS-P13",
        also: &["HLS-P14"],
        apply: |g| {
            let path = format!("{V720}/iframes.m3u8");
            let text = g.texts.get_mut(&path).unwrap();
            let at = text.find("BYTERANGE:").unwrap() + 10;
            text.insert(at, '9');
        },
    },
    Damage {
        name: "no EXT-X-I-FRAMES-ONLY",
        rule: "HLS-P14",
        also: &[],
        apply: |g| {
            g.edit(
                &format!("{V720}/iframes.m3u8"),
                "#EXT-X-I-FRAMES-ONLY\n",
                "",
            );
        },
    },
    Damage {
        name: "a range that cuts the picture",
        rule: "HLS-P14",
        also: &[],
        apply: |g| {
            let path = format!("{V720}/iframes.m3u8");
            let text = g.texts.get_mut(&path).unwrap();
            let at = text.find("BYTERANGE:").unwrap() + 10;
            let end = at + text[at..].find('@').unwrap();
            let length: u64 = text[at..end].parse().unwrap();
            text.replace_range(at..end, &(length - 1).to_string());
        },
    },
    Damage {
        name: "a low-latency tag",
        rule: "HLS-P15",
        also: &[],
        apply: |g| {
            g.edit(
                &playlist(V720),
                "#EXTINF:4",
                "#EXT-X-SERVER-CONTROL:HOLD-BACK=12.0\n#EXTINF:4",
            );
        },
    },
    Damage {
        name: "segments in the wrong order",
        rule: "HLS-P16",
        also: &["HLS-P08", "SEG-06", "CMF-05"],
        apply: |g| {
            let path = playlist(V720);
            all_text(g, &path, "seg_00001", "seg_0000X");
            all_text(g, &path, "seg_00002", "seg_00001");
            all_text(g, &path, "seg_0000X", "seg_00002");
        },
    },
    Damage {
        name: "captions without X-TIMESTAMP-MAP",
        rule: "SUB-01",
        also: &[],
        apply: |g| {
            g.edit(
                "text/en/seg_00001.vtt",
                "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n",
                "",
            );
        },
    },
    Damage {
        name: "a cue that ends before it starts",
        rule: "SUB-01",
        also: &[],
        apply: |g| {
            g.edit("text/en/seg_00001.vtt", "00:00:01.000\n", "00:00:00.100\n");
        },
    },
    Damage {
        name: "captions that end early",
        rule: "SUB-01",
        also: &[],
        apply: |g| {
            g.edit(
                "text/en/playlist.m3u8",
                "EXTINF:2.000000",
                "EXTINF:1.000000",
            );
        },
    },
    Damage {
        name: "forced captions not marked",
        rule: "SUB-02",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "FORCED=YES", "FORCED=NO");
        },
    },
    Damage {
        name: "a date that does not exist",
        rule: "HLS-P17",
        also: &[],
        apply: |g| {
            g.edit(
                &playlist(V720),
                "#EXTINF:2",
                "#EXT-X-PROGRAM-DATE-TIME:2024-02-30T00:00:00Z\n#EXTINF:2",
            );
        },
    },
    Damage {
        name: "a date range without a start",
        rule: "HLS-P18",
        also: &[],
        apply: |g| {
            g.edit(
                &playlist(V720),
                "#EXTINF:2",
                "#EXT-X-PROGRAM-DATE-TIME:2024-02-29T00:00:00Z\n#EXT-X-DATERANGE:ID=\"a\"\n#EXTINF:2",
            );
        },
    },
    Damage {
        name: "captions with another time map",
        rule: "SUB-04",
        also: &[],
        apply: |g| {
            g.edit("text/en/seg_00002.vtt", "MPEGTS:0", "MPEGTS:900000");
        },
    },
];
