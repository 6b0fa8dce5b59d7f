//! Each test damages a valid segment in one way and expects the kind of defect.

use super::*;
use crate::sample::DefectKind;
use crate::testing::{FragmentSpec, PPS, SampleSpec, SpsSpec, avc_slice, hevc_sets, sps};
use crate::{Reader, SegmentScan, TrackDefaults, boxed, full_box, words};

fn avc(entry: &str) -> TrackDefaults {
    let sps = sps(100, 30, 640, 360);
    let mut config = vec![
        1,
        100,
        0,
        30,
        0xff,
        0xe1,
        0,
        u8::try_from(sps.len()).unwrap(),
    ];
    config.extend(sps);
    config.extend([1, 0, 4]);
    config.extend(PPS);
    defaults(entry, config)
}

fn hevc() -> TrackDefaults {
    let mut config = vec![1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93];
    config.extend([0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 3]);
    for set in hevc_sets(93, 640, 360) {
        config.extend([
            0x80 | set[0] >> 1,
            0,
            1,
            0,
            u8::try_from(set.len()).unwrap(),
        ]);
        config.extend(set);
    }
    defaults("hvc1", config)
}

fn defaults(entry: &str, config: Vec<u8>) -> TrackDefaults {
    TrackDefaults {
        track_id: 1,
        timescale: 1_000,
        format: SampleFormat {
            entry: entry.to_owned(),
            config,
            ..SampleFormat::default()
        },
        ..TrackDefaults::default()
    }
}

/// Two seconds of pictures, each of 400 bytes.
fn video(hevc: bool) -> FragmentSpec {
    let pictures = (0..50).map(|i| {
        let kind = match (hevc, i % 25) {
            (true, 0) => 19,
            (false, 0) => 5,
            _ => 1,
        };
        SampleSpec {
            nal: Some(kind),
            hevc,
            sync: i % 25 == 0,
            ..SampleSpec::idr(40, 400)
        }
    });
    FragmentSpec {
        samples: pictures.collect(),
        ..FragmentSpec::default()
    }
}

fn kinds(data: &[u8], defaults: &TrackDefaults) -> Vec<DefectKind> {
    let facts = SegmentScan::whole(data, defaults.clone());
    assert_eq!(facts.faults, []);
    let mut kinds: Vec<DefectKind> = facts.defects.iter().map(|d| d.kind).collect();
    kinds.dedup();
    kinds
}

/// Start of the samples of a fragment.
fn payload(data: &[u8]) -> usize {
    data.windows(4).position(|w| w == b"mdat").unwrap() + 4
}

#[test]
fn valid_pictures_have_no_defect() {
    assert_eq!(kinds(&video(false).bytes(), &avc("avc1")), []);
    assert_eq!(kinds(&video(true).bytes(), &hevc()), []);
}

#[test]
fn a_run_of_one_byte_in_a_slice_is_found() {
    for (hevc_coded, defaults) in [(false, avc("avc1")), (true, hevc())] {
        let mut data = video(hevc_coded).bytes();
        let at = payload(&data) + 100;
        data[at..at + 200].fill(0xaa);
        assert_eq!(kinds(&data, &defaults), [DefectKind::Picture]);
        data[at..at + 200].fill(0);
        assert_eq!(kinds(&data, &defaults), [DefectKind::Picture]);
    }
}

#[test]
fn a_run_over_whole_samples_is_found_as_lengths_that_do_not_fit() {
    let mut data = video(false).bytes();
    let at = payload(&data) + 500;
    data[at..at + 6_000].fill(0xaa);
    assert!(kinds(&data, &avc("avc1")).contains(&DefectKind::Unit));
}

#[test]
fn headers_of_nal_units_are_judged() {
    let good = video(false).bytes();
    let at = payload(&good);
    for (byte, value) in [(4, 0xe5), (4, 0x60), (3, 0x8d), (3, 0x8b), (0, 1)] {
        let mut data = good.clone();
        data[at + byte] = value;
        let found = kinds(&data, &avc("avc1"));
        assert!(
            found.contains(&DefectKind::Unit),
            "{byte} {value:#x}: {found:?}"
        );
    }
    let good = video(true).bytes();
    for (byte, value) in [(4, 0xa6), (4, 41 << 1), (5, 0), (5, 9)] {
        let mut data = good.clone();
        data[at + byte] = value;
        let found = kinds(&data, &hevc());
        assert!(
            found.contains(&DefectKind::Unit),
            "{byte} {value:#x}: {found:?}"
        );
    }
}

#[test]
fn slices_that_contradict_the_parameter_sets_are_found() {
    let good = video(false).bytes();
    // A set that is not there; a number other than 0, and a P slice, in an IDR picture.
    let at = payload(&good) + 5;
    for (byte, value) in [(1, 0x52), (1, 0x8c), (0, 0x9a)] {
        let mut data = good.clone();
        data[at + byte] = value;
        let found = kinds(&data, &avc("avc1"));
        assert!(found.contains(&DefectKind::Picture), "{byte}: {found:?}");
    }
}

#[test]
fn a_sync_flag_on_another_picture_is_found() {
    for (hevc_coded, defaults) in [(false, avc("avc1")), (true, hevc())] {
        let mut spec = video(hevc_coded);
        spec.samples[3].sync = true;
        assert_eq!(kinds(&spec.bytes(), &defaults), [DefectKind::Sync]);
    }
}

