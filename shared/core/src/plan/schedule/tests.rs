use proptest::prelude::*;

use super::*;

/// Seconds per frame of the default ladder's rungs at 1080p.
const DEFAULT: [f64; 6] = [0.086, 0.038, 0.017, 0.0096, 0.189, 0.084];

fn film(seconds: u64, rungs: &[f64]) -> Workload {
    Workload {
        frames: seconds * 24,
        segment_frames: 96,
        longest: 4,
        start_s: 0.5,
        decode_s: 0.004,
        lead_frames: 24.0,
        rungs: rungs.to_vec(),
    }
}

fn partitions(rungs: usize) -> Vec<Vec<Vec<usize>>> {
    let mut all: Vec<Vec<Vec<usize>>> = vec![vec![]];
    for rung in 0..rungs {
        let mut next = Vec::new();
        for partition in all {
            for i in 0..partition.len() {
                let mut with = partition.clone();
                with[i].push(rung);
                next.push(with);
            }
            let mut own = partition;
            own.push(vec![rung]);
            next.push(own);
        }
        all = next;
    }
    all
}

#[test]
fn few_workers_share_one_decode_and_many_split_the_ladder() {
    let two = film(600, &DEFAULT).schedule(2);
    assert_eq!((two.segments_per_chunk, two.groups.len()), (4, 1));
    let many = film(600, &DEFAULT).schedule(2_000);
    assert_eq!(many.segments_per_chunk, 1);
    assert!(many.groups.len() >= 2);
    assert!(many.makespan_s < 28.0, "{many:?}");
    assert!(many.tail <= MAX_TAIL, "{many:?}");
}

#[test]
fn a_clip_of_one_segment_is_not_cut() {
    let one = film(3, &DEFAULT[..1]).schedule(40);
    assert_eq!((one.segments_per_chunk, one.groups), (1, vec![vec![0]]));
}

#[test]
fn a_piece_stays_within_the_time_limit() {
    let mut heavy = film(7_200, &[2.0, 0.5]);
    heavy.longest = 8;
    let chosen = heavy.schedule(1);
    assert!(chosen.longest_piece_s <= MAX_PIECE_S, "{chosen:?}");
}

/// Compares the choice with every partition of the rungs at every chunk length. If a title has few pieces, the best of
/// all may have stragglers, which the choice avoids.
#[test]
fn the_choice_is_close_to_the_best_of_all_schedules() {
    let mut ratios = Vec::new();
    for workers in [1, 2, 3, 7, 20, 100, 1_000] {
        for seconds in [4, 30, 90, 600] {
            for rungs in [&DEFAULT[..], &DEFAULT[..4], &DEFAULT[4..]] {
                let load = film(seconds, rungs);
                let all = partitions(rungs.len());
                let all = all
                    .iter()
                    .flat_map(|p| (1..=4).map(|n| load.evaluate(p, n, workers)));
                let all: Vec<_> = all.collect();
                let cheapest = least(&all, |c| c.work_s);
                let all = prefer(all, |c| c.work_s <= cheapest * (1.0 + SURCHARGE));
                let best = least(&all, |c| c.makespan_s);
                let chosen = load.schedule(workers);
                let ratio = chosen.makespan_s / best;
                assert!(ratio <= 1.25, "{workers} {seconds} {ratio} {chosen:?}");
                ratios.push(ratio);
                assert!(chosen.work_s <= cheapest * 1.15 + 1e-9, "{chosen:?}");
            }
        }
    }
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!(mean <= 1.04, "{mean}");
}

fn makespan(sizes: &[(f64, u64)], workers: u32) -> f64 {
    let pieces = Pieces {
        groups: Vec::new(),
        segments: 1,
        sizes: sizes.to_vec(),
    };
    pieces.makespan(workers)
}

#[test]
fn the_longest_piece_goes_to_the_first_free_worker() {
    assert_eq!(makespan(&[], 4), 0.0);
    assert_eq!(makespan(&[(5.0, 1), (3.0, 1)], 9), 5.0);
    assert_eq!(makespan(&[(5.0, 1), (4.0, 1), (3.0, 3)], 2), 10.0);
}

#[test]
fn the_estimate_for_many_pieces_is_close_to_counting() {
    for workers in [2, 7, 40] {
        let counted = makespan(&[(5.0, 3 * 40), (3.0, u64::from(workers) * 5)], workers);
        let estimated = makespan(&[(5.0, 3 * 40), (3.0, u64::from(workers) * 500)], workers);
        let added = 3.0 * 495.0;
        assert!((estimated - counted - added).abs() <= 5.0, "{workers}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_groups_partition_the_rungs(
        rungs in prop::collection::vec(0.001f64..0.5, 1..9),
        seconds in 1u64..4_000,
        workers in 1u32..3_000,
    ) {
        let load = film(seconds, &rungs);
        let chosen = load.schedule(workers);
        let mut all: Vec<usize> = chosen.groups.concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..rungs.len()).collect::<Vec<_>>());
        prop_assert!(chosen.groups.iter().all(|g| g.is_sorted() && !g.is_empty()));
        prop_assert!((1..=load.longest).contains(&chosen.segments_per_chunk));
        let cost = |g: &Vec<usize>| g.iter().map(|r| rungs[*r]).sum::<f64>();
        prop_assert!(chosen.groups.windows(2).all(|w| cost(&w[0]) >= cost(&w[1]) - 1e-12));
    }

    #[test]
    fn work_includes_all_encoding_and_the_makespan_stays_within_its_bounds(
        rungs in prop::collection::vec(0.001f64..0.5, 1..7),
        seconds in 1u64..4_000,
        workers in 1u32..3_000,
    ) {
        let load = film(seconds, &rungs);
        let chosen = load.schedule(workers);
        let encoding = rungs.iter().sum::<f64>() * load.frames as f64;
        prop_assert!(chosen.work_s >= encoding);
        let fair = chosen.work_s / f64::from(workers);
        prop_assert!(chosen.makespan_s >= fair.max(chosen.longest_piece_s) - 1e-6);
        prop_assert!(chosen.makespan_s <= fair + chosen.longest_piece_s * (1.0 + LATENESS) + 1e-6);
    }

    #[test]
    fn twice_the_workers_are_never_much_slower(seconds in 4u64..4_000, workers in 1u32..1_500) {
        let load = film(seconds, &DEFAULT);
        let (few, more) = (load.schedule(workers), load.schedule(workers * 2));
        prop_assert!(more.makespan_s <= few.makespan_s * (1.0 + EVENNESS) + 1e-9);
    }
}

#[test]
fn a_title_of_two_hours_is_cut_into_thousands_of_even_pieces() {
    let mut load = film(7_200, &DEFAULT);
    load.longest = 10;
    let chosen = load.schedule(1_000);
    let pieces = load.pieces(&chosen.groups, chosen.segments_per_chunk);
    let chunks = 1_800u64.div_ceil(chosen.segments_per_chunk);
    assert_eq!(pieces.count(), chunks * chosen.groups.len() as u64);
    assert!(
        chosen.tail <= MAX_TAIL && chosen.makespan_s < 120.0,
        "{chosen:?}"
    );
}
