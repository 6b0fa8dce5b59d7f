//! Damage to init segments and media segments.

use super::{Damage, MPD, V360, V720, ValidOutput};
use reelsmith_isobmff::file_type;

fn init(good: &mut ValidOutput, change: impl FnOnce(&mut crate::testing::inits::InitSpec)) {
    good.init(&format!("{V360}/init.mp4"), change);
}

fn segment(number: u32) -> String {
    format!("{V360}/seg_{number:05}.m4s")
}

pub(super) const DAMAGES: &[Damage] = &[
    Damage {
        name: "HDR that is not declared",
        rule: "HLS-M20",
        also: &[],
        apply: |g| {
            g.init("video/h265_720p/init.mp4", |i| i.colour = Some([9, 16, 9]));
        },
    },
    Damage {
        name: "segments longer than the target in the media only",
        rule: "HLS-P02",
        also: &["HLS-P05", "SEG-09", "DSH-12", "HLS-M05", "HLS-M08"],
        apply: |g| {
            g.segment(&segment(3), |s| {
                s.iter_mut()
                    .flat_map(|f| &mut f.samples)
                    .for_each(|s| s.duration = 4_000);
            });
        },
    },
    Damage {
        name: "boundaries that differ between rungs",
        rule: "HLS-P08",
        also: &["SEG-06", "DSH-12"],
        apply: |g| {
            g.segment(&segment(2), |s| s.iter_mut().for_each(|f| f.tfdt += 100));
        },
    },
    Damage {
        name: "a P picture first",
        rule: "SEG-03",
        also: &[],
        apply: |g| {
            g.segment(&segment(2), |s| s[0].samples[0].nal = Some(1));
        },
    },
    Damage {
        name: "an IDR not flagged as sync",
        rule: "SEG-03",
        also: &[],
        apply: |g| {
            g.segment(&segment(2), |s| s[0].samples[0].sync = false);
        },
    },
    Damage {
        name: "four seconds between IDR pictures",
        rule: "SEG-04",
        also: &["SEG-01", "HLS-P14", "CMF-05"],
        apply: |g| {
            g.segment(&segment(2), |s| {
                let mut second = s.remove(1);
                second.samples[0].sync = false;
                second.samples[0].nal = Some(1);
                s[0].samples.append(&mut second.samples);
            });
        },
    },
    Damage {
        name: "a tfdt one tick off",
        rule: "SEG-06",
        also: &["CMF-05"],
        apply: |g| {
            g.segment(&segment(1), |s| s[1].tfdt += 1);
        },
    },
    Damage {
        name: "a frame lost at a join",
        rule: "SEG-07",
        also: &["SEG-01", "HLS-M05", "HLS-P14"],
        apply: |g| {
            g.segment(&segment(3), |s| {
                s[0].samples.pop();
                s[0].samples[46].duration += 1_000;
            });
        },
    },
    Damage {
        name: "samples missing at the end of the audio",
        rule: "SEG-08",
        also: &["SEG-01", "HLS-P05", "DSH-12", "SEG-09"],
        apply: |g| {
            g.segment("audio/ja/seg_00003.m4s", |s| s[0].samples.truncate(88));
        },
    },
    Damage {
        name: "audio that starts late",
        rule: "SEG-09",
        also: &["SEG-06", "DSH-12"],
        apply: |g| {
            for number in 1..=3 {
                g.segment(&format!("audio/ja/seg_0000{number}.m4s"), |s| {
                    s[0].tfdt += 9_600;
                });
            }
        },
    },
    Damage {
        name: "a level that CODECS does not say",
        rule: "SEG-10",
        also: &[],
        apply: |g| {
            init(g, |i| {
                i.level = 40;
                i.coded_level = 40;
            });
        },
    },
    Damage {
        name: "a parameter set that avcC contradicts",
        rule: "SEG-10",
        also: &[],
        apply: |g| {
            init(g, |i| i.coded_level = 52);
        },
    },
    Damage {
        name: "the sample entry avc3",
        rule: "SEG-11",
        also: &["HLS-M03", "CMF-05", "SEG-10", "DSH-21", "HLS-M28"],
        apply: |g| {
            init(g, |i| i.entry = *b"avc3");
        },
    },
    Damage {
        name: "parameter sets in a segment",
        rule: "SEG-12",
        also: &["PIP-02", "HLS-P14"],
        apply: |g| {
            g.segment(&segment(2), |s| s[0].samples[0].nal = Some(7));
        },
    },
    Damage {
        name: "other colours in one rung",
        rule: "SEG-13",
        also: &[],
        apply: |g| {
            init(g, |i| i.colour = Some([5, 6, 5]));
        },
    },
    Damage {
        name: "oblong samples",
        rule: "SEG-14",
        also: &[],
        apply: |g| {
            init(g, |i| i.aspect = Some((4, 3)));
        },
    },
    Damage {
        name: "mono audio only",
        rule: "SEG-15",
        also: &["DSH-21", "HLS-M28"],
        apply: |g| {
            for language in ["ja", "en"] {
                g.init(&format!("audio/{language}/init.mp4"), |i| {
                    i.audio = [0x11, 0x88];
                });
            }
        },
    },
    Damage {
        name: "another sample rate in one language",
        rule: "SEG-15",
        also: &["DSH-21"],
        apply: |g| {
            g.init("audio/en/init.mp4", |i| i.audio = [0x12, 0x10]);
        },
    },
    Damage {
        name: "no CMAF brand",
        rule: "CMF-01",
        also: &[],
        apply: |g| {
            init(g, |i| i.brands = vec!["iso5", "iso6", "mp41"]);
        },
    },
    Damage {
        name: "the brand of another codec",
        rule: "CMF-01",
        also: &[],
        apply: |g| {
            init(g, |i| i.brands.push("chh1"));
        },
    },
    Damage {
        name: "two tracks in a file",
        rule: "CMF-02",
        also: &[],
        apply: |g| {
            init(g, |i| i.tracks = 2);
        },
    },
    Damage {
        name: "uneven fragments",
        rule: "CMF-02",
        also: &["CMF-05", "CMF-04", "HLS-P14"],
        apply: |g| {
            g.segment(&segment(1), |s| {
                let moved = s[0].samples.split_off(24);
                s[1].samples.splice(0..0, moved);
                s[1].tfdt -= 24_000;
            });
        },
    },
    Damage {
        name: "data offsets out of the mdat",
        rule: "CMF-03",
        also: &[],
        apply: |g| {
            g.segment("audio/ja/seg_00002.m4s", |s| s[0].skew = -4);
        },
    },
    Damage {
        name: "no default-base-is-moof",
        rule: "CMF-03",
        also: &[],
        apply: |g| {
            g.segment(&segment(2), |s| s[0].tfhd_flags = 0);
        },
    },
    Damage {
        name: "a later fragment that needs the one before",
        rule: "CMF-04",
        also: &["HLS-P14"],
        apply: |g| {
            g.segment(&segment(2), |s| {
                s[1].samples[0].nal = Some(1);
                s[1].samples[0].sync = false;
            });
        },
    },
    Damage {
        name: "another timescale in one rung",
        rule: "CMF-05",
        also: &[
            "DSH-12", "HLS-P05", "HLS-P08", "HLS-M05", "HLS-M07", "HLS-M08", "HLS-M09", "SEG-09",
            "DSH-20", "DSH-21",
        ],
        apply: |g| {
            init(g, |i| i.timescale = 48_000);
        },
    },
    Damage {
        name: "an edit list that cuts pictures",
        rule: "CMF-07",
        also: &["SEG-09", "DSH-20"],
        apply: |g| {
            init(g, |i| i.edits = vec![(12_000, 0x1_0000)]);
        },
    },
    Damage {
        name: "two edits",
        rule: "CMF-07",
        also: &[],
        apply: |g| {
            init(g, |i| i.edits.push((2_000, 0x1_0000)));
        },
    },
    Damage {
        name: "a declared duration that is wrong",
        rule: "CMF-07",
        also: &[],
        apply: |g| {
            init(g, |i| i.duration = Some(12_000));
        },
    },
    Damage {
        name: "an init segment that is garbage",
        rule: "PIP-02",
        also: &[],
        apply: |g| {
            g.raw.insert(format!("{V360}/init.mp4"), vec![0xff; 64]);
        },
    },
    Damage {
        name: "a segment cut short",
        rule: "PIP-02",
        also: &["SEG-01", "HLS-P13", "HLS-M08"],
        apply: |g| {
            let path = segment(2);
            let mut bytes = g.bytes()[&path].clone();
            bytes.truncate(1_500);
            g.segments.remove(&path);
            g.raw.insert(path, bytes);
        },
    },
    Damage {
        name: "a segment that is a page of HTML",
        rule: "PIP-02",
        also: &["SEG-01", "HLS-P13", "HLS-M08"],
        apply: |g| {
            let path = segment(2);
            g.segments.remove(&path);
            g.raw
                .insert(path, b"<html><body>503 Slow Down</body></html>".to_vec());
        },
    },
    Damage {
        name: "a styp of something else",
        rule: "CMF-01",
        also: &["SEG-01"],
        apply: |g| {
            let path = "audio/ja/seg_00002.m4s".to_owned();
            let bytes = [file_type(b"styp", &[b"qt  "]), g.bytes()[&path].clone()].concat();
            g.segments.remove(&path);
            g.raw.insert(path, bytes);
            assert!(g.texts.contains_key(MPD) && V720 != V360);
        },
    },
];
