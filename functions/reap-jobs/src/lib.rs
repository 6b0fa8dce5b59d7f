//! Puts right what crashes and stopped executions left behind. A schedule starts it; nothing waits for it, since every
//! part of it only does early what the next delivery would do too, or what nobody else does: sending a message whose
//! execution is gone, with the cleanup that it may not have come to, and deleting what a job that was given up has made.

use std::sync::Arc;

use reelsmith_contract::payload::ReapOutput;
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::keys::{AssetId, Generation, GenerationKeys, JobKey};
use reelsmith_core::ports::{Announcer, Clock, EncodeService, SubmissionStore, Workflow};
use reelsmith_core::submission::{
    Fence, NoticeKind, OutboxEntry, Row, State, Step, Transition, TransitionOutcome,
};
use reelsmith_core::time::UnixMillis;
use reelsmith_lambda::Clients;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::admission::Admission;
use reelsmith_pipeline::cleanup::{delete_under, delete_working_files};
use reelsmith_pipeline::outbox;
use reelsmith_pipeline::submission::{call_off, release_ended};
use serde::Deserialize;

/// What this function works with.
pub struct Ports {
    /// The output bucket.
    pub outputs: Objects,
    /// The submission table.
    pub submissions: Arc<dyn SubmissionStore>,
    /// The topic.
    pub announcer: Arc<dyn Announcer>,
    /// The state machine.
    pub workflow: Arc<dyn Workflow>,
    /// MediaConvert, whose job is called off when nobody will collect it; none where the deployment has none.
    pub encodes: Option<Arc<dyn EncodeService>>,
    /// The line and the slots.
    pub admission: Admission,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// How long a failed job's chunks are kept for another attempt, in seconds.
    pub abandoned_after: u32,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing or wrong.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            announcer: clients.announcer()?,
            workflow: clients.workflow()?,
            encodes: clients.encodes_if_any()?,
            admission: clients.admission()?,
            clock: clients.clock(),
            abandoned_after: clients
                .settings()
                .number(Setting::ABANDONED_AFTER_SECONDS)?,
        })
    }
}

/// How old a message must be before it counts as left behind: its own execution sends it within seconds.
const SETTLED_MS: i64 = 60_000;
const LIVE: [State; 3] = [State::Reserved, State::Submitted, State::Validating];

/// Looks once over everything. Safe to repeat and to run beside itself. The input is whatever the schedule sends.
///
/// # Errors
/// Those of table, topic, storage and Step Functions; what was done before stays done.
pub async fn handle(
    ports: Arc<Ports>,
    _input: serde_json::Value,
    _invocation: Invocation,
) -> Result<ReapOutput, Failure> {
    let now = ports.clock.now();
    let mut output = ReapOutput::default();
    for state in LIVE {
        for row in rows(&ports, state, now).await? {
            output.released += u32::from(release(&ports, &row).await?);
        }
    }
    (output.sent, output.deleted) = send(&ports, UnixMillis(now.0 - SETTLED_MS)).await?;
    output.freed = ports.admission.free().await?;
    output.started = ports.admission.serve().await?;
    let settled = UnixMillis(now.0 - i64::from(ports.abandoned_after) * 1_000);
    for row in rows(&ports, State::Failed, settled).await? {
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

/// Releases a job whose execution has ended, and calls off its order. Where the execution's time was up the order goes on:
/// it takes long and is paid, and the next delivery adopts it.
async fn release(ports: &Ports, row: &Row) -> Result<bool, Failure> {
    let (table, workflow) = (ports.submissions.as_ref(), ports.workflow.as_ref());
    let released = release_ended(table, workflow, ports.clock.as_ref(), row).await?;
    let Some(encodes) = ports.encodes.as_deref().filter(|_| released) else {
        return Ok(released);
    };
    if !workflow.has_timed_out(&row.owner).await.unwrap_or(true) {
        let fence = Fence {
            generation: row.generation,
            attempt: row.attempt,
            owner: row.owner.clone(),
        };
        call_off(table, encodes, &row.job_key, &fence).await;
    }
    Ok(released)
}

async fn rows(ports: &Ports, state: State, before: UnixMillis) -> Result<Vec<Row>, Failure> {
    let rows = ports.submissions.rows_in(state, before).await;
    rows.map_err(|e| Failure::table(&e))
}

async fn send(ports: &Ports, before: UnixMillis) -> Result<(u32, u32), Failure> {
    let left = ports.submissions.unsent(before).await;
    let (mut sent, mut deleted) = (0, 0);
    for entry in left.map_err(|e| Failure::table(&e))? {
        if entry.kind == NoticeKind::Success {
            deleted += clean_up(ports, &entry).await?;
        }
        outbox::send(
            ports.submissions.as_ref(),
            ports.announcer.as_ref(),
            ports.clock.as_ref(),
            &entry,
        )
        .await?;
        sent += 1;
    }
    Ok((sent, deleted))
}

/// What publish-job says of a job, as far as its working files are found by it.
#[derive(Deserialize)]
struct Published {
    job_key: JobKey,
    asset: AssetId,
    generation: Generation,
}

/// Deletes the working files of a job whose success was not sent: its execution may have ended before its cleanup, which
/// precedes the message. Before the message is sent, so that a crash in between leaves the sign to the next call.
async fn clean_up(ports: &Ports, entry: &OutboxEntry) -> Result<u32, Failure> {
    let Ok(job) = serde_json::from_str::<Published>(&entry.body) else {
        tracing::warn!(message = %entry.message_id(), "a success that names no job: nothing is cleaned up for it");
        return Ok(0);
    };
    let keys = GenerationKeys::new(&job.asset, &job.job_key, job.generation);
    delete_working_files(&ports.outputs, &keys).await
}

/// Deletes what a failed generation made. The row says first that the next attempt begins another generation, so that
/// nobody can count on what is being deleted; attempt 0 tells a later run to finish a deletion that was cut short.
async fn abandon(ports: &Ports, row: &Row) -> Result<u32, Failure> {
    if row.attempt == 0 {
        return delete(ports, row, Generation(row.generation.0.saturating_sub(1))).await;
    }
    let transition = Transition {
        job_key: row.job_key.clone(),
        step: Step::Abandon {
            generation: row.generation,
            attempt: row.attempt,
        },
        notice: None,
    };
    let outcome = ports
        .submissions
        .apply(&transition, ports.clock.now())
        .await;
    match outcome.map_err(|e| Failure::table(&e))? {
        TransitionOutcome::Applied(_) | TransitionOutcome::AlreadyApplied(_) => {
            delete(ports, row, row.generation).await
        }
        // Somebody has taken the job up again.
        TransitionOutcome::Refused(_) => Ok(0),
    }
}

async fn delete(ports: &Ports, row: &Row, generation: Generation) -> Result<u32, Failure> {
    let keys = GenerationKeys::new(&row.asset, &row.job_key, generation);
    let mut deleted = 0;
    for prefix in [
        keys.working_prefix(),
        keys.work_prefix(),
        keys.output_prefix(),
    ] {
        deleted += delete_under(&ports.outputs, prefix).await?;
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests;
