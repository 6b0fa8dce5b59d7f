//! The metrics of a job, collected after the fact: from the execution's history, the workers' records and the cost model.
//!
//! docs/metrics.md is the contract: what each number means, its unit, and where it is measured.

use std::collections::{BTreeMap, BTreeSet};

use reelsmith_core::cost::{Estimate, Item, Usd};
use reelsmith_core::record::WorkerRun;
use serde::Serialize;

use crate::format::seconds;

/// Everything that is measured of a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metrics {
    /// From start to end.
    pub latency: Latency,
    /// How long pieces of work took. A piece is a chunk at the rungs of one group, or a track.
    pub chunk_encode: ChunkEncode,
    /// How many pieces ran at once.
    pub concurrency: Concurrency,
    /// What was tried again.
    pub retries: Retries,
    /// What it cost to go on after an interruption.
    pub replay: Replay,
    /// What the state machine carries and keeps.
    pub state: State,
    /// What was read of the mezzanine.
    pub bytes_read: BytesRead,
    /// What it costs, by the cost model; absent before there is a plan.
    pub cost: Option<Cost>,
}

/// From start to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Seconds from the start of the job's first execution to the end of its last, or until now.
    pub seconds: f64,
    /// Seconds of programme; absent before there is a plan.
    pub programme_s: Option<f64>,
    /// Programme per second of latency.
    pub speed: Option<f64>,
}

/// How long pieces took.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChunkEncode {
    /// Half of the pieces took at most so many seconds.
    pub median_s: f64,
    /// Nineteen of twenty.
    pub p95_s: f64,
    /// All of them.
    pub longest_s: f64,
    /// Seconds of all pieces together.
    pub work_s: f64,
    /// Processor seconds of the encoder in all.
    pub cpu_s: f64,
    /// Memory of the workers over their time, in GiB-seconds, as Lambda bills it.
    pub gib_s: f64,
    /// Each piece, in the order of their starts.
    pub pieces: Vec<Piece>,
}

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Piece {
    /// What people call it, for example `chunk 12, group 0`.
    pub piece: String,
    /// Execution environment that did it.
    pub worker: String,
    /// Seconds from the start of the first execution to its own.
    pub after_s: f64,
    /// Seconds it took.
    pub encode_s: f64,
    /// Processor seconds of the encoder.
    pub cpu_s: f64,
    /// Bytes it read of the mezzanine.
    pub bytes_read: u64,
    /// Whether an earlier try of it failed.
    pub retried: bool,
}

/// How many pieces ran at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Concurrency {
    /// Most at one time.
    pub peak: usize,
    /// On average, while any was under way.
    pub mean: f64,
    /// Execution environments that did them.
    pub workers: usize,
    /// Seconds from the start of the first to the end of the last.
    pub span_s: f64,
}

/// What was tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Retries {
    /// Failed tries that the histories of the executions show, Maps' items not counted: by error.
    pub states: BTreeMap<String, usize>,
    /// Pieces of which a try failed, by the error of the last one. A worker that was killed could not say so.
    pub pieces: BTreeMap<String, usize>,
}

/// What it cost to go on after interruptions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Replay {
    /// Each time the job was taken up again: a redrive, a new execution, another delivery.
    pub resumes: Vec<Resume>,
    /// Pieces that the interrupted executions began, and that had to be begun again.
    pub redone_pieces: u64,
    /// `redone_pieces` as a share of all pieces, from 0 to 1.
    pub redone_share: f64,
}

/// One time that a job was taken up again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Resume {
    /// Seconds from the start of the first execution.
    pub after_s: f64,
    /// Seconds until the first piece was begun anew: the replay overhead. Absent where none was.
    pub first_work_s: Option<f64>,
    /// Pieces that were done by then, and were not done again.
    pub reused_pieces: usize,
    /// Seconds of work in them.
    pub reused_work_s: f64,
}

/// What the state machine carries and keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct State {
    /// Events in the history of the execution; the limit of Step Functions is 25,000. Each item of a Map has a history of
    /// its own.
    pub events: u64,
    /// The same for each piece of work.
    pub events_per_piece: f64,
    /// Greatest state data between two states in bytes; the limit is 262,144.
    pub largest_bytes: u64,
    /// The state that put it out.
    pub largest_at: String,
    /// Bytes of the records and lists that the job keeps in S3: its checkpoints.
    pub checkpoint_bytes: u64,
    /// The same for each piece of work.
    pub checkpoint_bytes_per_piece: u64,
}

