//! Damage to the evidence, to encryption and to transport streams.

use super::{Damage, MASTER, MPD, V360, ValidOutput};
use reelsmith_core::caption_comparison::CueDifference;
use reelsmith_core::sound::{LevelDifference, SoundComparison};

use crate::evidence::{Evidence, Identity};
use crate::testing::inits::ProtectionSpec;
use crate::ts::PACKET;
use reelsmith_core::comparison::{PictureComparison, UnlikePicture};
use reelsmith_isobmff::testing::{FragmentSpec, SampleSpec};

fn cue() -> CueDifference {
    CueDifference {
        start_ms: 1_000,
        end_ms: 2_000,
        text: "hello".to_owned(),
        elsewhere_ms: Some(4_000),
    }
}

fn sound(good: &mut ValidOutput) -> &mut SoundComparison {
    &mut evidence(good).sounds[0].comparison
}

fn evidence(good: &mut ValidOutput) -> &mut Evidence {
    &mut good.expected.as_mut().unwrap().evidence
}

fn compared(good: &mut ValidOutput) -> &mut PictureComparison {
    let pictures = evidence(good).pictures.as_mut().unwrap();
    &mut pictures.chunks[0].comparison
}

fn record(good: &mut ValidOutput) -> &mut Identity {
    let provenance = evidence(good).provenance.as_mut().unwrap();
    provenance.records.get_mut("chunks/00000-0.json").unwrap()
}

/// Replaces it by an encrypted output and damages the encryption of one init segment.
fn protected(good: &mut ValidOutput, path: &str, change: impl FnOnce(&mut ProtectionSpec)) {
    *good = ValidOutput::protected();
    good.init(path, |i| change(i.protection.as_mut().unwrap()));
}

/// Replaces it by an output in MPEG-TS and damages the second segment of both variants.
fn transport(good: &mut ValidOutput, change: impl Fn(&mut Vec<u8>)) {
    *good = ValidOutput::transport();
    for folder in ["low", "high"] {
        let segment = format!("{folder}/seg_00002.ts");
        change(good.raw.get_mut(&segment).unwrap());
    }
}

/// What the package of transport streams breaks: it has no I-frame playlist.
const TRANSPORT: &[&str] = &["HLS-M21"];

