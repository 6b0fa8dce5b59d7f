//! A bounded fuzz of every parser over the files of `tests/corpus`. Nothing may panic, overflow or run long; what a
//! parser reports for garbage does not matter here.

#![expect(
    clippy::panic,
    reason = "a test ends where something is not as it must be"
)]

use std::time::Duration;

use reelsmith_conformance::testing::ValidOutput;
use reelsmith_conformance::{Delivery, Object, Profiles, check, dash, hls, ts};
use reelsmith_isobmff::{Init, SegmentScan, TrackDefaults, fragments};
use reelsmith_testkit::fuzz::{Files, Fuzz, files};

const FUZZ: Fuzz<'_> = Fuzz {
    copies: 300,
    pieces: &[],
    longest: Duration::from_secs(60),
};
/// Every so many copies are checked by all rules too, as a part of a whole delivery.
const IN_PLACE: u64 = 20;

fn corpus() -> Files {
    files(env!("CARGO_MANIFEST_DIR"), &["tests/corpus"])
}

/// Gives bytes to every parser that could be given them.
fn read(name: &str, data: &[u8], defaults: TrackDefaults) {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("m3u8") => drop(hls::parse(name, data)),
        Some("mpd") => drop(dash::parse("manifest.mpd", data)),
        Some("ts") => {
            let facts = ts::read(data);
            let _ = ts::join(&facts, &facts);
        }
        Some("mp4") => drop(Init::read(data)),
        Some("m4s") => {
            let _ = fragments(data, &defaults);
            let facts = SegmentScan::whole(data, defaults);
            assert!(facts.fragments.len() <= data.len() && facts.faults.len() <= 32);
        }
        _ => {}
    }
}

/// The file as the object of its kind in a whole delivery, so that the rules meet it too.
fn in_place(name: &str, data: &[u8]) {
    let folder = if name.contains("audio") {
        "audio/en"
    } else {
        "video/h264_360p"
    };
    let path = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("m3u8") if name.contains("master") => "master.m3u8".to_owned(),
        Some("m3u8") => format!("{folder}/playlist.m3u8"),
        Some("mpd") => "manifest.mpd".to_owned(),
        Some("mp4") => format!("{folder}/init.mp4"),
        Some("m4s") => format!("{folder}/seg_00002.m4s"),
        Some("vtt") => "text/en/seg_00002.vtt".to_owned(),
        Some("ts") => "low/seg_00002.ts".to_owned(),
        other => panic!("{name}: no parser for {other:?}"),
    };
    let mut good = if name.ends_with(".ts") {
        transport()
    } else {
        small()
    };
    good.raw.insert(path, data.to_vec());
    let report = check(
        &good.delivery(),
        good.expected.as_ref(),
        Profiles::REELSMITH,
    );
    assert!(!report.summary().is_empty());
    assert!(report.violations.len() < 105 * 21);
}

thread_local! {
    static SMALL: ValidOutput = ValidOutput::new();
    static TRANSPORT: ValidOutput = ValidOutput::transport();
}

fn small() -> ValidOutput {
    SMALL.with(Clone::clone)
}

fn transport() -> ValidOutput {
    TRANSPORT.with(Clone::clone)
}

/// Defaults of the init segment that belongs to a segment of the corpus: that of the same stem.
fn defaults(corpus: &Files, name: &str) -> TrackDefaults {
    let (stem, _) = name.split_once('-').unwrap_or((name, ""));
    let init = corpus
        .iter()
        .find(|(n, _)| n.starts_with(stem) && n.ends_with("-init.mp4"));
    let init = init.and_then(|(_, data)| Init::read(data).ok());
    init.map(|i| i.defaults).unwrap_or_default()
}

fn fuzz_all(extension: &str) {
    let corpus = corpus();
    let chosen = corpus.iter().filter(|(n, _)| n.ends_with(extension));
    let chosen: Files = chosen.cloned().collect();
    let known: Vec<_> = chosen
        .iter()
        .map(|(n, _)| (n, defaults(&corpus, n)))
        .collect();
    FUZZ.run(&chosen, |name, data, number| {
        let defaults = known
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, d)| d.clone());
        read(name, data, defaults.unwrap_or_default());
        if number % IN_PLACE == 1 {
            in_place(name, data);
        }
    });
}

#[test]
fn fuzz_playlists() {
    fuzz_all(".m3u8");
}

#[test]
fn fuzz_mpds() {
    fuzz_all(".mpd");
}

#[test]
fn fuzz_init_segments() {
    fuzz_all(".mp4");
}

#[test]
fn fuzz_segments() {
    fuzz_all(".m4s");
}

#[test]
fn fuzz_transport_streams() {
    fuzz_all(".ts");
}

#[test]
fn fuzz_captions() {
    fuzz_all(".vtt");
}

#[test]
fn a_listing_of_anything_can_be_checked() {
    let names = [
        "",
        "/",
        "master.m3u8/",
        "a\u{0}b",
        "master.m3u8",
        "manifest.mpd",
    ];
    let objects = names.map(|path| Object {
        path: path.to_owned(),
        size: u64::MAX,
        ..Object::default()
    });
    let delivery = Delivery::new(objects);
    assert!(
        !check(&delivery, None, Profiles::REELSMITH)
            .summary()
            .is_empty()
    );
}
