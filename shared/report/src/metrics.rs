//! The metrics of a job, collected afterwards from the execution's history, the workers' records and the cost model.
//!
//! docs/metrics.md defines every number: its meaning, its unit, and where it is measured. The names of the fields are part
//! of that contract. Times that end in `_s` are seconds. A work unit (`piece`) is a chunk at the rungs of one group, or a
//! track.

use std::collections::{BTreeMap, BTreeSet};

use reelsmith_core::cost::{Estimate, Item, Usd};
use reelsmith_core::record::WorkerRun;
use serde::Serialize;

use crate::format::seconds;

/// All metrics of a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metrics {
    pub latency: Latency,
    pub chunk_encode: ChunkEncode,
    pub concurrency: Concurrency,
    pub retries: Retries,
    pub replay: Replay,
    pub state: StateData,
    pub bytes_read: BytesRead,
    /// Absent before there is a plan.
    pub cost: Option<Cost>,
}

/// From the start of the job's first execution to the end of its last, or until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    pub seconds: f64,
    /// Duration of the programme; absent before there is a plan.
    pub programme_s: Option<f64>,
    /// Seconds of programme per second of latency.
    pub speed: Option<f64>,
}

/// How long work units took.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChunkEncode {
    pub median_s: f64,
    pub p95_s: f64,
    pub longest_s: f64,
    /// All units together.
    pub work_s: f64,
    /// Processor time of the encoder.
    pub cpu_s: f64,
    /// Memory of the workers over their time, in GiB-seconds, as Lambda bills it.
    pub gib_s: f64,
    /// In the order of their starts.
    pub pieces: Vec<UnitMetrics>,
}

/// One work unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitMetrics {
    /// Its name, for example `chunk 12, group 0`.
    pub piece: String,
    pub worker: String,
    /// From the start of the first execution to its own.
    pub after_s: f64,
    pub encode_s: f64,
    pub cpu_s: f64,
    /// Bytes read from the mezzanine.
    pub bytes_read: u64,
    /// Whether an earlier attempt failed.
    pub retried: bool,
}

/// How many work units ran at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Concurrency {
    pub peak: usize,
    /// Average over the time in which any ran.
    pub mean: f64,
    /// Number of execution environments.
    pub workers: usize,
    /// From the start of the first to the end of the last.
    pub span_s: f64,
}

/// Failed attempts by error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Retries {
    /// In the histories of the executions, without the items of Maps.
    pub states: BTreeMap<String, usize>,
    /// Work units with a failed attempt, by the last error. A worker that was killed leaves none.
    pub pieces: BTreeMap<String, usize>,
}

/// The cost of resuming after interruptions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Replay {
    /// One entry for each redrive, new execution or repeated delivery.
    pub resumes: Vec<Resume>,
    /// Work units that an interrupted execution began and a later one had to repeat.
    pub redone_pieces: u64,
    /// `redone_pieces` as a share of all units, from 0 to 1.
    pub redone_share: f64,
}

/// One resumption of a job.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Resume {
    /// From the start of the first execution.
    pub after_s: f64,
    /// Until the first new work unit starts: the replay overhead. Absent if there was none.
    pub first_work_s: Option<f64>,
    /// Work units that were complete and were not repeated.
    pub reused_pieces: usize,
    /// Time that those took.
    pub reused_work_s: f64,
}

/// What the state machine carries and keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StateData {
    /// Events in the history of the execution; Step Functions allows 25,000. Each item of a Map has a history of its own.
    pub events: u64,
    pub events_per_piece: f64,
    /// Greatest state data between two states in bytes; Step Functions allows 262,144.
    pub largest_bytes: u64,
    pub largest_at: String,
    /// Bytes of the records and lists that the job keeps in S3.
    pub checkpoint_bytes: u64,
    pub checkpoint_bytes_per_piece: u64,
}

/// Bytes read from the mezzanine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct BytesRead {
    pub total: u64,
    pub per_piece: u64,
    /// Most by one work unit.
    pub most: u64,
    /// `total` in sizes of the mezzanine; absent before it is inspected.
    pub of_mezzanine: Option<f64>,
}