/// What was read of the mezzanine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct BytesRead {
    /// By all pieces.
    pub total: u64,
    /// On average.
    pub per_piece: u64,
    /// Most by one piece.
    pub most: u64,
    /// `total` in sizes of the mezzanine; absent before it was looked at.
    pub of_mezzanine: Option<f64>,
}

/// What a job costs by the model of docs/cost.md.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Everything that is billed once.
    pub total: Usd,
    /// The same for a minute of programme.
    pub total_minute: Usd,
    /// Storing what was published for a month, which is not in `total`.
    pub storage_month: Usd,
    /// Each item.
    pub lines: Vec<CostLine>,
    /// Seconds of workers that the model expects; compare with `chunk_encode.work_s`.
    pub expected_worker_s: f64,
    /// Where the prices hold, and since when.
    pub prices: String,
}

/// One item of the bill.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CostLine {
    /// What is billed.
    pub item: Item,
    /// How much of it, in the item's unit.
    pub quantity: f64,
    /// Its cost.
    pub cost: Usd,
    /// The same for a minute of programme.
    pub cost_minute: Usd,
}

impl From<&Estimate> for Cost {
    fn from(estimate: &Estimate) -> Self {
        let minutes = estimate.minutes.max(1e-9);
        let line = |l: &reelsmith_core::cost::Line| CostLine {
            item: l.item,
            quantity: l.quantity,
            cost: l.cost,
            cost_minute: Usd(l.cost.0 / minutes),
        };
        Self {
            total: estimate.total,
            total_minute: estimate.total_minute,
            storage_month: estimate.storage_month,
            lines: estimate.lines.iter().map(line).collect(),
            expected_worker_s: estimate.worker_seconds,
            prices: format!("list prices of {}, {}", estimate.region, estimate.as_of),
        }
    }
}

/// One piece as its record tells of it.
#[derive(Clone, Debug)]
pub struct Done {
    /// What people call it.
    pub name: String,
    /// How it ran.
    pub run: WorkerRun,
    /// GiB of memory that its worker has.
    pub gib: f64,
    /// Whether an earlier try of it failed.
    pub retried: bool,
}

/// Pieces in the order of their starts, counted; `began` is the start of the first execution in milliseconds.
#[must_use]
pub fn chunk_encode(done: &[Done], began: i64) -> ChunkEncode {
    let mut done: Vec<&Done> = done.iter().collect();
    done.sort_by(|a, b| (a.run.started, &a.name).cmp(&(b.run.started, &b.name)));
    let took = |d: &Done| seconds(d.run.ended.0 - d.run.started.0);
    let mut sorted: Vec<f64> = done.iter().map(|d| took(d)).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |percent: usize| {
        let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
        sorted.get(place).copied().unwrap_or(0.0)
    };
    let cpu = |d: &Done| seconds(i64::try_from(d.run.cpu_ms).unwrap_or(i64::MAX));
    ChunkEncode {
        median_s: at(50),
        p95_s: at(95),
        longest_s: at(100),
        work_s: sorted.iter().sum(),
        cpu_s: done.iter().map(|d| cpu(d)).sum(),
        gib_s: done.iter().map(|d| took(d) * d.gib).sum(),
        pieces: done
            .iter()
            .map(|d| Piece {
                piece: d.name.clone(),
                worker: d.run.worker.clone(),
                after_s: seconds(d.run.started.0 - began),
                encode_s: took(d),
                cpu_s: cpu(d),
                bytes_read: d.run.bytes_read.0,
                retried: d.retried,
            })
            .collect(),
    }
}

/// How parallel the pieces were.
#[must_use]
pub fn concurrency(done: &[Done]) -> Concurrency {
    let mut moments: Vec<(i64, i64)> = done
        .iter()
        .flat_map(|d| [(d.run.started.0, 1), (d.run.ended.0, -1)])
        .collect();
    // At one moment an end comes before a start: pieces that touch do not overlap.
    moments.sort_unstable();
    let (mut now, mut peak, mut busy, mut last) = (0i64, 0i64, 0i64, 0i64);
    for (at, change) in &moments {
        if now > 0 {
            busy += at - last;
        }
        now += change;
        peak = peak.max(now);
        last = *at;
    }
    let work: i64 = done.iter().map(|d| d.run.ended.0 - d.run.started.0).sum();
    let workers: BTreeSet<&str> = done.iter().map(|d| d.run.worker.as_str()).collect();
    let first = moments.first().map_or(last, |(at, _)| *at);
    Concurrency {
        peak: usize::try_from(peak).unwrap_or(0),
        mean: if busy > 0 {
            seconds(work) / seconds(busy)
        } else {
            0.0
        },
        workers: workers.len(),
        span_s: seconds(last - first),
    }
}

