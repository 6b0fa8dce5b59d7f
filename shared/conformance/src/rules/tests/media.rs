//! Damage to init segments and media segments.

use super::{Damage, MPD, V360, V720, ValidOutput};
use reelsmith_isobmff::testing::{avc_slice, sps};
use reelsmith_isobmff::{boxed, file_type, full_box, words};

fn init(good: &mut ValidOutput, change: impl FnOnce(&mut crate::testing::inits::InitSpec)) {
    good.init(&format!("{V360}/init.mp4"), change);
}

fn segment(number: u32) -> String {
    format!("{V360}/seg_{number:05}.m4s")
}

/// Changes the bytes of a segment from its first sample on.
fn samples(good: &mut ValidOutput, path: &str, change: impl FnOnce(&mut [u8])) {
    let mut bytes = good.bytes()[path].clone();
    let at = bytes.windows(4).position(|w| w == b"mdat").unwrap() + 4;
    change(&mut bytes[at..]);
    good.segments.remove(path);
    good.raw.insert(path.to_owned(), bytes);
}

/// Puts boxes before a segment.
fn prefixed(good: &mut ValidOutput, path: &str, boxes: &[u8]) {
    let bytes = [boxes, &good.bytes()[path]].concat();
    good.segments.remove(path);
    good.raw.insert(path.to_owned(), bytes);
}

