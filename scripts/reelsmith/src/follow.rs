//! Follows an execution: which state it is in, how many chunks are done, how fast.

mod display;
mod progress;

use std::time::Duration;

use reelsmith_aws::operate::{Cloud, ExecutionStatus, ExecutionView, HistoryEvent, HistoryKind};
use reelsmith_contract::payload::SubmitJobOutput;
use serde::Deserialize;

use crate::trouble::Trouble;

pub use display::Display;
use progress::Encode;

/// Between two looks. A look is three or four small calls.
const PAUSE: Duration = Duration::from_millis(400);

/// Follows one execution to its end.
pub struct Follower<'a> {
    cloud: &'a Cloud,
    output_bucket: &'a str,
    execution: String,
    seen: i64,
    started_ms: i64,
    encode: Option<Encode>,
}

/// The part of the state data that the follower needs.
#[derive(Deserialize)]
struct StateData {
    submission: SubmitJobOutput,
}

impl<'a> Follower<'a> {
    /// A follower of an execution that exists.
    #[must_use]
    pub fn new(cloud: &'a Cloud, output_bucket: &'a str, execution: &ExecutionView) -> Self {
        Self {
            cloud,
            output_bucket,
            execution: execution.summary.arn.clone(),
            seen: 0,
            started_ms: execution.summary.started_ms,
            encode: None,
        }
    }

    /// Shows what happens until the execution has ended.
    ///
    /// # Errors
    /// Where the local stack stops answering.
    pub async fn to_the_end(mut self, display: &mut Display) -> Result<ExecutionView, Trouble> {
        loop {
            // Described before the history is read: once it has ended, that history is whole.
            let view = self.cloud.execution(&self.execution).await?;
            let view = view.ok_or_else(|| vanished(&self.execution))?;
            self.look(display).await?;
            if view.summary.status != ExecutionStatus::Running {
                display.finish();
                return Ok(view);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn look(&mut self, display: &mut Display) -> Result<(), Trouble> {
        for event in self.cloud.history(&self.execution, self.seen).await? {
            self.seen = event.id;
            self.show(&event, display).await?;
        }
        self.show_progress(display).await
    }

    async fn show_progress(&mut self, display: &mut Display) -> Result<(), Trouble> {
        let Some(encode) = &mut self.encode else {
            return Ok(());
        };
        let progress = encode
            .look(self.cloud, self.output_bucket, &self.execution)
            .await?;
        if let Some(progress) = progress {
            display.progress(&progress);
        }
        Ok(())
    }

    async fn show(&mut self, event: &HistoryEvent, display: &mut Display) -> Result<(), Trouble> {
        let after = event.at_ms - self.started_ms;
        match &event.kind {
            HistoryKind::Entered { state } => display.entered(after, state),
            HistoryKind::TaskFailed { error, cause } => display.failed(after, error, cause),
            HistoryKind::Exited { state, output } if state == "PlanChunks" => {
                self.encode = self.begin(output, event.at_ms).await?;
            }
            HistoryKind::Exited { state, .. } => {
                if state == "Encode" {
                    // The last chunks may have ended since the last look.
                    self.show_progress(display).await?;
                    self.encode = None;
                    display.finish();
                }
            }
        }
        Ok(())
    }

    async fn begin(&self, output: &str, at_ms: i64) -> Result<Option<Encode>, Trouble> {
        // Following must not fail a job, so state data that cannot be read only costs the progress bar.
        let Ok(data) = serde_json::from_str::<StateData>(output) else {
            return Ok(None);
        };
        let keys = data.submission.claim.keys();
        Encode::begin(self.cloud, self.output_bucket, keys, at_ms).await
    }
}

fn vanished(execution: &str) -> Trouble {
    Trouble::new(
        format!("follow {execution}"),
        "the execution is not there any more",
        "the local stack was restarted; run the job again",
    )
}