pub(super) const DAMAGES: &[Damage] = &[
    Damage {
        name: "a chunk of another job",
        rule: "PIP-01",
        also: &[],
        apply: |g| record(g).job_key = Some("00".repeat(32)),
    },
    Damage {
        name: "a chunk of an earlier generation",
        rule: "PIP-01",
        also: &[],
        apply: |g| record(g).generation = Some(2),
    },
    Damage {
        name: "a chunk of another encoder",
        rule: "PIP-01",
        also: &[],
        apply: |g| record(g).encoder_build = Some("ffmpeg 7.1".to_owned()),
    },
    Damage {
        name: "a mezzanine that was swapped",
        rule: "PIP-01",
        also: &[],
        apply: |g| record(g).mezzanine = Some("md5:00".to_owned()),
    },
    Damage {
        name: "another profile under the same name",
        rule: "PIP-01",
        also: &[],
        apply: |g| record(g).profile = Some("00".repeat(32)),
    },
    Damage {
        name: "an output without records",
        rule: "PIP-01",
        also: &[],
        apply: |g| evidence(g).provenance.as_mut().unwrap().records.clear(),
    },
    Damage {
        name: "captions of the mezzanine that are pictures",
        rule: "SUB-03",
        also: &[],
        apply: |g| {
            let left_out = reelsmith_core::plan::LeftOut {
                stream: 2,
                codec: "hdmv_pgs_subtitle".to_owned(),
                language: Some("eng".to_owned()),
                reason: "pictures, not text".to_owned(),
            };
            g.expected.as_mut().unwrap().left_out.push(left_out);
        },
    },
    Damage {
        name: "a report that is not stored",
        rule: "PIP-03",
        also: &[],
        apply: |g| evidence(g).report.as_mut().unwrap().stored = None,
    },
    Damage {
        name: "an announcement without the report",
        rule: "PIP-03",
        also: &[],
        apply: |g| evidence(g).report.as_mut().unwrap().announced.push(None),
    },
    Damage {
        name: "a picture larger than the source",
        rule: "HLS-M25",
        also: &[],
        apply: |g| evidence(g).source.as_mut().unwrap().height = 480,
    },
    Damage {
        name: "audio two units too loud",
        rule: "SEG-16",
        also: &[],
        apply: |g| evidence(g).levels[0].integrated = Some(-1_400),
    },
    Damage {
        name: "sound 20 ms late",
        rule: "SRC-03",
        also: &[],
        apply: |g| sound(g).offset.as_mut().unwrap().samples = 960,
    },
    Damage {
        name: "silence in a window",
        rule: "SRC-04",
        also: &[],
        apply: |g| sound(g).window.as_mut().unwrap().difference = -4_000,
    },
    Damage {
        name: "two seconds that are too loud",
        rule: "SRC-04",
        also: &[],
        apply: |g| {
            let window = sound(g).window.unwrap();
            sound(g).section = Some(LevelDifference {
                difference: 300,
                ..window
            });
        },
    },
    Damage {
        name: "the sound of another track",
        rule: "SRC-04",
        also: &[],
        apply: |g| sound(g).least_alike.as_mut().unwrap().correlation = 120,
    },
    Damage {
        name: "swapped channels",
        rule: "SRC-04",
        also: &[],
        apply: |g| {
            let mut excerpt = sound(g).least_alike.unwrap();
            excerpt.other = Some((0, 990));
            sound(g).most_swapped = Some(excerpt);
            sound(g).swapped = 20;
        },
    },
    Damage {
        name: "a sample too few",
        rule: "SRC-05",
        also: &[],
        apply: |g| sound(g).presented -= 1,
    },
    Damage {
        name: "sound that is louder than it was encoded",
        rule: "SRC-05",
        also: &[],
        apply: |g| sound(g).integrated = Some(-1_339),
    },
    Damage {
        name: "a true peak above the ceiling",
        rule: "SRC-05",
        also: &[],
        apply: |g| sound(g).true_peak = Some(80),
    },
    Damage {
        name: "a missing caption",
        rule: "SRC-06",
        also: &[],
        apply: |g| {
            let captions = evidence(g).captions.values_mut().next().unwrap();
            captions.missing = 1;
            captions.first_missing = Some(cue());
        },
    },
    Damage {
        name: "a caption with another text",
        rule: "SRC-06",
        also: &[],
        apply: |g| {
            let captions = evidence(g).captions.values_mut().next().unwrap();
            captions.unexpected = 1;
            captions.first_unexpected = Some(cue());
        },
    },
    Damage {
        name: "captions in the wrong order",
        rule: "SRC-06",
        also: &[],
        apply: |g| {
            let captions = evidence(g).captions.values_mut().next().unwrap();
            captions.disordered = 1;
            captions.first_disordered = Some(cue());
        },
    },
    Damage {
        name: "a chunk that was decoded wrongly",
        rule: "SEG-17",
        also: &[],
        apply: |g| {
            let samples = compared(g).samples.as_mut().unwrap();
            samples.altered = 1;
            samples.first_altered = Some(30);
        },
    },
    Damage {
        name: "a chunk with which the decoder has trouble",
        rule: "SEG-17",
        also: &[],
        apply: |g| compared(g).damaged = true,
    },
    Damage {
        name: "a picture of another time",
        rule: "SRC-01",
        also: &[],
        apply: |g| {
            let found = compared(g);
            found.unlike_count = 1;
            found.unlike.push(UnlikePicture {
                frame: 30,
                difference: 900,
                shows: Some(-1),
            });
        },
    },
    Damage {
        name: "a frame that was not compared",
        rule: "SRC-02",
        also: &[],
        apply: |g| compared(g).frames -= 1,
    },
    Damage {
        name: "too few frames compared in full",
        rule: "SRC-02",
        also: &[],
        apply: |g| compared(g).samples.as_mut().unwrap().frames = 9,
    },
    Damage {
        name: "a chunk that was not compared",
        rule: "SRC-02",
        also: &[],
        apply: |g| drop(evidence(g).pictures.as_mut().unwrap().chunks.pop()),
    },
    Damage {
        name: "black pictures that the source has not",
        rule: "SEG-18",
        also: &[],
        apply: |g| evidence(g).dead.as_mut().unwrap().output[0].end_ms = 2_501,
    },
    Damage {
        name: "silence where the source is black",
        rule: "SEG-18",
        also: &[],
        apply: |g| evidence(g).dead.as_mut().unwrap().output[0].kind = "silent".to_owned(),
    },
    Damage {
        name: "a burst in a constant rate",
        rule: "CMF-06",
        also: &["HLS-P14"],
        apply: |g| {
            // Larger by a fifth in one fragment and smaller by as much in the next: the segment's rate stays.
            g.segment(&format!("{V360}/seg_00002.m4s"), |s| burst(s));
        },
    },
    Damage {
        name: "the pattern of cbcs turned round",
        rule: "CMF-08",
        also: &[],
        apply: |g| protected(g, "video/h264_360p/init.mp4", |p| p.pattern = (9, 1)),
    },
    Damage {
        name: "a pattern on audio",
        rule: "CMF-08",
        also: &[],
        apply: |g| protected(g, "audio/ja/init.mp4", |p| p.pattern = (1, 9)),
    },
    Damage {
        name: "a constant vector of 8 bytes",
        rule: "CMF-08",
        also: &[],
        apply: |g| protected(g, "video/h264_720p/init.mp4", |p| p.constant_iv.truncate(8)),
    },
    Damage {
        name: "encryption without tenc",
        rule: "CMF-08",
        also: &[],
        apply: |g| protected(g, "audio/en/init.mp4", |p| p.tenc = false),
    },
    Damage {
        name: "counter mode where HLS says SAMPLE-AES",
        rule: "CMF-08",
        also: &["DSH-17", "HLS-P12"],
        apply: |g| protected(g, "video/h265_720p/init.mp4", |p| p.scheme = *b"cenc"),
    },
    Damage {
        name: "a P picture first in an encrypted segment",
        rule: "SEG-03",
        also: &["SEG-21"],
        apply: |g| {
            *g = ValidOutput::protected();
            let path = format!("{V360}/seg_00002.m4s");
            g.segment(&path, |s| s[0].samples[0].nal = Some(1));
        },
    },
    Damage {
        name: "another key than the MPD says",
        rule: "DSH-17",
        also: &[],
        apply: |g| protected(g, "audio/en/init.mp4", |p| p.key_id[0] = 0xff),
    },
    Damage {
        name: "encryption that the MPD does not tell",
        rule: "DSH-17",
        also: &[],
        apply: |g| {
            *g = ValidOutput::protected();
            g.edit(MPD, "urn:mpeg:dash:mp4protection:2011", "urn:example:other");
        },
    },
    Damage {
        name: "protection said of media in the clear",
        rule: "DSH-17",
        also: &[],
        apply: |g| {
            *g = ValidOutput::protected();
            g.init("audio/ja/init.mp4", |i| i.protection = None);
        },
    },
    Damage {
        name: "protection said of a representation",
        rule: "DSH-17",
        also: &[],
        apply: |g| {
            g.edit(
                MPD,
                "<AudioChannelConfiguration",
                "<ContentProtection schemeIdUri=\"urn:example:other\"/>\n<AudioChannelConfiguration",
            );
            assert!(g.texts.contains_key(MASTER));
        },
    },
    Damage {
        name: "a packet lost in a transport stream",
        rule: "SEG-05",
        also: TRANSPORT,
        apply: |g| transport(g, |b| drop(b.drain(10 * PACKET..12 * PACKET))),
    },
    Damage {
        name: "a transport stream without tables",
        rule: "SEG-05",
        also: TRANSPORT,
        apply: |g| transport(g, |b| drop(b.drain(..2 * PACKET))),
    },
    Damage {
        name: "transport streams of two multiplexes",
        rule: "SEG-05",
        also: TRANSPORT,
        apply: |g| {
            let first = crate::testing::ts::segments(1).remove(0);
            transport(g, |b| b.clone_from(&first));
        },
    },
    Damage {
        name: "a transport stream out of step",
        rule: "SEG-05",
        also: TRANSPORT,
        apply: |g| transport(g, |b| drop(b.drain(..1))),
    },
];

