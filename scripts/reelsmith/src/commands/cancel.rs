//! `reelsmith cancel` and `reelsmith redrive`: ending an execution, and running its manifest again.

use clap::Args;
use reelsmith_aws::operate::{ExecutionStatus, ExecutionView, Redriven};
use reelsmith_aws::provision::CloudError;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::submission::{
    Fence, NoticeKind, OutboxEntry, Row, Step, Transition, TransitionOutcome,
};

use crate::error::{Name, Trouble};
use crate::job::subject::{Subject, without_redrive};
use crate::job::target::Target;

/// Error name of a job that was cancelled.
pub const CANCELLED: &str = "Cancelled";
/// How often a redrive looks for a free name.
const REDRIVES: u32 = 999;

/// Which job is to be ended.
#[derive(Args, Clone, Debug)]
pub struct Cancel {
    /// An execution, a job key, a title, or the beginning of one; the newest execution where not given.
    pub job: Option<String>,
    /// Why, for whoever looks at the job later.
    #[arg(long, value_name = "TEXT", default_value = "cancelled by an operator")]
    pub reason: String,
}

/// Which job is to be run again.
#[derive(Args, Clone, Debug)]
pub struct Redrive {
    /// An execution, a job key, a title, or the beginning of one; the newest execution where not given.
    pub job: Option<String>,
}

/// Stops the execution, calls off what it has ordered, and releases the job, so that it can be run again at once; what was done, in lines.
///
/// # Errors
/// `JobEnded` where there is nothing to stop or release, or those of the calls.
pub async fn cancel(target: &Target, request: &Cancel) -> Result<Vec<String>, Trouble> {
    let subject = Subject::find(target, request.job.as_deref()).await?;
    let mut done = Vec::new();
    if let Some(execution) = &subject.execution
        && execution.summary.status == ExecutionStatus::Running
    {
        let arn = &execution.summary.arn;
        target.operations.stop(arn, &request.reason).await?;
        done.push(format!("stopped {}", execution.summary.name));
    }
    done.extend(call_off(target, &subject).await?);
    done.extend(release(target, &subject, &request.reason).await?);
    if done.is_empty() {
        let name = subject
            .execution
            .map_or_else(String::new, |e| e.summary.name);
        let why = "it has ended, and its job is not held by it";
        return Err(Trouble::new(
            format!("cancel {name}"),
            why,
            "nothing is left to do: `reelsmith show` tells how it ended",
        )
        .named(Name::JobEnded));
    }
    Ok(done)
}

/// Calls off what MediaConvert makes for the job, while the row still names it: where this fails, a second call goes on
/// from here.
async fn call_off(target: &Target, subject: &Subject) -> Result<Option<String>, Trouble> {
    let order = held(subject).filter(|row| row.encoder == EncoderKind::MediaConvert);
    let Some(id) = order.and_then(|row| row.encoder_ref.as_ref()) else {
        return Ok(None);
    };
    let called_off = target.encodes.cancel(id).await;
    called_off.map_err(|e| CloudError::port(format!("call off MediaConvert job {id}"), e))?;
    Ok(Some(format!("called off MediaConvert job {id}")))
}

/// Takes up an execution that has ended without success; the name of the execution to follow, and what was done besides.
/// Chunks that have a record are not encoded again, so it goes on where the other ended.
///
/// # Errors
/// `JobRunning`, `JobEnded` where it succeeded, or those of the calls.
pub async fn redrive(target: &Target, request: &Redrive) -> Result<(String, Vec<String>), Trouble> {
    let subject = Subject::find(target, request.job.as_deref()).await?;
    let execution = subject.execution()?;
    may_be_redriven(execution)?;
    if held(&subject).is_none() {
        // One that was cancelled lost its hold, and resumed it would find that out at its end: it is begun anew.
        return Ok((start_again(target, execution).await?, Vec::new()));
    }
    let redriven = target.operations.redrive(&execution.summary.arn).await?;
    let name = redriven
        .arn()
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .to_owned();
    let done = match redriven {
        Redriven::Resumed { .. } => Vec::new(),
        // Stopped or timed out, it had no chance to release the job for its successor.
        Redriven::Started { .. } => release(target, &subject, "redriven by an operator").await?,
    };
    Ok((name, done))
}

async fn start_again(target: &Target, execution: &ExecutionView) -> Result<String, Trouble> {
    let machine = &target.names.state_machine_arn;
    let base = without_redrive(&execution.summary.name);
    for n in 1..=REDRIVES {
        let name = format!("{base}-r{n}");
        let input = &execution.input;
        if target
            .operations
            .start(machine, &name, input)
            .await?
            .is_some()
        {
            return Ok(name);
        }
    }
    Err(Trouble::new(
        format!("redrive {base}"),
        format!("it was redriven {REDRIVES} times"),
        "drop its manifest again",
    ))
}

/// The row, where the execution holds it.
fn held(subject: &Subject) -> Option<&Row> {
    let row = subject.row.as_ref()?;
    (row.state.is_live() && subject.owns_row()).then_some(row)
}

fn may_be_redriven(execution: &ExecutionView) -> Result<(), Trouble> {
    let (name, why, remedy) = match execution.summary.status {
        ExecutionStatus::Running => (
            Name::JobRunning,
            "it is running",
            "wait for its end with `reelsmith watch`, or end it with `reelsmith cancel`",
        ),
        ExecutionStatus::Succeeded => (
            Name::JobEnded,
            "it succeeded",
            "to encode again what is complete, deploy with FORCE_REPROCESS=true and submit the manifest",
        ),
        _ => return Ok(()),
    };
    let action = format!("redrive {}", execution.summary.name);
    Err(Trouble::new(action, why, remedy).named(name))
}

/// Releases the row where the execution holds it; the failure message goes with it, as fail-job would have written it.
async fn release(target: &Target, subject: &Subject, reason: &str) -> Result<Vec<String>, Trouble> {
    let (Some(row), Some(execution)) = (held(subject), &subject.execution) else {
        return Ok(Vec::new());
    };
    let transition = Transition {
        job_key: row.job_key.clone(),
        step: Step::Fail {
            fence: Fence {
                generation: row.generation,
                attempt: row.attempt,
                owner: row.owner.clone(),
            },
            error: CANCELLED.to_owned(),
            cause: reason.to_owned(),
        },
        notice: Some(notice(target, row, execution, reason)),
    };
    let outcome = target
        .submissions
        .apply(&transition, target.clock.now())
        .await;
    let outcome =
        outcome.map_err(|e| CloudError::port(format!("release job {}", row.job_key), e))?;
    Ok(match outcome {
        TransitionOutcome::Applied(_) => vec![format!(
            "released job {} ({})",
            row.job_key.short(),
            row.asset
        )],
        TransitionOutcome::AlreadyApplied(_) | TransitionOutcome::Refused(_) => Vec::new(),
    })
}

fn notice(target: &Target, row: &Row, execution: &ExecutionView, reason: &str) -> OutboxEntry {
    let body = serde_json::json!({
        "kind": NoticeKind::Failure, "error": CANCELLED, "cause": reason,
        "execution": execution.summary.arn, "job_key": row.job_key, "asset": row.asset,
    });
    OutboxEntry {
        outbox: format!("execution#{}", execution.summary.name),
        id: "failure".to_owned(),
        kind: NoticeKind::Failure,
        subject: format!("reelsmith failed: {CANCELLED}"),
        body: body.to_string(),
        created: target.clock.now(),
    }
}

#[cfg(test)]
mod tests;
