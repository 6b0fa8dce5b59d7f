//! Following an execution until it ends: its states, the progress of the encode, and an estimate of the time left.
//!
//! **Problem.** An execution reports states, but not how far the encode within one state is. A Distributed Map only
//! counts its items, and a job must not fail, or cost more, because it is watched.
//!
//! **Idea.** The workers of an encode write one record for each chunk, so the records below the working prefix of the
//! job are the progress. [`Follower`] only reads: the execution, new events of its history, the Map runs, and two
//! listings in S3.
//!
//! **Flow.** [`Follower::look`] runs every 400 ms:
//!
//! 1. Read the execution, then the events after the last seen one. In this order, the history of an execution that has
//!    ended is complete.
//! 2. Add each event to the [`Timeline`] and show it as an [`Event`]. When PlanChunks ends, read the plan.
//! 3. During Encode, compare the plan with the records and with the notes of failed attempts: [`Progress`].
//! 4. Show everything as an [`ExecutionTree`].
//!
//! [`Display`] decides the form: a tree that is redrawn on a terminal, one line for each event elsewhere (for logs), or
//! one JSON object for each event (for programs). Only JSON goes to standard output.
//!
//! **Invariant.** Nothing that cannot be read ends the following of a job, except the execution itself: without a plan
//! there is no progress, and the states are still shown.

mod display;
mod event;
mod progress;
mod tree;

use std::time::Duration;

use reelsmith_aws::operate::{ExecutionStatus, ExecutionView, HistoryEvent, HistoryKind, MapRun};

use crate::error::{CliError, ErrorCode};
use crate::job::connection::Connection;
use crate::job::resolve::submission_of;
use crate::view::timeline::Timeline;

pub use display::{Display, Style};
pub use event::Event;
use progress::Encode;
pub use progress::{ChunkState, Progress, RungProgress};
pub use tree::ExecutionTree;

/// Time between two looks. A look takes a few small calls.
const PAUSE: Duration = Duration::from_millis(400);
/// The state whose branches run the encoder.
const ENCODE: &str = "Encode";

/// Follows one execution to its end.
pub struct Follower<'a> {
    connection: &'a Connection,
    execution: ExecutionView,
    /// Id of the last event that was read.
    seen: i64,
    timeline: Timeline,
    encode: Option<Encode>,
    progress: Option<Progress>,
    maps: Vec<MapRun>,
}

impl<'a> Follower<'a> {
    pub fn new(connection: &'a Connection, execution: &ExecutionView) -> Self {
        Self {
            connection,
            execution: execution.clone(),
            seen: 0,
            timeline: Timeline::default(),
            encode: None,
            progress: None,
            maps: Vec::new(),
        }
    }

    /// Shows the events until the execution has ended, and returns the ended execution.
    ///
    /// # Errors
    /// `JobUnknown` if the execution disappears, or those of the calls.
    pub async fn to_the_end(mut self, display: &mut Display) -> Result<ExecutionView, CliError> {
        while !self.look(display).await? {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(self.execution)
    }

    /// Looks once; returns whether the execution has ended.
    pub async fn look(&mut self, display: &mut Display) -> Result<bool, CliError> {
        let operations = &self.connection.operations;
        let arn = self.execution.summary.arn.clone();
        // Read before the history: if it has ended by now, that history is complete.
        let view = operations.execution(&arn).await?;
        self.execution = view.ok_or_else(|| disappeared(&arn))?;
        for event in operations.history(&arn, self.seen).await? {
            self.seen = event.id;
            self.take(&event, display).await?;
        }
        self.progress(display).await?;
        let ended = self.execution.summary.status != ExecutionStatus::Running;
        display.tree(&ExecutionTree {
            execution: &self.execution.summary,
            now_ms: self.connection.clock.now().0,
            timeline: &self.timeline,
            progress: self.progress.as_ref(),
            maps: &self.maps,
        });
        if ended {
            display.event(&Event::Ended {
                after_ms: self.after(self.execution.summary.stopped_ms.unwrap_or_default()),
                status: self.execution.summary.status,
                error: self.execution.error.clone(),
            });
            display.finish();
        }
        Ok(ended)
    }

    fn after(&self, at_ms: i64) -> i64 {
        at_ms - self.execution.summary.started_ms
    }

    async fn take(&mut self, event: &HistoryEvent, display: &mut Display) -> Result<(), CliError> {
        if let HistoryKind::Exited { state, .. } = &event.kind {
            if state == "PlanChunks" {
                self.begin(event).await;
            }
            if state == ENCODE {
                // Count the chunks that ended since the last look.
                self.progress(display).await?;
                self.encode = None;
            }
        }
        self.timeline.add(event);
        display.event(&Event::of(event, self.after(event.at_ms)));
        Ok(())
    }

    /// Reads the plan. State data or a plan that cannot be read only means that there is no progress to show.
    async fn begin(&mut self, planned: &HistoryEvent) {
        if let Some(submission) = submission_of(std::slice::from_ref(planned)) {
            let keys = submission.claim.keys();
            self.encode = Encode::begin(self.connection, keys, planned.at_ms).await;
        }
    }

    async fn progress(&mut self, display: &mut Display) -> Result<(), CliError> {
        let Some(encode) = &self.encode else {
            return Ok(());
        };
        let arn = &self.execution.summary.arn;
        self.maps = self.connection.operations.map_runs(arn).await?;
        let run = self.maps.iter().find(|r| r.label == "TranscodeChunks");
        let now_ms = match self.execution.summary.stopped_ms {
            Some(stopped) => stopped,
            None => self.connection.clock.now().0,
        };
        let progress = encode.look(self.connection, run, now_ms).await?;
        let moved = self.progress.as_ref().is_none_or(|p| p.differs(&progress));
        if moved {
            display.event(&Event::Progress(progress.clone()));
        }
        self.progress = Some(progress);
        Ok(())
    }
}

fn disappeared(execution: &str) -> CliError {
    CliError::new(
        format!("follow {execution}"),
        "the execution no longer exists",
        "if the local stack was restarted, run the job again",
    )
    .with_code(ErrorCode::JobUnknown)
}

#[cfg(test)]
mod tests;
