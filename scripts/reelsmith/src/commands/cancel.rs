//! `reelsmith cancel` and `reelsmith redrive`: stopping an execution, and running it again.

use clap::Args;
use reelsmith_aws::operate::{ExecutionStatus, ExecutionView};
use reelsmith_contract::notice::JobFailed;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::submission::{Row, TransitionOutcome};
use reelsmith_pipeline::submission::Submissions;

use crate::error::{CallExt, CliError, CommandResult, ErrorCode, Exit};
use crate::job::connection::{Connection, DeploymentArgs};
use crate::job::resolve::{JobArg, ResolvedJob};
use crate::view::text::{note, say};

/// Error name of a job that was cancelled.
pub const CANCELLED: &str = "Cancelled";

#[derive(Args, Clone, Debug)]
pub struct CancelArgs {
    #[command(flatten)]
    pub job: JobArg,
    /// The reason, which is recorded with the job.
    #[arg(long, value_name = "TEXT", default_value = "cancelled by an operator")]
    pub reason: String,
}

pub async fn run_cancel(deployment: &DeploymentArgs, args: &CancelArgs) -> CommandResult {
    let connection = deployment.connect_noted().await?;
    let done = cancel(&connection, args).await?;
    done.iter().for_each(|line| say(line));
    Ok(Exit::Done)
}

/// Runs `redrive` and prints the name of the execution.
pub async fn run_redrive(deployment: &DeploymentArgs, args: &JobArg) -> CommandResult {
    let connection = deployment.connect_noted().await?;
    let (name, done) = redrive(&connection, args).await?;
    done.iter().for_each(|line| note(line));
    say(&name);
    Ok(Exit::Done)
}

/// Stops the execution, cancels its MediaConvert job, and releases the job, so that it can run again at once. Returns
/// what was done, one line each.
///
/// # Errors
/// `JobEnded` if there is nothing to stop or release, or those of the calls.
pub async fn cancel(connection: &Connection, args: &CancelArgs) -> Result<Vec<String>, CliError> {
    let job = args.job.resolve(connection).await?;
    let mut done = Vec::new();
    if let Some(execution) = &job.execution
        && execution.summary.status == ExecutionStatus::Running
    {
        let arn = &execution.summary.arn;
        connection.operations.stop(arn, &args.reason).await?;
        done.push(format!("stopped {}", execution.summary.name));
    }
    done.extend(cancel_encode(connection, &job).await?);
    done.extend(release(connection, &job, &args.reason).await?);
    if done.is_empty() {
        let name = job.execution.map_or_else(String::new, |e| e.summary.name);
        let why = "the execution has ended, and it does not hold the job";
        return Err(CliError::new(
            format!("cancel {name}"),
            why,
            "no action needed; see `reelsmith show` for the outcome",
        )
        .with_code(ErrorCode::JobEnded));
    }
    Ok(done)
}

/// Cancels the MediaConvert job. This happens before the release, while the row still contains its id, so that the command
/// can be repeated if the call fails.
async fn cancel_encode(
    connection: &Connection,
    job: &ResolvedJob,
) -> Result<Option<String>, CliError> {
    let order = held(job).filter(|row| row.encoder == EncoderKind::MediaConvert);
    let Some(id) = order.and_then(|row| row.encoder_ref.as_ref()) else {
        return Ok(None);
    };
    let cancelled = connection.encodes.cancel(id).await;
    cancelled.on_call(format!("cancel MediaConvert job {id}"))?;
    Ok(Some(format!("cancelled MediaConvert job {id}")))
}

/// Resumes an execution that ended without success, or starts it again. Returns the name of the execution to follow, and
/// what else was done. Chunks that have a record are not encoded again.
///
/// # Errors
/// `JobRunning`, `JobEnded` if it succeeded, or those of the calls.
pub async fn redrive(
    connection: &Connection,
    args: &JobArg,
) -> Result<(String, Vec<String>), CliError> {
    let job = args.resolve(connection).await?;
    let execution = job.execution()?;
    require_redrivable(execution)?;
    let name_of = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
    if held(&job).is_none() {
        // A cancelled execution has released the job. Resumed, it would fail at its end, so it is started again.
        let arn = connection.operations.start_again(execution).await?;
        return Ok((name_of(&arn), Vec::new()));
    }
    let arn = &execution.summary.arn;
    let redriven = connection.operations.redrive(arn).await?;
    let done = match redriven.resumed {
        true => Vec::new(),
        // An execution that was stopped or timed out has not released the job.
        false => release(connection, &job, "redriven by an operator").await?,
    };
    Ok((name_of(&redriven.arn), done))
}

/// The row, if the execution holds it.
fn held(job: &ResolvedJob) -> Option<&Row> {
    let row = job.row.as_ref()?;
    (row.state.is_live() && job.owns_row()).then_some(row)
}

fn require_redrivable(execution: &ExecutionView) -> Result<(), CliError> {
    let (code, why, remedy) = match execution.summary.status {
        ExecutionStatus::Running => (
            ErrorCode::JobRunning,
            "it is running",
            "wait until it ends with `reelsmith watch`, or stop it with `reelsmith cancel`",
        ),
        ExecutionStatus::Succeeded => (
            ErrorCode::JobEnded,
            "it succeeded",
            "to encode a COMPLETE job again, deploy with FORCE_REPROCESS=true and submit the manifest",
        ),
        _ => return Ok(()),
    };
    let action = format!("redrive {}", execution.summary.name);
    Err(CliError::new(action, why, remedy).with_code(code))
}

/// Releases the row if the execution holds it, together with the failure message.
async fn release(
    connection: &Connection,
    job: &ResolvedJob,
    reason: &str,
) -> Result<Vec<String>, CliError> {
    let Some(row) = held(job) else {
        return Ok(Vec::new());
    };
    let (table, clock) = (&connection.submissions, &connection.clock);
    let submissions = Submissions::new(table.clone(), clock.clone());
    let failed = JobFailed::of_holder(row, CANCELLED, reason);
    let outcome = submissions.release(&row.job_key, row.fence(), failed).await;
    Ok(
        match outcome.on_call(format!("release job {}", row.job_key))? {
            TransitionOutcome::Applied(_) => vec![format!(
                "released job {} ({})",
                row.job_key.short(),
                row.asset
            )],
            TransitionOutcome::AlreadyApplied(_) | TransitionOutcome::Refused(_) => Vec::new(),
        },
    )
}

#[cfg(test)]
mod tests;
