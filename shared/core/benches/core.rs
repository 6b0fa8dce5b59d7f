//! Benchmarks of code that runs for every job or estimate: parsing, scheduling, planning and simulation.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark with invalid input must end"
)]

use divan::{Bencher, black_box};
use reelsmith_core::cost::{Architecture, CostModel, Source, Title};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::manifest::parse;
use reelsmith_core::plan::schedule::Workload;
use reelsmith_core::simulate::{ChildType, Fleet, Platform, simulate};
use reelsmith_core::time::FrameRate;
use reelsmith_core::units::{Bytes, Resolution};

fn main() {
    divan::main();
}

const MANIFEST: &[u8] = include_bytes!("../../../sample-data/manifests/good/full.xml");

#[divan::bench]
fn read_a_manifest() {
    assert!(black_box(parse(black_box(MANIFEST))).manifest.is_some());
}

/// Six rungs of a title of some minutes at 24 frames per second.
fn workload(minutes: u64) -> Workload {
    Workload {
        frames: minutes * 60 * 24,
        segment_frames: 96,
        longest: 15,
        start_s: 0.5,
        decode_s: 0.01,
        lead_frames: 12.0,
        rungs: vec![0.18, 0.09, 0.09, 0.04, 0.02, 0.01],
    }
}

#[divan::bench(args = [24, 120])]
fn choose_chunks_and_groups_for_1000_workers(bencher: Bencher<'_, '_>, minutes: u64) {
    let workload = workload(minutes);
    bencher.bench_local(|| black_box(&workload).schedule(1_000));
}

#[divan::bench(args = [24, 120])]
fn simulate_a_title_on_1000_workers(bencher: Bencher<'_, '_>, minutes: u64) {
    let profile = Profile::named("default").unwrap();
    let frame_rate = FrameRate::new(24, 1).unwrap();
    let options = OutputOptions {
        h265: true,
        dash: true,
        progressive: false,
        max_bitrate: None,
        mock: false,
    };
    let source = Source {
        picture: Some(Resolution {
            width: 1920,
            height: 1080,
        }),
        frame_rate,
        frames: frame_rate.frames_in_millis(minutes * 60_000),
        size: Bytes(minutes * 150_000_000),
        sound: Bytes(minutes * 17_280_000),
    };
    let title = Title::new(&profile, &options, source, 1, 0).scheduled(&profile, 1_000);
    let fleet = Fleet {
        workers: 1_000,
        children: ChildType::Standard,
        platform: Platform::built_in().unwrap(),
        deployment: CostModel::new(Architecture::Arm64, EncoderKind::Lambda),
    };
    bencher.bench_local(|| simulate(&[black_box(&title).clone()], &fleet, 1));
}
