//! What validating costs: an episode of 24 minutes in six rungs, two languages and two captions.
//!
//! `cargo bench -p reelsmith-conformance`; the figures are in `docs/conformance.md`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use reelsmith_conformance::testing::ValidOutput;
use reelsmith_conformance::{Delivery, Profiles, check, dash, hls};
use reelsmith_core::digest::sha256_hex;
use reelsmith_isobmff::{Init, SegmentScan, TrackDefaults};

struct Episode {
    good: ValidOutput,
    bytes: BTreeMap<String, Vec<u8>>,
    delivery: Delivery,
}

static EPISODE: LazyLock<Episode> = LazyLock::new(|| {
    let good = ValidOutput::long(360, 1);
    let bytes = good.bytes();
    let delivery = good.delivery_of(&bytes);
    Episode {
        good,
        bytes,
        delivery,
    }
});

fn main() {
    divan::main();
}

/// Everything but reading and checksums: texts, init segments and segments measured, all rules checked.
#[divan::bench]
fn validate() -> usize {
    let delivery = EPISODE.good.delivery_of(black_box(&EPISODE.bytes));
    let report = check(
        &delivery,
        EPISODE.good.expected.as_ref(),
        Profiles::REELSMITH,
    );
    report.violations.len()
}

#[divan::bench]
fn check_all_rules() -> usize {
    let delivery = black_box(&EPISODE.delivery);
    let report = check(
        delivery,
        EPISODE.good.expected.as_ref(),
        Profiles::REELSMITH,
    );
    report.violations.len()
}

/// Playlists and the MPD, each read by two readers.
#[divan::bench]
fn parse_texts() -> usize {
    let texts = black_box(&EPISODE.bytes).iter();
    let lines = texts.map(|(path, bytes)| match path.rsplit_once('.') {
        Some((_, "m3u8")) => hls::parse(path, bytes).segments.len(),
        Some((_, "mpd")) => dash::parse(path, bytes).periods.len(),
        _ => 0,
    });
    lines.sum()
}

#[divan::bench]
fn measure_segments() -> u64 {
    let bytes = black_box(&EPISODE.bytes);
    let defaults = |path: &str| -> Option<TrackDefaults> {
        let (folder, _) = path.rsplit_once('/')?;
        let init = bytes.get(&format!("{folder}/init.mp4"))?;
        Some(Init::read(init).ok()?.defaults)
    };
    let segments = bytes.iter().filter(|(path, _)| path.ends_with(".m4s"));
    let measured = segments.filter_map(|(path, data)| {
        let facts = SegmentScan::whole(data, defaults(path)?);
        Some(facts.samples())
    });
    measured.sum()
}

/// The checksums of a hundred segments: the part of a check that grows with the bit rate.
#[divan::bench]
fn checksums(bencher: Bencher<'_, '_>) {
    let segments = EPISODE.bytes.iter().filter(|(p, _)| p.ends_with(".m4s"));
    let segments: Vec<&Vec<u8>> = segments.map(|(_, b)| b).take(100).collect();
    let size = segments.iter().map(|b| b.len()).sum::<usize>();
    bencher
        .counter(divan::counter::BytesCount::new(size))
        .bench(|| {
            let sums = segments.iter().map(|b| sha256_hex(b).len());
            sums.sum::<usize>()
        });
}