/// The cost of a job by the model of docs/cost.md, in US dollars.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Everything that is billed once.
    pub total: Usd,
    /// `total` per minute of programme.
    pub total_minute: Usd,
    /// Storing the output for a month, which is not in `total`.
    pub storage_month: Usd,
    pub lines: Vec<CostLine>,
    /// Worker time that the model expects; compare with `chunk_encode.work_s`.
    pub expected_worker_s: f64,
    /// Region and date of the prices.
    pub prices: String,
}

/// One line of [`Cost`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CostLine {
    pub item: Item,
    /// In the item's unit.
    pub quantity: f64,
    pub cost: Usd,
    /// `cost` per minute of programme.
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

/// A completed work unit, from its record.
#[derive(Clone, Debug)]
pub struct CompletedUnit {
    /// For example `chunk 12, group 0`.
    pub name: String,
    pub run: WorkerRun,
    /// Memory of its worker in GiB.
    pub gib: f64,
    /// Whether an earlier attempt failed.
    pub retried: bool,
}

/// How long `done` took; `began` is the start of the first execution in milliseconds.
pub fn chunk_encode(done: &[CompletedUnit], began: i64) -> ChunkEncode {
    let mut done: Vec<&CompletedUnit> = done.iter().collect();
    done.sort_by(|a, b| (a.run.started, &a.name).cmp(&(b.run.started, &b.name)));
    let took = |d: &CompletedUnit| seconds(d.run.ended.0 - d.run.started.0);
    let mut sorted: Vec<f64> = done.iter().map(|d| took(d)).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |percent: usize| {
        let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
        sorted.get(place).copied().unwrap_or(0.0)
    };
    let cpu = |d: &CompletedUnit| seconds(i64::try_from(d.run.cpu_ms).unwrap_or(i64::MAX));
    ChunkEncode {
        median_s: at(50),
        p95_s: at(95),
        longest_s: at(100),
        work_s: sorted.iter().sum(),
        cpu_s: done.iter().map(|d| cpu(d)).sum(),
        gib_s: done.iter().map(|d| took(d) * d.gib).sum(),
        pieces: done
            .iter()
            .map(|d| UnitMetrics {
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

/// How many work units ran at once.
pub fn concurrency(done: &[CompletedUnit]) -> Concurrency {
    let mut moments: Vec<(i64, i64)> = done
        .iter()
        .flat_map(|d| [(d.run.started.0, 1), (d.run.ended.0, -1)])
        .collect();
    // At one moment, ends sort before starts: units that touch do not overlap.
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

/// What each resumption reused, and when it started new work; `moments` and `began` are milliseconds.
pub fn resumes(done: &[CompletedUnit], moments: &[i64], began: i64) -> Vec<Resume> {
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

/// Bytes that `done` read from a mezzanine of a size in bytes.
pub fn bytes_read(done: &[CompletedUnit], mezzanine: Option<u64>) -> BytesRead {
    let read: Vec<u64> = done.iter().map(|d| d.run.bytes_read.0).collect();
    let total: u64 = read.iter().sum();
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

    fn done(name: &str, worker: &str, started: i64, ended: i64) -> CompletedUnit {
        CompletedUnit {
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

    fn three() -> [CompletedUnit; 3] {
        [
            done("c", "a", 6_000, 9_000),
            done("a", "a", 1_000, 3_000),
            done("b", "b", 2_000, 3_000),
        ]
    }

    #[test]
    fn concurrency_counts_overlaps_and_ignores_idle_time() {
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
    fn units_are_listed_in_the_order_of_their_starts() {
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
    fn a_resumption_reuses_completed_units_and_measures_the_time_to_the_first_new_one() {
        let found = resumes(&three(), &[5_200, 20_000], 1_000);
        assert_eq!(found[0].reused_pieces, 2);
        assert!((found[0].reused_work_s - 3.0).abs() < 1e-9);
        assert!((found[0].first_work_s.unwrap() - 0.8).abs() < 1e-9);
        assert_eq!((found[1].first_work_s, found[1].reused_pieces), (None, 3));
    }

    #[test]
    fn bytes_read_are_compared_with_the_size_of_the_mezzanine() {
        let found = bytes_read(&three(), Some(1_500));
        assert_eq!(
            (found.total, found.per_piece, found.most),
            (3_000, 1_000, 1_000)
        );
        assert_eq!(found.of_mezzanine, Some(2.0));
        assert_eq!(bytes_read(&[], None), BytesRead::default());
    }
}
