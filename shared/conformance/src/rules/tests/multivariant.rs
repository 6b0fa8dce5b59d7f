//! Damage to the multivariant playlist.

use super::{Damage, MASTER, V360, V720, ValidOutput};
use reelsmith_core::audio_track::AudioRole;

/// Scales the first number after `name`, which follows a comma or colon, of the first variant by percent.
fn scale(good: &mut ValidOutput, name: &str, percent: u64) {
    let text = good.texts.get_mut(MASTER).unwrap();
    let from = text.find("#EXT-X-STREAM-INF").unwrap();
    let at = from + text[from..].find(name).unwrap() + name.len();
    let end = at + text[at..].find(',').unwrap();
    let value: u64 = text[at..end].parse().unwrap();
    text.replace_range(at..end, &(value * percent / 100).to_string());
}

fn playlist(folder: &str) -> String {
    format!("{folder}/playlist.m3u8")
}

pub(super) const DAMAGES: &[Damage] = &[
    Damage {
        name: "only one video variant",
        rule: "HLS-M01",
        also: &["HLS-M22"],
        apply: |g| {
            for folder in [V720, "video/h265_720p"] {
                let text = g.texts.get_mut(MASTER).unwrap();
                let uri = format!("\n{folder}/playlist.m3u8\n");
                let end = text.find(&uri).unwrap();
                let start = text[..end].rfind('\n').unwrap();
                text.replace_range(start..end + uri.len() - 1, "");
            }
        },
    },
    Damage {
        name: "no BANDWIDTH",
        rule: "HLS-M02",
        also: &[],
        apply: |g| {
            let text = g.texts.get_mut(MASTER).unwrap();
            let at = text.find("INF:BANDWIDTH=").unwrap() + 4;
            let end = at + text[at..].find(',').unwrap() + 1;
            text.replace_range(at..end, "");
        },
    },
    Damage {
        name: "a variant without a URI",
        rule: "HLS-M02",
        also: &["HLS-M22"],
        apply: |g| {
            g.edit(MASTER, &format!("{V720}/playlist.m3u8\n"), "");
        },
    },
    Damage {
        name: "no CODECS",
        rule: "HLS-M03",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "CODECS=\"avc1.64001f,mp4a.40.2\",", "");
        },
    },
    Damage {
        name: "CODECS without audio",
        rule: "HLS-M03",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "avc1.64001f,mp4a.40.2", "avc1.64001f");
        },
    },
    Damage {
        name: "no RESOLUTION",
        rule: "HLS-M04",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "RESOLUTION=640x360,FRAME", "FRAME");
        },
    },
    Damage {
        name: "another RESOLUTION",
        rule: "HLS-M04",
        also: &["HLS-M22"],
        apply: |g| {
            g.edit(
                MASTER,
                "RESOLUTION=640x360,FRAME",
                "RESOLUTION=854x480,FRAME",
            );
        },
    },
    Damage {
        name: "no FRAME-RATE",
        rule: "HLS-M05",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "FRAME-RATE=24.000,", "");
        },
    },
    Damage {
        name: "another FRAME-RATE",
        rule: "HLS-M05",
        also: &["HLS-M22"],
        apply: |g| {
            g.edit(MASTER, "FRAME-RATE=24.000,", "FRAME-RATE=23.976,");
        },
    },
    Damage {
        name: "no AVERAGE-BANDWIDTH",
        rule: "HLS-M06",
        also: &[],
        apply: |g| {
            let text = g.texts.get_mut(MASTER).unwrap();
            let at = text.find("AVERAGE-BANDWIDTH=").unwrap();
            let end = at + text[at..].find(',').unwrap() + 1;
            text.replace_range(at..end, "");
        },
    },
    Damage {
        name: "BANDWIDTH far too high",
        rule: "HLS-M07",
        also: &[],
        apply: |g| {
            scale(g, "INF:BANDWIDTH=", 140);
        },
    },
    Damage {
        name: "AVERAGE-BANDWIDTH far too low",
        rule: "HLS-M08",
        also: &[],
        apply: |g| {
            scale(g, "AVERAGE-BANDWIDTH=", 70);
        },
    },
    Damage {
        name: "BANDWIDTH below the sum with audio",
        rule: "HLS-M09",
        also: &[],
        apply: |g| {
            scale(g, "INF:BANDWIDTH=", 95);
        },
    },
    Damage {
        name: "a peak far above the average",
        rule: "HLS-M10",
        also: &["HLS-M07", "HLS-M08", "HLS-M09", "SEG-01", "HLS-P14"],
        apply: |g| {
            g.segment(&format!("{V360}/seg_00001.m4s"), |s| {
                s.iter_mut()
                    .flat_map(|f| &mut f.samples)
                    .for_each(|s| s.size *= 9);
            });
        },
    },
    Damage {
        name: "a group that does not exist",
        rule: "HLS-M11",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "SUBTITLES=\"subs\"", "SUBTITLES=\"none\"");
        },
    },
    Damage {
        name: "no NAME",
        rule: "HLS-M12",
        also: &["HLS-M22"],
        apply: |g| {
            g.edit(
                MASTER,
                "NAME=\"日本語\",LANGUAGE=\"ja\",DEFAULT=YES",
                "LANGUAGE=\"ja\",DEFAULT=YES",
            );
        },
    },
    Damage {
        name: "two defaults",
        rule: "HLS-M12",
        also: &["HLS-M22"],
        apply: |g| {
            g.edit(
                MASTER,
                "LANGUAGE=\"en\",DEFAULT=NO",
                "LANGUAGE=\"en\",DEFAULT=YES",
            );
        },
    },
    Damage {
        name: "no LANGUAGE",
        rule: "HLS-M13",
        also: &["SUB-02"],
        apply: |g| {
            g.edit(
                MASTER,
                "LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=YES,FORCED",
                "DEFAULT=NO,AUTOSELECT=YES,FORCED",
            );
        },
    },
    Damage {
        name: "a language that is none",
        rule: "HLS-M13",
        also: &["HLS-M22"],
        apply: |g| {
            g.edit(
                MASTER,
                "LANGUAGE=\"ja\",DEFAULT=YES",
                "LANGUAGE=\"japanese_1\",DEFAULT=YES",
            );
        },
    },
    Damage {
        name: "a group with fewer members",
        rule: "HLS-M14",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "#EXT-X-STREAM-INF", "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"two\",NAME=\"日本語\",LANGUAGE=\"ja\",DEFAULT=YES,AUTOSELECT=YES,URI=\"audio/ja/playlist.m3u8\"\n#EXT-X-STREAM-INF");
            g.edit(MASTER, "AUDIO=\"audio\"", "AUDIO=\"two\"");
        },
    },
    Damage {
        name: "captions with INSTREAM-ID",
        rule: "HLS-M15",
        also: &[],
        apply: |g| {
            g.edit(
                MASTER,
                "TYPE=SUBTITLES,",
                "TYPE=SUBTITLES,INSTREAM-ID=\"CC1\",",
            );
        },
    },
    Damage {
        name: "forced captions that no player may select",
        rule: "HLS-M16",
        also: &[],
        apply: |g| {
            g.edit(
                MASTER,
                "AUTOSELECT=YES,FORCED=YES",
                "AUTOSELECT=NO,FORCED=YES",
            );
        },
    },
    Damage {
        name: "half of the SDH characteristics",
        rule: "HLS-M17",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "AUTOSELECT=YES,FORCED=NO", "AUTOSELECT=YES,FORCED=NO,CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog\"");
        },
    },
    Damage {
        name: "audio muxed into the variants",
        rule: "HLS-M18",
        also: &[],
        apply: |g| {
            g.edit(MASTER, ",URI=\"audio/ja/playlist.m3u8\"", "");
            g.edit(MASTER, "CHANNELS=\"2\"\n", "CHANNELS=\"2\"\n");
        },
    },
    Damage {
        name: "no independent segments",
        rule: "HLS-M19",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "#EXT-X-INDEPENDENT-SEGMENTS\n", "");
            g.edit(&playlist(V720), "#EXT-X-INDEPENDENT-SEGMENTS\n", "");
        },
    },
    Damage {
        name: "no I-frame playlists",
        rule: "HLS-M21",
        also: &[],
        apply: |g| {
            let text = g.texts.get_mut(MASTER).unwrap();
            text.truncate(text.find("#EXT-X-I-FRAME-STREAM-INF").unwrap());
        },
    },
    Damage {
        name: "an I-frame playlist without RESOLUTION",
        rule: "HLS-M21",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "RESOLUTION=640x360,URI", "URI");
        },
    },
    Damage {
        name: "a rung of the job left out",
        rule: "HLS-M22",
        also: &[],
        apply: |g| {
            let text = g.texts.get_mut(MASTER).unwrap();
            let uri = format!("{V360}/playlist.m3u8\n");
            let start = text.find("#EXT-X-STREAM-INF").unwrap();
            let end = text.find(&uri).unwrap() + uri.len();
            text.replace_range(start..end, "");
        },
    },
    Damage {
        name: "stereo announced as surround",
        rule: "HLS-M22",
        also: &["HLS-M28"],
        apply: |g| {
            g.edit(MASTER, "CHANNELS=\"2\"", "CHANNELS=\"6\"");
        },
    },
    Damage {
        name: "captions that the manifest calls SDH not announced as such",
        rule: "HLS-M17",
        also: &[],
        apply: |g| g.expected.as_mut().unwrap().text[0].sdh = true,
    },
    Damage {
        name: "an audio description not announced as such",
        rule: "HLS-M17",
        also: &[],
        apply: |g| g.expected.as_mut().unwrap().audio[1].role = AudioRole::Description,
    },
    Damage {
        name: "the wrong default language",
        rule: "HLS-M22",
        also: &[],
        apply: |g| {
            g.edit(
                MASTER,
                "LANGUAGE=\"ja\",DEFAULT=YES",
                "LANGUAGE=\"ja\",DEFAULT=NO",
            );
            g.edit(
                MASTER,
                "LANGUAGE=\"en\",DEFAULT=NO",
                "LANGUAGE=\"en\",DEFAULT=YES",
            );
        },
    },
    Damage {
        name: "a variant twice",
        rule: "HLS-M23",
        also: &[],
        apply: |g| {
            let text = g.texts.get_mut(MASTER).unwrap();
            let uri = format!("{V360}/playlist.m3u8\n");
            let start = text.find("#EXT-X-STREAM-INF").unwrap();
            let end = text.find(&uri).unwrap() + uri.len();
            let again = text[start..end].to_owned();
            text.insert_str(end, &again);
        },
    },
    Damage {
        name: "another aspect ratio",
        rule: "HLS-M24",
        also: &["HLS-M04", "HLS-M22"],
        apply: |g| {
            g.edit(
                MASTER,
                "RESOLUTION=640x360,FRAME",
                "RESOLUTION=640x480,FRAME",
            );
        },
    },
    Damage {
        name: "a large picture with few bits",
        rule: "HLS-M25",
        also: &["HLS-M07"],
        apply: |g| {
            scale(g, "INF:BANDWIDTH=", 900);
        },
    },
    Damage {
        name: "a SCORE on one variant",
        rule: "HLS-M26",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "FRAME-RATE=24.000", "FRAME-RATE=24.000,SCORE=1.0");
        },
    },
    Damage {
        name: "a rendition that leads to an init segment",
        rule: "HLS-M27",
        also: &[],
        apply: |g| {
            g.edit(MASTER, "text/en/playlist.m3u8", "audio/en/init.mp4");
        },
    },
    Damage {
        name: "the channels of another rendition",
        rule: "HLS-M28",
        also: &["HLS-M22"],
        apply: |g| {
            g.edit(
                MASTER,
                "CHANNELS=\"2\",URI=\"audio/en",
                "CHANNELS=\"1\",URI=\"audio/en",
            );
        },
    },
    Damage {
        name: "captions of another language",
        rule: "HLS-M29",
        also: &[],
        apply: |g| {
            g.edit(
                MASTER,
                "text/en/playlist.m3u8",
                "text/ja-forced/playlist.m3u8",
            );
        },
    },
];
