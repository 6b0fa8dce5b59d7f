//! How parallel an encode was, from the records of its workers.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use reelsmith_aws::provision::CloudError;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::record::WorkerRun;
use reelsmith_core::submission::Outputs;
use serde::{Deserialize, Serialize};

use crate::error::Trouble;

/// What the workers of a job did, all attempts that left a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Workers {
    /// Pieces of work: chunks by rung group, and tracks.
    pub pieces: usize,
    /// Execution environments that did them.
    pub workers: usize,
    /// Most pieces under way at one time.
    pub at_once: usize,
    /// Milliseconds of all pieces together.
    pub work_ms: i64,
    /// Milliseconds from the start of the first to the end of the last.
    pub span_ms: i64,
}

/// A piece of work as its record tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What people call it: `chunk 12, group 0`, or a track's folder.
    pub name: String,
    /// Key of its record.
    pub record: String,
    /// How it ran.
    pub run: WorkerRun,
}

/// The part of a chunk's or a track's record that matters here.
#[derive(Deserialize)]
struct Record {
    run: WorkerRun,
    chunk: Option<u32>,
    group: Option<u32>,
    output: Option<Track>,
}

#[derive(Deserialize)]
struct Track {
    rendition: String,
}

impl Record {
    fn done(self, record: String) -> Done {
        let name = match (self.chunk, self.group, self.output) {
            (Some(chunk), Some(group), _) => format!("chunk {chunk}, group {group}"),
            (_, _, Some(track)) => track.rendition,
            _ => record.clone(),
        };
        Done {
            name,
            record,
            run: self.run,
        }
    }
}

/// How many records are read at the same time.
const PARALLEL: usize = 16;

/// Every piece that left a record below the working prefix of a job.
///
/// # Errors
/// Where the records cannot be listed or read.
pub async fn done(
    store: &Arc<dyn ObjectStore>,
    bucket: &str,
    work_prefix: &str,
) -> Result<Vec<Done>, Trouble> {
    let objects = &Objects::new(Arc::clone(store), bucket);
    let action = format!("read {work_prefix}");
    let mut keys = Vec::new();
    for part in ["chunks", "tracks"] {
        let listed = store.list(bucket, &format!("{work_prefix}{part}/")).await;
        let listed = listed.map_err(|e| CloudError::port(action.as_str(), e))?;
        keys.extend(listed.into_iter().map(|o| o.key));
    }
    let read = stream::iter(keys).map(async |key| {
        let record = objects.read::<Record>(&key).await?;
        Ok::<_, Failure>(record.done(key))
    });
    let read: Result<Vec<Done>, Failure> = read.buffered(PARALLEL).try_collect().await;
    Ok(read.map_err(|e| CloudError::new(action, e.to_string()))?)
}

impl Workers {
    /// Reads the records of what is published.
    ///
    /// # Errors
    /// Where they cannot be listed or read.
    pub async fn of_job(store: &Arc<dyn ObjectStore>, outputs: &Outputs) -> Result<Self, Trouble> {
        let work = outputs.report.trim_end_matches(|c| c != '/');
        let done = done(store, &outputs.bucket, work).await?;
        let runs: Vec<WorkerRun> = done.into_iter().map(|d| d.run).collect();
        Ok(Self::of(&runs))
    }

    /// Counts runs.
    #[must_use]
    pub fn of(runs: &[WorkerRun]) -> Self {
        let starts = runs.iter().map(|r| r.started);
        let ends = runs.iter().map(|r| r.ended.0).max().unwrap_or(0);
        let under_way = |at| {
            runs.iter()
                .filter(|r| r.started <= at && at < r.ended)
                .count()
        };
        Self {
            pieces: runs.len(),
            workers: runs
                .iter()
                .map(|r| &r.worker)
                .collect::<BTreeSet<_>>()
                .len(),
            at_once: starts.clone().map(under_way).max().unwrap_or(0),
            work_ms: runs.iter().map(|r| r.ended.0 - r.started.0).sum(),
            span_ms: ends - starts.map(|s| s.0).min().unwrap_or(ends),
        }
    }
}

impl fmt::Display for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} pieces on {} workers, up to {} at once, {:.1} s of work in {:.1} s",
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
    fn pieces_that_overlap_are_counted_and_those_that_touch_are_not() {
        let runs = [
            run("a", 0, 4_000),
            run("b", 1_000, 3_000),
            run("a", 4_000, 9_000),
        ];
        let workers = Workers::of(&runs);
        insta::assert_snapshot!(workers, @"3 pieces on 2 workers, up to 2 at once, 11.0 s of work in 9.0 s");
        assert_eq!(Workers::of(&[]), Workers::default());
    }
}
