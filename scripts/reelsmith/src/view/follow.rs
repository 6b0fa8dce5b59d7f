//! Follows an execution: which state it is in, how many chunks are done, how fast, how long still.

mod display;
mod event;
mod progress;
mod tree;

use std::time::Duration;

use reelsmith_aws::operate::{ExecutionStatus, ExecutionView, HistoryEvent, HistoryKind, MapRun};
use reelsmith_contract::payload::SubmitJobOutput;
use serde::Deserialize;

use crate::error::{Name, Trouble};
use crate::job::target::Target;
use crate::view::timeline::Timeline;

pub use display::{Display, Style};
pub use event::Event;
use progress::Encode;
pub use progress::{Cell, Progress, Rung};
pub use tree::Picture;

/// Between two looks. A look is a handful of small calls.
const PAUSE: Duration = Duration::from_millis(400);
/// The state whose branches run the encoder.
const ENCODE: &str = "Encode";

/// Follows one execution to its end.
pub struct Follower<'a> {
    target: &'a Target,
    execution: ExecutionView,
    seen: i64,
    timeline: Timeline,
    encode: Option<Encode>,
    progress: Option<Progress>,
    maps: Vec<MapRun>,
}

/// The part of the state data that the follower needs.
#[derive(Deserialize)]
struct StateData {
    submission: SubmitJobOutput,
}

impl<'a> Follower<'a> {
    /// A follower of an execution that exists.
    #[must_use]
    pub fn new(target: &'a Target, execution: &ExecutionView) -> Self {
        Self {
            target,
            execution: execution.clone(),
            seen: 0,
            timeline: Timeline::default(),
            encode: None,
            progress: None,
            maps: Vec::new(),
        }
    }

    /// Shows what happens until the execution has ended.
    ///
    /// # Errors
    /// Where the deployment stops answering.
    pub async fn to_the_end(mut self, display: &mut Display) -> Result<ExecutionView, Trouble> {
        while !self.look(display).await? {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(self.execution)
    }

    /// Looks once; whether the execution has ended.
    ///
    /// # Errors
    /// Where the deployment does not answer.
    pub async fn look(&mut self, display: &mut Display) -> Result<bool, Trouble> {
        let operations = &self.target.operations;
        let arn = self.execution.summary.arn.clone();
        // Described before the history is read: once it has ended, that history is whole.
        let view = operations.execution(&arn).await?;
        self.execution = view.ok_or_else(|| vanished(&arn))?;
        for event in operations.history(&arn, self.seen).await? {
            self.seen = event.id;
            self.take(&event, display).await?;
        }
        self.progress(display).await?;
        let ended = self.execution.summary.status != ExecutionStatus::Running;
        display.picture(&Picture {
            execution: &self.execution.summary,
            now_ms: self.target.clock.now().0,
            timeline: &self.timeline,
            progress: self.progress.as_ref(),
            maps: &self.maps,
        });
        if ended {
            display.event(&Event::Ended {
                after_ms: self.after(self.execution.summary.stopped_ms.unwrap_or_default()),
                status: self.execution.summary.status.into(),
                error: self.execution.error.clone(),
            });
            display.finish();
        }
        Ok(ended)
    }

    fn after(&self, at_ms: i64) -> i64 {
        at_ms - self.execution.summary.started_ms
    }

    async fn take(&mut self, event: &HistoryEvent, display: &mut Display) -> Result<(), Trouble> {
        if let HistoryKind::Exited { state, output } = &event.kind {
            if state == "PlanChunks" {
                self.begin(output, event.at_ms).await?;
            }
            if state == ENCODE {
                // The last chunks may have ended since the last look.
                self.progress(display).await?;
                self.encode = None;
            }
        }
        self.timeline.add(event);
        display.event(&Event::of(event, self.after(event.at_ms)));
        Ok(())
    }

    async fn begin(&mut self, output: &str, at_ms: i64) -> Result<(), Trouble> {
        // Following must not fail a job, so state data that cannot be read only costs the progress.
        if let Ok(data) = serde_json::from_str::<StateData>(output) {
            let keys = data.submission.claim.keys();
            self.encode = Encode::begin(self.target, keys, at_ms).await?;
        }
        Ok(())
    }

    async fn progress(&mut self, display: &mut Display) -> Result<(), Trouble> {
        let Some(encode) = &self.encode else {
            return Ok(());
        };
        let arn = &self.execution.summary.arn;
        self.maps = self.target.operations.map_runs(arn).await?;
        let run = self.maps.iter().find(|r| r.label == "TranscodeChunks");
        let now_ms = match self.execution.summary.stopped_ms {
            Some(stopped) => stopped,
            None => self.target.clock.now().0,
        };
        let progress = encode.look(self.target, run, now_ms).await?;
        let moved = self.progress.as_ref().is_none_or(|p| p.differs(&progress));
        if moved {
            display.event(&Event::Progress(progress.clone()));
        }
        self.progress = Some(progress);
        Ok(())
    }
}

fn vanished(execution: &str) -> Trouble {
    Trouble::new(
        format!("follow {execution}"),
        "the execution is not there any more",
        "the local stack was restarted; run the job again",
    )
    .named(Name::JobUnknown)
}

#[cfg(test)]
mod tests;
