//! Damage to the stored objects and their headers.

use super::{Damage, MASTER, MPD, V360, V720};

/// The track of thumbnails.
const THUMBNAILS: &str = "images/thumbnails.vtt";

pub(super) const DAMAGES: &[Damage] = &[
    Damage {
        name: "thumbnails without the descriptor of their tiles",
        rule: "IMG-01",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "http://dashif.org/guidelines/thumbnail_tile",
                "urn:other",
            );
        },
    },
    Damage {
        name: "a sheet that its grid does not divide",
        rule: "IMG-01",
        also: &[],
        apply: |g| {
            g.edit(MPD, "value=\"3x1\"", "value=\"7x1\"");
        },
    },
    Damage {
        name: "no poster",
        rule: "IMG-02",
        also: &[],
        apply: |g| g.missing.push("images/poster.jpg".to_owned()),
    },
    Damage {
        name: "a sheet of another size than was recorded",
        rule: "IMG-02",
        also: &[],
        apply: |g| {
            g.sizes.insert("images/sheet_00001.jpg".to_owned(), 17);
        },
    },
    Damage {
        name: "a thumbnail that is not at its time",
        rule: "IMG-02",
        also: &[],
        apply: |g| {
            g.edit(THUMBNAILS, "00:00:04.000\nsheet", "00:00:03.000\nsheet");
        },
    },
    Damage {
        name: "two cues for one thumbnail",
        rule: "IMG-02",
        also: &[],
        apply: |g| {
            g.edit(THUMBNAILS, "#xywh=160,0", "#xywh=0,0");
        },
    },
    Damage {
        name: "a thumbnail left out of the track",
        rule: "IMG-02",
        also: &[],
        apply: |g| {
            g.edit(
                THUMBNAILS,
                "\n00:00:08.000 --> 00:00:10.000\nsheet_00001.jpg#xywh=320,0,160,90\n",
                "",
            );
        },
    },
    Damage {
        name: "a segment that is not there",
        rule: "SEG-01",
        also: &[],
        apply: |g| {
            g.missing.push(format!("{V720}/seg_00002.m4s"));
        },
    },
    Damage {
        name: "an empty segment",
        rule: "SEG-01",
        also: &[],
        apply: |g| {
            g.sizes.insert(format!("{V720}/seg_00002.m4s"), 0);
        },
    },
    Damage {
        name: "a segment of another size than recorded",
        rule: "SEG-01",
        also: &[],
        apply: |g| {
            let path = "audio/en/seg_00002.m4s".to_owned();
            let size = g.bytes()[&path].len() as u64;
            g.sizes.insert(path, size + 1);
        },
    },
    Damage {
        name: "a playlist that is not there",
        rule: "SEG-01",
        also: &[],
        apply: |g| {
            g.missing.push("text/en/playlist.m3u8".to_owned());
        },
    },
    Damage {
        name: "an init segment that is not there",
        rule: "HLS-P10",
        also: &[],
        apply: |g| {
            g.missing.push(format!("{V360}/init.mp4"));
        },
    },
    Damage {
        name: "a segment of another chunk",
        rule: "SEG-02",
        also: &[],
        apply: |g| {
            g.object(&format!("{V720}/seg_00002.m4s"), |o| {
                o.sha256 = Some("00".repeat(32));
            });
        },
    },
    Damage {
        name: "a segment missing in the MPD only",
        rule: "DSH-13",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "text/en/seg_$Number%05d$.vtt",
                "text/en/part_$Number%05d$.vtt",
            );
        },
    },
    Damage {
        name: "segments served as octets",
        rule: "DLV-01",
        also: &[],
        apply: |g| {
            g.object(&format!("{V720}/seg_00002.m4s"), |o| {
                o.content_type = Some("binary/octet-stream".to_owned());
            });
        },
    },
    Damage {
        name: "a playlist without a type",
        rule: "DLV-01",
        also: &[],
        apply: |g| {
            g.object(MASTER, |o| o.content_type = None);
        },
    },
    Damage {
        name: "a playlist that is not gzipped",
        rule: "DLV-02",
        also: &[],
        apply: |g| {
            g.object(MASTER, |o| o.content_encoding = None);
        },
    },
    Damage {
        name: "segments that are not cached",
        rule: "DLV-03",
        also: &[],
        apply: |g| {
            g.object(&format!("{V720}/seg_00002.m4s"), |o| o.cache_control = None);
        },
    },
    Damage {
        name: "a playlist that was there first",
        rule: "DLV-04",
        also: &[],
        apply: |g| {
            g.object(&format!("{V720}/playlist.m3u8"), |o| {
                o.modified_ms = Some(500);
            });
        },
    },
    Damage {
        name: "the multivariant playlist before the others",
        rule: "DLV-04",
        also: &[],
        apply: |g| {
            g.object(MASTER, |o| o.modified_ms = Some(1_500));
        },
    },
    Damage {
        name: "an object that nothing names",
        rule: "DLV-05",
        also: &[],
        apply: |g| {
            g.raw
                .insert("video/old/seg_00001.m4s".to_owned(), vec![1, 2, 3]);
        },
    },
];
