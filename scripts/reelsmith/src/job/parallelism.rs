//! How parallel an encode was, from the records of its workers.

use std::collections::BTreeSet;
use std::fmt;

use futures::stream::{self, StreamExt, TryStreamExt};
use reelsmith_contract::Failure;
use reelsmith_core::record::WorkerRun;
use reelsmith_core::submission::Outputs;
use serde::{Deserialize, Serialize};

use crate::error::{CallExt, CliError};
use crate::job::connection::Connection;

/// Records that are read at the same time.
const PARALLEL: usize = 16;

/// Counts over all work units of a job that left a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Parallelism {
    /// Work units: chunks by rung group, and tracks.
    pub pieces: usize,
    /// Execution environments that ran them.
    pub workers: usize,
    /// Most work units that ran at the same time.
    pub at_once: usize,
    /// Milliseconds of all work units together.
    pub work_ms: i64,
    /// Milliseconds from the start of the first to the end of the last.
    pub span_ms: i64,
}

/// A work unit that left a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedUnit {
    /// `chunk 12, group 0`, or the folder of a track.
    pub name: String,
    /// Key of its record.
    pub record: String,
    pub run: WorkerRun,
}

/// The fields of a chunk's or a track's record that are needed here.
#[derive(Deserialize)]
struct Record {
    run: WorkerRun,
    chunk: Option<u32>,
    group: Option<u32>,
    output: Option<TrackOutput>,
}

#[derive(Deserialize)]
struct TrackOutput {
    rendition: String,
}

impl Record {
    fn unit(self, record: String) -> RecordedUnit {
        let name = match (self.chunk, self.group, self.output) {
            (Some(chunk), Some(group), _) => format!("chunk {chunk}, group {group}"),
            (_, _, Some(track)) => track.rendition,
            _ => record.clone(),
        };
        RecordedUnit {
            name,
            record,
            run: self.run,
        }
    }
}

/// Every work unit that left a record below the working prefix of a job.
///
/// # Errors
/// `RecordUnreadable`, or those of the calls.
pub async fn recorded_units(
    connection: &Connection,
    bucket: &str,
    work_prefix: &str,
) -> Result<Vec<RecordedUnit>, CliError> {
    let objects = &reelsmith_contract::Objects::new(connection.store.clone(), bucket);
    let mut keys = Vec::new();
    for part in ["chunks", "tracks"] {
        let prefix = format!("{work_prefix}{part}/");
        let listed = connection.list(bucket, &prefix).await?;
        keys.extend(listed.into_iter().map(|o| o.key));
    }
    let read = stream::iter(keys).map(async |key| {
        let record = objects.read::<Record>(&key).await?;
        Ok::<_, Failure>(record.unit(key))
    });
    let read: Result<Vec<RecordedUnit>, Failure> = read.buffered(PARALLEL).try_collect().await;
    read.on_call(format!("read {work_prefix}"))
}

impl Parallelism {
    /// Reads the records of a published job.
    pub async fn of_job(connection: &Connection, outputs: &Outputs) -> Result<Self, CliError> {
        let work = outputs.report.trim_end_matches(|c| c != '/');
        let units = recorded_units(connection, &outputs.bucket, work).await?;
        let runs: Vec<WorkerRun> = units.into_iter().map(|d| d.run).collect();
        Ok(Self::of(&runs))
    }

    fn of(runs: &[WorkerRun]) -> Self {
        let starts = runs.iter().map(|r| r.started);
        let end = runs.iter().map(|r| r.ended.0).max().unwrap_or(0);
        let running = |at| {
            runs.iter()
                .filter(|r| r.started <= at && at < r.ended)
                .count()
        };
        let workers: BTreeSet<_> = runs.iter().map(|r| &r.worker).collect();
        Self {
            pieces: runs.len(),
            workers: workers.len(),
            at_once: starts.clone().map(running).max().unwrap_or(0),
            work_ms: runs.iter().map(|r| r.ended.0 - r.started.0).sum(),
            span_ms: end - starts.map(|s| s.0).min().unwrap_or(end),
        }
    }
}

impl fmt::Display for Parallelism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} work units on {} workers, up to {} at once, {:.1} s of work in {:.1} s",
            self.pieces,
            self.workers,
            self.at_once,
            self.work_ms as f64 / 1e3,
            self.span_ms as f64 / 1e3
        )
    }
}

#[cfg(test)]
mod tests {
    use reelsmith_core::time::UnixMillis;
    use reelsmith_core::units::Bytes;

    use super::*;

    fn run(worker: &str, started: i64, ended: i64) -> WorkerRun {
        WorkerRun {
            request_id: String::new(),
            worker: worker.to_owned(),
            started: UnixMillis(started),
            ended: UnixMillis(ended),
            cpu_ms: 0,
            bytes_read: Bytes(0),
            encoder_build: String::new(),
        }
    }

    #[test]
    fn units_that_overlap_count_as_parallel_and_adjacent_ones_do_not() {
        let runs = [
            run("a", 0, 4_000),
            run("b", 1_000, 3_000),
            run("a", 4_000, 9_000),
        ];
        insta::assert_snapshot!(Parallelism::of(&runs), @"3 work units on 2 workers, up to 2 at once, 11.0 s of work in 9.0 s");
        assert_eq!(Parallelism::of(&[]), Parallelism::default());
    }
}