/// What each resumption kept, and when it began something new; moments and `began` are milliseconds.
#[must_use]
pub fn resumes(done: &[Done], moments: &[i64], began: i64) -> Vec<Resume> {
    let one = |moment: &i64| {
        let kept = done.iter().filter(|d| d.run.ended.0 <= *moment);
        let kept: Vec<i64> = kept.map(|d| d.run.ended.0 - d.run.started.0).collect();
        let new = done.iter().map(|d| d.run.started.0);
        Resume {
            after_s: seconds(moment - began),
            first_work_s: new
                .filter(|at| at >= moment)
                .min()
                .map(|at| seconds(at - moment)),
            reused_pieces: kept.len(),
            reused_work_s: seconds(kept.iter().sum()),
        }
    };
    moments.iter().map(one).collect()
}

/// Bytes that the pieces read of a mezzanine of a size.
#[must_use]
pub fn bytes_read(done: &[Done], mezzanine: Option<u64>) -> BytesRead {
    let read: Vec<u64> = done.iter().map(|d| d.run.bytes_read.0).collect();
    let total: u64 = read.iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
    let of = |size: u64| total as f64 / size.max(1) as f64;
    BytesRead {
        total,
        per_piece: total / (read.len() as u64).max(1),
        most: read.iter().copied().max().unwrap_or(0),
        of_mezzanine: mezzanine.map(of),
    }
}

#[cfg(test)]
mod tests {
    use reelsmith_core::time::UnixMillis;
    use reelsmith_core::units::Bytes;

    use super::*;

    fn done(name: &str, worker: &str, started: i64, ended: i64) -> Done {
        Done {
            name: name.to_owned(),
            run: WorkerRun {
                request_id: String::new(),
                worker: worker.to_owned(),
                started: UnixMillis(started),
                ended: UnixMillis(ended),
                cpu_ms: 500,
                bytes_read: Bytes(1_000),
                encoder_build: String::new(),
            },
            gib: 2.0,
            retried: false,
        }
    }

    fn three() -> [Done; 3] {
        [
            done("c", "a", 6_000, 9_000),
            done("a", "a", 1_000, 3_000),
            done("b", "b", 2_000, 3_000),
        ]
    }

    #[test]
    fn pieces_that_overlap_are_counted_and_idle_time_is_not() {
        let found = concurrency(&three());
        assert_eq!((found.peak, found.workers), (2, 2));
        // 6 s of work in 5 s in which anything ran, of the 8 s from the first start to the last end.
        assert!((found.mean - 1.2).abs() < 1e-9, "{found:?}");
        assert!((found.span_s - 8.0).abs() < 1e-9);
        let touching = [done("a", "a", 0, 4), done("b", "a", 4, 8)];
        assert_eq!(concurrency(&touching).peak, 1);
        assert_eq!(concurrency(&[]), Concurrency::default());
    }

    #[test]
    fn pieces_are_told_in_the_order_of_their_starts() {
        let found = chunk_encode(&three(), 500);
        let names: Vec<_> = found.pieces.iter().map(|p| p.piece.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!((found.pieces[0].after_s - 0.5).abs() < 1e-9);
        assert_eq!(
            (found.median_s, found.p95_s, found.longest_s),
            (2.0, 3.0, 3.0)
        );
        assert!((found.gib_s - 12.0).abs() < 1e-9 && (found.work_s - 6.0).abs() < 1e-9);
        assert_eq!(chunk_encode(&[], 0), ChunkEncode::default());
    }

    #[test]
    fn a_resumption_keeps_what_was_done_and_waits_for_the_first_new_piece() {
        let found = resumes(&three(), &[5_200, 20_000], 1_000);
        assert_eq!(found[0].reused_pieces, 2);
        assert!((found[0].reused_work_s - 3.0).abs() < 1e-9);
        assert!((found[0].first_work_s.unwrap() - 0.8).abs() < 1e-9);
        assert_eq!((found[1].first_work_s, found[1].reused_pieces), (None, 3));
    }

    #[test]
    fn what_is_read_is_compared_with_the_mezzanine() {
        let found = bytes_read(&three(), Some(1_500));
        assert_eq!(
            (found.total, found.per_piece, found.most),
            (3_000, 1_000, 1_000)
        );
        assert_eq!(found.of_mezzanine, Some(2.0));
        assert_eq!(bytes_read(&[], None), BytesRead::default());
    }
}
