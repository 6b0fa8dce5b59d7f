//! Cleans up after crashes and stopped executions. A schedule starts it, and no state waits for it.
//!
//! Releases live jobs whose execution has ended, sends messages that remained in an outbox, deletes the working files of their
//! jobs, frees slots and starts waiting manifests, and deletes the files of failed jobs after `ABANDONED_AFTER_SECONDS`. Reads
//! and writes the submission table and the output bucket. Returns the number of each. Errors: those of table, topic, storage
//! and Step Functions; what was done before an error remains done. Safe to repeat, and to run twice at the same time.

use std::sync::Arc;

use reelsmith_contract::notice::{Event, Notice};
use reelsmith_contract::payload::ReapOutput;
use reelsmith_contract::{Failure, Objects, PortResultExt as _};
use reelsmith_core::keys::{Generation, GenerationKeys};
use reelsmith_core::ports::{Announcer, EncodeService, Workflow};
use reelsmith_core::submission::{NoticeKind, OutboxEntry, Row, State, Step, TransitionOutcome};
use reelsmith_core::time::UnixMillis;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::admission::Admission;
use reelsmith_pipeline::cleanup::{delete_prefix, delete_working_files};
use reelsmith_pipeline::submission::Submissions;

pub struct Ports {
    pub outputs: Objects,
    pub submissions: Submissions,
    pub announcer: Arc<dyn Announcer>,
    pub workflow: Arc<dyn Workflow>,
    /// `None` if the deployment has no MediaConvert.
    pub encodes: Option<Arc<dyn EncodeService>>,
    pub admission: Admission,
    /// How long the chunks of a failed job are kept for another attempt, in seconds.
    pub abandoned_after: u32,
}

/// Minimum age of a message that counts as left behind: its own execution sends it within seconds.
const SETTLED_MS: i64 = 60_000;
const LIVE: [State; 3] = [State::Reserved, State::Submitted, State::Validating];

/// Checks everything once. The schedule's input is ignored.
pub async fn handle(
    ports: Arc<Ports>,
    _input: serde_json::Value,
    _invocation: Invocation,
) -> Result<ReapOutput, Failure> {
    let now = ports.submissions.now();
    let mut output = ReapOutput::default();
    for state in LIVE {
        for row in rows(&ports, state, now).await? {
            output.released += u32::from(release(&ports, &row).await?);
        }
    }
    (output.sent, output.deleted) = send(&ports, UnixMillis(now.0 - SETTLED_MS)).await?;
    output.freed = ports.admission.free_ended().await?;
    output.started = ports.admission.start_waiting().await?;
    let abandoned = UnixMillis(now.0 - i64::from(ports.abandoned_after) * 1_000);
    for row in rows(&ports, State::Failed, abandoned).await? {
        output.deleted += abandon(&ports, &row).await?;
    }
    tracing::info!(
        released = output.released,
        sent = output.sent,
        freed = output.freed,
        started = output.started,
        deleted = output.deleted,
        "reaped"
    );
    Ok(output)
}

async fn rows(ports: &Ports, state: State, before: UnixMillis) -> Result<Vec<Row>, Failure> {
    let rows = ports.submissions.table().rows_in(state, before).await;
    rows.on_table()
}

/// Releases a job whose execution has ended, and cancels its order. After a timeout the order continues: it takes long and is
/// paid for, and the next delivery adopts it.
async fn release(ports: &Ports, row: &Row) -> Result<bool, Failure> {
    let (submissions, workflow) = (&ports.submissions, ports.workflow.as_ref());
    let released = submissions.release_ended(workflow, row).await?;
    let Some(encodes) = ports.encodes.as_deref().filter(|_| released) else {
        return Ok(released);
    };
    if !workflow.has_timed_out(&row.owner).await.unwrap_or(true) {
        let fence = row.fence();
        submissions
            .cancel_order(encodes, &row.job_key, &fence)
            .await;
    }
    Ok(released)
}

async fn send(ports: &Ports, before: UnixMillis) -> Result<(u32, u32), Failure> {
    let unsent = ports.submissions.table().unsent(before).await;
    let (mut sent, mut deleted) = (0, 0);
    for entry in unsent.on_table()? {
        if entry.kind == NoticeKind::Success {
            deleted += clean_up(ports, &entry).await?;
        }
        let announcer = ports.announcer.as_ref();
        ports.submissions.send(announcer, &entry).await?;
        sent += 1;
    }
    Ok((sent, deleted))
}

/// Deletes the working files of a job whose success message was not sent: its execution may have ended before its cleanup,
/// which comes before the message. The message is sent afterwards, so that after a crash the next call does this again.
async fn clean_up(ports: &Ports, entry: &OutboxEntry) -> Result<u32, Failure> {
    let notice = serde_json::from_str::<Notice>(&entry.body);
    let Ok(Event::Success(job)) = notice.map(|n| n.event) else {
        tracing::warn!(message = %entry.message_id(), "a success message without a job: its working files are not deleted");
        return Ok(0);
    };
    let keys = GenerationKeys::new(&job.asset, &job.job_key, job.generation);
    delete_working_files(&ports.outputs, &keys).await
}

/// Deletes the files of a failed generation. The row first moves to the next generation, so that no attempt can use a file
/// that is being deleted. Attempt 0 means that an earlier call moved it, and that its deletion may be incomplete.
async fn abandon(ports: &Ports, row: &Row) -> Result<u32, Failure> {
    if row.attempt == 0 {
        return delete(ports, row, Generation(row.generation.0.saturating_sub(1))).await;
    }
    let step = Step::Abandon {
        generation: row.generation,
        attempt: row.attempt,
    };
    match ports.submissions.apply(&row.job_key, step, None).await? {
        TransitionOutcome::Applied(_) | TransitionOutcome::AlreadyApplied(_) => {
            delete(ports, row, row.generation).await
        }
        // Another execution has reserved the job since.
        TransitionOutcome::Refused(_) => Ok(0),
    }
}

async fn delete(ports: &Ports, row: &Row, generation: Generation) -> Result<u32, Failure> {
    let keys = GenerationKeys::new(&row.asset, &row.job_key, generation);
    let prefixes = [
        keys.working_prefix(),
        keys.work_prefix(),
        keys.output_prefix(),
    ];
    let mut deleted = 0;
    for prefix in prefixes {
        deleted += delete_prefix(&ports.outputs, prefix).await?;
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests;
