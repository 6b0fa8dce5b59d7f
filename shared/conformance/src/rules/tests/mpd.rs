//! Damage to the MPD.

use super::{Damage, MPD, V360, V720};

pub(super) const DAMAGES: &[Damage] = &[
    Damage {
        name: "an MPD that is not XML",
        rule: "DSH-01",
        also: &["DSH-18"],
        apply: |g| {
            g.edit(MPD, "</Period>", "</Perio>");
        },
    },
    Damage {
        name: "an MPD with a DTD",
        rule: "DSH-01",
        also: &["DSH-18"],
        apply: |g| {
            g.edit(MPD, "<MPD ", "<!DOCTYPE MPD [<!ENTITY x \"y\">]><MPD ");
        },
    },
    Damage {
        name: "a misspelt element",
        rule: "DSH-01",
        also: &[],
        apply: |g| {
            g.edit(MPD, "<Role ", "<Rolle ");
        },
    },
    Damage {
        name: "another namespace",
        rule: "DSH-01",
        also: &[],
        apply: |g| {
            g.edit(MPD, "schema:mpd:2011\"", "schema:mpd:2009\"");
        },
    },
    Damage {
        name: "a dynamic MPD",
        rule: "DSH-02",
        also: &[],
        apply: |g| {
            g.edit(MPD, "type=\"static\"", "type=\"dynamic\"");
        },
    },
    Damage {
        name: "no presentation duration",
        rule: "DSH-02",
        also: &[],
        apply: |g| {
            g.edit(MPD, "mediaPresentationDuration=\"PT10S\"", "");
        },
    },
    Damage {
        name: "no minBufferTime",
        rule: "DSH-03",
        also: &[],
        apply: |g| {
            g.edit(MPD, "minBufferTime=\"PT4S\"", "");
        },
    },
    Damage {
        name: "an unknown profile",
        rule: "DSH-03",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "urn:mpeg:dash:profile:isoff-live:2011",
                "urn:example:mine",
            );
        },
    },
    Damage {
        name: "a presentation longer than its media",
        rule: "DSH-04",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "mediaPresentationDuration=\"PT10S\"",
                "mediaPresentationDuration=\"PT11S\"",
            );
        },
    },
    Damage {
        name: "a duration in months",
        rule: "DSH-05",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "maxSegmentDuration=\"PT4.1S\"",
                "maxSegmentDuration=\"P0M0DT4.1S\"",
            );
        },
    },
    Damage {
        name: "a representation id twice",
        rule: "DSH-06",
        also: &[],
        apply: |g| {
            g.edit(MPD, "id=\"audio-en\"", "id=\"audio-ja\"");
        },
    },
    Damage {
        name: "an adaptation set id twice",
        rule: "DSH-06",
        also: &[],
        apply: |g| {
            g.edit(MPD, "AdaptationSet id=\"1\"", "AdaptationSet id=\"0\"");
        },
    },
    Damage {
        name: "muxed codecs",
        rule: "DSH-07",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "codecs=\"avc1.64001f\"",
                "codecs=\"avc1.64001f,mp4a.40.2\"",
            );
        },
    },
    Damage {
        name: "no MIME type",
        rule: "DSH-07",
        also: &[],
        apply: |g| {
            g.edit(MPD, "mimeType=\"video/mp4\"", "");
        },
    },
    Damage {
        name: "audio without lang",
        rule: "DSH-08",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "mimeType=\"audio/mp4\" lang=\"ja\"",
                "mimeType=\"audio/mp4\"",
            );
        },
    },
    Damage {
        name: "video without width",
        rule: "DSH-08",
        also: &[],
        apply: |g| {
            g.edit(MPD, "width=\"640\"", "");
        },
    },
    Damage {
        name: "audio without channels",
        rule: "DSH-08",
        also: &[],
        apply: |g| {
            g.edit(MPD, "<AudioChannelConfiguration schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"2\"/>\n", "");
        },
    },
    Damage {
        name: "a width above the set's",
        rule: "DSH-09",
        also: &[],
        apply: |g| {
            g.edit(MPD, "maxWidth=\"1280\"", "maxWidth=\"640\"");
        },
    },
    Damage {
        name: "a duration and a timeline",
        rule: "DSH-10",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "<SegmentTemplate timescale=\"24000\"",
                "<SegmentTemplate timescale=\"24000\" duration=\"96000\"",
            );
        },
    },
    Damage {
        name: "a template and a list",
        rule: "DSH-10",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "<SegmentTemplate timescale=\"24000\"",
                "<SegmentList timescale=\"24000\"/>\n<SegmentTemplate timescale=\"24000\"",
            );
        },
    },
    Damage {
        name: "an unknown identifier",
        rule: "DSH-11",
        also: &["DSH-13"],
        apply: |g| {
            g.edit(MPD, "audio/ja/seg_$Number%05d$", "audio/ja/seg_$Counter$");
        },
    },
    Damage {
        name: "a number in initialization",
        rule: "DSH-11",
        also: &["DSH-18"],
        apply: |g| {
            g.edit(MPD, "initialization=\"video/$RepresentationID$/init.mp4\" media=\"video/$RepresentationID$/seg_$Number%05d$.m4s\"", "initialization=\"video/$RepresentationID$/$Number$.mp4\" media=\"video/$RepresentationID$/seg_$Nummer$.m4s\"");
        },
    },
    Damage {
        name: "a timeline with a gap",
        rule: "DSH-12",
        also: &[],
        apply: |g| {
            g.edit(MPD, "<S d=\"96000\"/>", "<S t=\"385025\" d=\"96000\"/>");
        },
    },
    Damage {
        name: "a timeline that is not the media's",
        rule: "DSH-12",
        also: &[],
        apply: |g| {
            g.edit(MPD, "<S d=\"48000\"/>", "<S d=\"48001\"/>");
        },
    },
    Damage {
        name: "a segment longer than maxSegmentDuration",
        rule: "DSH-12",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "maxSegmentDuration=\"PT4.1S\"",
                "maxSegmentDuration=\"PT3S\"",
            );
        },
    },
    Damage {
        name: "a timeline with a segment too many",
        rule: "DSH-13",
        also: &[],
        apply: |g| {
            g.edit(MPD, "<S d=\"48000\"/>", "<S d=\"48000\" r=\"1\"/>");
        },
    },
    Damage {
        name: "no segment alignment",
        rule: "DSH-14",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "segmentAlignment=\"true\"",
                "segmentAlignment=\"false\"",
            );
        },
    },
    Damage {
        name: "no startWithSAP",
        rule: "DSH-14",
        also: &[],
        apply: |g| {
            g.edit(MPD, " startWithSAP=\"1\"", "");
        },
    },
    Damage {
        name: "a bandwidth that stalls",
        rule: "DSH-15",
        also: &[],
        apply: |g| {
            let text = g.texts.get_mut(MPD).unwrap();
            let at = text.find("id=\"h264_720p\" bandwidth=\"").unwrap() + 26;
            text.replace_range(at..at + 1, "1");
        },
    },
    Damage {
        name: "captions without a role",
        rule: "DSH-16",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"subtitle\"/>\n",
                "",
            );
        },
    },
    Damage {
        name: "no main video",
        rule: "DSH-16",
        also: &[],
        apply: |g| {
            g.edit(MPD, "value=\"main\"", "value=\"alternate\"");
        },
    },
    Damage {
        name: "a rung missing in the MPD",
        rule: "DSH-18",
        also: &[],
        apply: |g| {
            let text = g.texts.get_mut(MPD).unwrap();
            let at = text.find("<Representation id=\"h264_360p\"").unwrap();
            let end = at + text[at..].find("/>\n").unwrap() + 3;
            text.replace_range(at..end, "");
        },
    },
    Damage {
        name: "the frame rate of another job",
        rule: "DSH-18",
        also: &["DSH-21"],
        apply: |g| {
            g.edit(MPD, "frameRate=\"24\"", "frameRate=\"25\"");
        },
    },
    Damage {
        name: "no MPD",
        rule: "DSH-18",
        also: &[],
        apply: |g| {
            g.missing.push(MPD.to_owned());
        },
    },
    Damage {
        name: "a base URL on another host",
        rule: "DSH-19",
        also: &["DSH-18"],
        apply: |g| {
            g.edit(
                MPD,
                "<Period ",
                "<BaseURL>https://example.org/</BaseURL>\n<Period ",
            );
        },
    },
    Damage {
        name: "a remote period",
        rule: "DSH-19",
        also: &[],
        apply: |g| {
            g.edit(MPD, "<Period ", "<Period xmlns:xlink=\"http://www.w3.org/1999/xlink\" xlink:href=\"https://example.org/p.xml\" ");
            assert!(g.inits.contains_key(&format!("{V360}/init.mp4")));
        },
    },
    Damage {
        name: "the width of another rung",
        rule: "DSH-21",
        also: &["DSH-18"],
        apply: |g| {
            g.edit(MPD, "width=\"640\"", "width=\"320\"");
        },
    },
    Damage {
        name: "the same audio for two languages in the MPD",
        rule: "DSH-22",
        also: &["DSH-18"],
        apply: |g| {
            g.edit(
                MPD,
                "initialization=\"audio/en/init.mp4\" media=\"audio/en/",
                "initialization=\"audio/ja/init.mp4\" media=\"audio/ja/",
            );
        },
    },
    Damage {
        name: "alignment that is not true",
        rule: "DSH-20",
        also: &["HLS-P08", "SEG-06", "DSH-12"],
        apply: |g| {
            for number in 1..=3 {
                g.segment(&format!("{V720}/seg_{number:05}.m4s"), |s| {
                    s.iter_mut().for_each(|f| f.tfdt += 1_000);
                });
            }
        },
    },
];