/// An init segment and a segment of WebVTT in MP4 with one sample.
fn captions(sample: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let hdlr = full_box(b"hdlr", 0, 0, &[&[0; 4][..], b"text", &[0; 13]].concat());
    let mdhd = full_box(
        b"mdhd",
        0,
        0,
        &[words(&[0, 0, 1_000, 0]), vec![0x55, 0xc4, 0, 0]].concat(),
    );
    let entry = boxed(b"wvtt", &[0, 0, 0, 0, 0, 0, 0, 1]);
    let stsd = full_box(b"stsd", 0, 0, &[words(&[1]), entry].concat());
    let minf = boxed(b"minf", &boxed(b"stbl", &stsd));
    let mdia = boxed(b"mdia", &[mdhd, hdlr, minf].concat());
    let tkhd = full_box(
        b"tkhd",
        0,
        3,
        &[words(&[0, 0, 1, 0, 0]), vec![0; 60]].concat(),
    );
    let mvhd = full_box(
        b"mvhd",
        0,
        0,
        &[words(&[0, 0, 1_000, 0]), vec![0; 80]].concat(),
    );
    let mvex = boxed(b"mvex", &full_box(b"trex", 0, 0, &words(&[1, 1, 0, 0, 0])));
    let trak = boxed(b"trak", &[tkhd, mdia].concat());
    let moov = boxed(b"moov", &[mvhd, trak, mvex].concat());
    let init = [file_type(b"ftyp", &[b"iso6", b"cmfc", b"cwvt"]), moov].concat();
    let mut segment = crate::testing::segment_bytes(&[reelsmith_isobmff::testing::FragmentSpec {
        samples: vec![reelsmith_isobmff::testing::SampleSpec::audio(
            4_000,
            sample.len() as u32,
        )],
        ..Default::default()
    }]);
    let at = segment.len() - sample.len();
    segment[at..].copy_from_slice(sample);
    (init, segment)
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
        also: &["SEG-21"],
        apply: |g| {
            g.segment(&segment(2), |s| s[0].samples[0].nal = Some(1));
        },
    },
    Damage {
        name: "an IDR not flagged as sync",
        rule: "SEG-03",
        also: &["SEG-21"],
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
        also: &["PIP-02", "HLS-P14", "SEG-19", "SEG-22"],
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
        also: &["SEG-25"],
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
        also: &["DSH-21", "SEG-25"],
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
    Damage {
        name: "a NAL unit that is longer than its sample",
        rule: "SEG-19",
        also: &[],
        apply: |g| samples(g, &segment(2), |b| b[300 + 3] += 1),
    },
    Damage {
        name: "a reserved type of NAL unit",
        rule: "SEG-19",
        also: &[],
        apply: |g| samples(g, &segment(2), |b| b[300 + 4] = 0x17),
    },
    Damage {
        name: "a run of 0xAA inside a picture",
        rule: "SEG-20",
        also: &[],
        apply: |g| samples(g, &segment(2), |b| b[40..240].fill(0xaa)),
    },
    Damage {
        name: "zeros inside a picture",
        rule: "SEG-20",
        also: &[],
        apply: |g| samples(g, "video/h265_720p/seg_00002.m4s", |b| b[40..60].fill(0)),
    },
    Damage {
        name: "a P picture flagged as sync sample",
        rule: "SEG-21",
        also: &[],
        apply: |g| {
            g.segment(&segment(2), |s| s[0].samples[5].sync = true);
        },
    },
    Damage {
        name: "another sequence parameter set inside a sample",
        rule: "SEG-22",
        also: &[],
        apply: |g| {
            samples(g, &segment(2), |b| {
                let set = sps(100, 31, 1_280, 720);
                let slice = avc_slice(1, 92 - set.len());
                let nals = [set, slice].map(|n| [&(n.len() as u32).to_be_bytes(), &*n].concat());
                b[300..400].copy_from_slice(&nals.concat());
            });
        },
    },
    Damage {
        name: "an access unit of audio with another first element",
        rule: "SEG-23",
        also: &[],
        apply: |g| samples(g, "audio/ja/seg_00002.m4s", |b| b[40] = 0xe0),
    },
    Damage {
        name: "two pictures at one time",
        rule: "SEG-24",
        also: &[],
        apply: |g| {
            g.segment(&segment(2), |s| s[0].samples[5].cts += 1_000);
        },
    },
    Damage {
        name: "an access unit of AAC that is too long",
        rule: "SEG-24",
        also: &["SEG-06"],
        apply: |g| {
            g.segment("audio/ja/seg_00002.m4s", |s| s[0].samples[5].duration += 1);
        },
    },
    Damage {
        name: "a sample entry of another size than the pictures",
        rule: "SEG-25",
        also: &[],
        apply: |g| init(g, |i| i.size = (640, 368)),
    },
    Damage {
        name: "senc in a track in the clear",
        rule: "CMF-09",
        also: &["SEG-01"],
        apply: |g| {
            let path = "audio/ja/seg_00002.m4s";
            let senc = full_box(b"senc", 0, 0, &words(&[0]));
            let bytes = g.segments[path][0].bytes_with(&senc);
            g.segments.remove(path);
            g.raw.insert(path.to_owned(), bytes);
        },
    },
    Damage {
        name: "a segment index of another duration",
        rule: "CMF-10",
        also: &["HLS-M09", "HLS-P14", "SEG-01"],
        apply: |g| {
            let path = segment(2);
            let size = g.bytes()[&path].len() as u32;
            let index = [1, 24_000, 96_000, 0, 1, size, 95_000, 0x9000_0000];
            prefixed(g, &path, &full_box(b"sidx", 0, 0, &words(&index)));
        },
    },
    Damage {
        name: "an init segment without mvex",
        rule: "CMF-11",
        also: &[],
        apply: |g| {
            let path = format!("{V360}/init.mp4");
            let mut bytes = g.bytes()[&path].clone();
            let at = bytes.windows(4).position(|w| w == b"mvex").unwrap();
            bytes[at..at + 4].copy_from_slice(b"free");
            g.inits.remove(&path);
            g.raw.insert(path, bytes);
        },
    },
    Damage {
        name: "a sample of captions that is no cue",
        rule: "SUB-05",
        also: &["DLV-01"],
        apply: |g| {
            let (init, segment) = captions(&boxed(b"vttx", b""));
            let playlist = g.texts.get_mut("text/en/playlist.m3u8").unwrap();
            let head = playlist.find("#EXTINF").unwrap();
            let tail = playlist[head..].replace(".vtt", ".m4s");
            *playlist = format!("{}#EXT-X-MAP:URI=\"init.mp4\"\n{tail}", &playlist[..head]);
            g.raw.insert("text/en/init.mp4".to_owned(), init);
            for number in 1..=3 {
                let path = format!("text/en/seg_{number:05}.m4s");
                g.raw.insert(path, segment.clone());
            }
        },
    },
];
