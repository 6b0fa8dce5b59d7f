//! A bounded fuzz of every parser: the files of `tests/corpus`, each damaged in some hundred ways that are the same in
//! every run. Nothing may panic, overflow or run long; what a parser says of garbage does not matter here.
//!
//! A file that once mattered is added to the corpus under a name that says why.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where something is not as it must be"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fastrand::Rng;
use reelsmith_conformance::cmaf::{Init, SegmentScan, TrackDefaults, fragments};
use reelsmith_conformance::testing::Good;
use reelsmith_conformance::{Delivery, Object, Sets, check, dash, hls, ts};

/// Damaged copies of each file.
const COPIES: u32 = 300;
/// Every so many of them is checked by all rules too, as a part of a whole delivery.
const IN_PLACE: u32 = 20;
/// The longest that one file with all its copies may take, on a slow machine and without optimisation.
const LONGEST: Duration = Duration::from_secs(60);

fn corpus() -> BTreeMap<String, Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|f| f.unwrap().path());
    let name = |p: &PathBuf| p.file_name().unwrap().to_str().unwrap().to_owned();
    files
        .map(|p| (name(&p), std::fs::read(&p).unwrap()))
        .collect()
}

/// One damage: flipped bits, bytes at the edges of their range, a cut, a doubled or removed run, a splice with another file.
fn damage(rng: &mut Rng, data: &mut Vec<u8>, other: &[u8]) {
    if data.is_empty() {
        return data.extend(other.iter().take(64));
    }
    let at = rng.usize(..data.len());
    let run = at..data.len().min(at + rng.usize(1..64));
    match rng.u8(..8) {
        0 | 1 => data[at] ^= 1 << rng.u8(..8),
        2 => data[at] = *rng.choice(&[0, 1, 0x7f, 0x80, 0xff]).unwrap(),
        3 => data[run].fill(0xff),
        4 => data.truncate(at),
        5 => drop(data.drain(run)),
        6 => {
            let doubled = data[run].to_vec();
            data.splice(at..at, doubled);
        }
        _ => {
            let from = rng.usize(..=other.len());
            let piece = &other[from..other.len().min(from + rng.usize(1..256))];
            data.splice(run, piece.iter().copied());
        }
    }
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
    let report = check(&good.delivery(), good.expected.as_ref(), Sets::ALL);
    assert!(!report.summary().is_empty());
    assert!(report.violations.len() < 105 * 21);
}

thread_local! {
    static SMALL: Good = Good::new();
    static TRANSPORT: Good = Good::transport();
}

fn small() -> Good {
    SMALL.with(Clone::clone)
}

fn transport() -> Good {
    TRANSPORT.with(Clone::clone)
}

/// Defaults of the init segment that belongs to a segment of the corpus: that of the same stem.
fn defaults(corpus: &BTreeMap<String, Vec<u8>>, name: &str) -> TrackDefaults {
    let (stem, _) = name.split_once('-').unwrap_or((name, ""));
    let init = corpus
        .iter()
        .find(|(n, _)| n.starts_with(stem) && n.ends_with("-init.mp4"));
    let init = init.and_then(|(_, data)| Init::read(data).ok());
    init.map(|i| i.defaults).unwrap_or_default()
}

fn fuzz(extension: &str) {
    let corpus = corpus();
    let files: Vec<_> = corpus
        .iter()
        .filter(|(n, _)| n.ends_with(extension))
        .collect();
    assert!(
        !files.is_empty(),
        "no file of the corpus ends in {extension}"
    );
    for (index, (name, data)) in (0u64..).zip(&files) {
        let (start, defaults) = (Instant::now(), defaults(&corpus, name));
        let mut rng = Rng::with_seed(index);
        read(name, data, defaults);
        for number in 0..COPIES {
            let mut copy = (*data).clone();
            for _ in 0..rng.u8(1..6) {
                let (_, other) = rng.choice(&files).unwrap();
                damage(&mut rng, &mut copy, other);
            }
            read(name, &copy, defaults);
            if number % IN_PLACE == 0 {
                in_place(name, &copy);
            }
        }
        assert!(
            start.elapsed() < LONGEST,
            "{name} took {:?}",
            start.elapsed()
        );
    }
}

#[test]
fn playlists() {
    fuzz(".m3u8");
}

#[test]
fn mpds() {
    fuzz(".mpd");
}

#[test]
fn init_segments() {
    fuzz(".mp4");
}

#[test]
fn segments() {
    fuzz(".m4s");
}

#[test]
fn transport_streams() {
    fuzz(".ts");
}

#[test]
fn captions() {
    fuzz(".vtt");
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
    assert!(!check(&delivery, None, Sets::ALL).summary().is_empty());
}