fn burst(fragments: &mut [FragmentSpec]) {
    let resize = |samples: &mut [SampleSpec], by: fn(u32) -> u32| {
        samples.iter_mut().for_each(|s| s.size = by(s.size));
    };
    resize(&mut fragments[0].samples, |s| s * 6 / 5);
    resize(&mut fragments[1].samples, |s| s * 4 / 5);
}

#[test]
fn a_wrong_picture_is_reported_with_the_commands_to_view_it() {
    let wrong = |d: &&Damage| d.name == "a picture of another time";
    let mut damaged = ValidOutput::new();
    (DAMAGES.iter().find(wrong).unwrap().apply)(&mut damaged);
    let report = damaged.report();
    let violation = report.violations.iter().find(|v| v.rule == "SRC-01");
    let violation = violation.unwrap();
    assert_eq!(
        violation.expected,
        "the mezzanine's picture at 00:00:01.250 (frame 30)"
    );
    let commands = violation.found.split(". To view ").nth(1).unwrap();
    assert_eq!(
        commands,
        r#"the source: aws s3 cp 's3://in/it'\''s.mxf' mezzanine && ffmpeg -copyts -seek_timestamp 1 -ss 3591.229167 -i 'mezzanine' -map 0:1 -vf "select='gte(t,3601.229167)'" -frames:v 1 source.png; the rendition: ffmpeg -copyts -seek_timestamp 1 -ss 0.000000 -i 'video/h264_360p/playlist.m3u8' -map 0:0 -vf "select='gte(t,1.229167)'" -frames:v 1 rendition.png"#
    );
}