#[test]
fn times_that_contradict_the_order_of_pictures_are_found() {
    for (hevc_coded, defaults) in [(false, avc("avc1")), (true, hevc())] {
        let mut spec = video(hevc_coded);
        spec.samples[3].cts = 100;
        assert_eq!(kinds(&spec.bytes(), &defaults), [DefectKind::Order]);
        spec.samples[3].cts = 40;
        assert_eq!(
            kinds(&spec.bytes(), &defaults),
            [DefectKind::Order],
            "the same time twice"
        );
    }
}

#[test]
fn other_parameter_sets_in_samples_are_found() {
    let other = SpsSpec {
        size: (1_280, 720),
        ..SpsSpec::plain(100, 31)
    };
    let sample = |set: &[u8]| {
        let slice = avc_slice(5, 60);
        let nals =
            [set, &slice].map(|n| [&u32::try_from(n.len()).unwrap().to_be_bytes(), n].concat());
        fragment(&nals.concat())
    };
    let stored = sps(100, 30, 640, 360);
    assert_eq!(kinds(&sample(&stored), &avc("avc1")), []);
    assert_eq!(
        kinds(&sample(&other.bytes()), &avc("avc1")),
        [DefectKind::Parameters]
    );
    assert_eq!(kinds(&sample(&other.bytes()), &avc("avc3")), []);
}

/// A fragment of one sample of any bytes.
fn fragment(sample: &[u8]) -> Vec<u8> {
    let spec = FragmentSpec {
        samples: vec![SampleSpec::audio(
            1_024,
            u32::try_from(sample.len()).unwrap(),
        )],
        ..FragmentSpec::default()
    };
    let mut data = spec.bytes();
    let at = payload(&data);
    data[at..].copy_from_slice(sample);
    data
}

#[test]
fn checksums_of_ac3_are_compared() {
    let mut frame = vec![0x0b, 0x77, 0, 0, 0, 8 << 3, 0x40];
    frame.resize(126, 0x5a);
    let crc = audio::crc16(&frame[2..]);
    frame.extend(crc.to_be_bytes());
    let ac3 = defaults("ac-3", Vec::new());
    assert_eq!(kinds(&fragment(&frame), &ac3), []);
    frame[60] ^= 1;
    assert_eq!(kinds(&fragment(&frame), &ac3), [DefectKind::Audio]);
}

#[test]
fn access_units_of_aac_and_opus_are_judged() {
    let mut aac = defaults("mp4a", Vec::new());
    aac.format.profile = Some(2);
    aac.format.channels = 2;
    let silence = [0x21, 0x10, 0x05, 0x00, 0xa0, 0x1b, 0xff, 0xc0];
    assert_eq!(kinds(&fragment(&silence), &aac), []);
    for damaged in [&[0xe0, 0, 0][..], &[0x21, 0x10, 0x05, 0], &[0xff; 3_000]] {
        assert_eq!(kinds(&fragment(damaged), &aac), [DefectKind::Audio]);
    }
    let opus = defaults("Opus", Vec::new());
    // Two frames of 20 ms with lengths, and the same with a length that is too great.
    let packet = |length| [0x7f, 0x82, length, 1, 2, 3, 4, 5];
    assert_eq!(kinds(&fragment(&packet(2)), &opus), []);
    assert_eq!(kinds(&fragment(&packet(9)), &opus), [DefectKind::Audio]);
}

#[test]
fn captions_in_samples_are_judged() {
    let (wvtt, stpp) = (defaults("wvtt", Vec::new()), defaults("stpp", Vec::new()));
    let cue = boxed(b"vttc", &boxed(b"payl", b"Hello"));
    assert_eq!(kinds(&fragment(&cue), &wvtt), []);
    assert_eq!(
        kinds(&fragment(&boxed(b"vttx", b"")), &wvtt),
        [DefectKind::Text]
    );
    assert_eq!(
        kinds(&fragment(&boxed(b"vttc", b"")), &wvtt),
        [DefectKind::Text]
    );
    assert_eq!(kinds(&fragment(b"<tt><body/></tt>"), &stpp), []);
    assert_eq!(
        kinds(&fragment(b"<tt><body></tt>"), &stpp),
        [DefectKind::Text]
    );
}

#[test]
fn subsamples_fill_their_samples() {
    let mut encrypted = defaults("mp4a", Vec::new());
    encrypted.format.encrypted = true;
    encrypted.format.iv_size = 8;
    let traf = |clear: u16, sizes: u8| {
        let mut senc = words(&[1, 0, 7]);
        senc.extend(1u16.to_be_bytes());
        senc.extend(clear.to_be_bytes());
        senc.extend(words(&[16]));
        let senc = full_box(b"senc", 0, 2, &senc);
        let saiz = full_box(b"saiz", 0, 0, &[sizes, 0, 0, 0, 1]);
        [senc, saiz].concat()
    };
    let judge = |clear, sizes| {
        let spec = FragmentSpec {
            samples: vec![SampleSpec::audio(1_024, 20)],
            ..FragmentSpec::default()
        };
        let data = spec.bytes_with(&traf(clear, sizes));
        kinds(&data, &encrypted)
    };
    assert_eq!(judge(4, 16), []);
    assert_eq!(judge(5, 16), [DefectKind::Encryption]);
    assert_eq!(judge(4, 15), [DefectKind::Encryption]);
}

#[test]
fn parameter_sets_of_hevc_are_read() {
    let [_, set, _] = hevc_sets(93, 640, 360);
    let sps = crate::HevcSps::read(&set).unwrap();
    assert_eq!(
        (sps.width, sps.height, sps.level, sps.bit_depth),
        (640, 360, 93, 8)
    );
    let config = hevc().format.config;
    let config = crate::HevcConfig::read(&mut Reader::new(&config)).unwrap();
    assert_eq!(config.sets.len(), 3);
}
