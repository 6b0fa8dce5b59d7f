use proptest::prelude::*;

use super::*;
use crate::cost::{Architecture, CostModel, Source, Title};
use crate::encoder::EncoderKind;
use crate::ladder::{OutputOptions, Profile};
use crate::time::{FrameCount, FrameRate};
use crate::units::{Bytes, Resolution};

fn title(seconds: u64, workers: u32) -> Title {
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
        frame_rate: FrameRate::new(24, 1).unwrap(),
        frames: FrameCount(seconds * 24),
        size: Bytes(seconds * 2_500_000),
        sound: Bytes(seconds * 288_000),
    };
    let profile = Profile::named("default").unwrap();
    Title::new(&profile, &options, source, 2, 1).scheduled(&profile, workers)
}

fn fleet(workers: u32) -> Fleet {
    Fleet {
        workers,
        children: ChildType::Standard,
        platform: Platform::built_in().unwrap(),
        deployment: CostModel::new(Architecture::Arm64, EncoderKind::Lambda),
    }
}

#[test]
fn equal_seeds_give_equal_results() {
    let titles = [title(60, 40)];
    let run = |seed| simulate(&titles, &fleet(40), seed);
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).worker_s, run(8).worker_s);
}

#[test]
fn one_worker_does_all_work_in_sequence() {
    let result = simulate(&[title(60, 1)], &fleet(1), 1);
    assert_eq!((result.peak, result.environments), (1, 1));
    assert!(result.stages.encode >= result.worker_s);
    assert!(result.stages.encode <= result.worker_s + 3.0 + result.pieces as f64 * 0.1);
}

#[test]
fn environments_are_created_no_faster_than_the_platform_allows() {
    let mut slow = fleet(5_000);
    slow.platform.environments_burst.value = 10.0;
    slow.platform.environments_per_second.value = 1.0;
    let quick = simulate(&[title(600, 5_000)], &fleet(5_000), 1);
    let held = simulate(&[title(600, 5_000)], &slow, 1);
    assert!(held.stages.encode > quick.stages.encode * 2.0);
}

#[test]
fn failed_pieces_are_repeated_until_the_title_is_published() {
    let mut failing = fleet(100);
    failing.platform.failure_share.value = 1.0;
    let result = simulate(&[title(60, 100)], &failing, 1);
    assert_eq!(result.retries, result.pieces);
    assert!(result.stages.publish > 0.0);
}

#[test]
fn a_token_bucket_allows_its_burst_at_once_and_then_its_rate() {
    let mut bucket = TokenBucket::new(3.0, 2.0);
    let taken: Vec<f64> = (0..6).map(|_| bucket.take(0.0)).collect();
    assert_eq!(taken, [0.0, 0.0, 0.0, 0.5, 1.0, 1.5]);
    assert_eq!(bucket.take(100.0), 100.0);
}

#[test]
fn random_durations_have_their_mean() {
    let mut random = Random::new(1);
    let mean = (0..20_000).map(|_| random.log_normal(0.3)).sum::<f64>() / 20_000.0;
    assert!((mean - 1.0).abs() < 0.01, "{mean}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_result_is_faster_than_its_work_and_all_titles_end(seconds in 4u64..900, workers in 1u32..400, count in 1usize..4, seed: u64) {
        let titles = vec![title(seconds, workers); count];
        let result = simulate(&titles, &fleet(workers), seed);
        prop_assert!(result.peak <= workers);
        prop_assert!(result.environments >= u64::from(result.peak));
        prop_assert!(result.wall_s * f64::from(workers) >= result.worker_s);
        prop_assert!(result.median_s <= result.wall_s);
        prop_assert!(result.stages.publish > 0.0 && result.cost.0 > 0.0);
    }
}
