//! `reelsmith watch`: follow a job until it ends.

use clap::Args;

use crate::error::{CommandResult, Exit};
use crate::job::connection::DeploymentArgs;
use crate::job::outcome::ExecutionOutcome;
use crate::job::resolve::JobArg;
use crate::view::follow::{Display, Follower, Style};
use crate::view::text::note;

#[derive(Args, Debug)]
pub struct WatchArgs {
    #[command(flatten)]
    job: JobArg,
    /// Print JSON lines: entered, left, failed, progress, ended.
    #[arg(long, conflicts_with = "plain")]
    json: bool,
    /// Print lines of text, even on a terminal.
    #[arg(long)]
    plain: bool,
}

/// Runs `watch`. The exit code is 1 if the job fails.
///
/// # Errors
/// `JobUnknown`, `JobAmbiguous`, or those of the calls.
pub async fn run(deployment: &DeploymentArgs, args: &WatchArgs) -> CommandResult {
    let connection = deployment.connect_noted().await?;
    let job = args.job.resolve(&connection).await?;
    let style = match (args.json, args.plain) {
        (true, _) => Style::Json,
        (_, true) => Style::Plain,
        _ => Style::Auto,
    };
    let follower = Follower::new(&connection, job.execution()?);
    let ended = follower.to_the_end(&mut Display::new(style)).await?;
    match ExecutionOutcome::of(&ended)? {
        ExecutionOutcome::Failed(failure) => {
            note(&format!("\nFAILED {}", failure.describe()));
            return Ok(Exit::Failed);
        }
        ExecutionOutcome::Elsewhere(other) => note(&format!("{other} is encoding the job")),
        ExecutionOutcome::Complete(published) => {
            let outputs = published.outputs;
            note(&format!("COMPLETE s3://{}/{}", outputs.bucket, outputs.hls));
        }
    }
    Ok(Exit::Done)
}
