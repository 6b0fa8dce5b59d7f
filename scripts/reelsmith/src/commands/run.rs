//! `reelsmith run`: a job from the manifest to the outputs on disk.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::Project;
use crate::commands::fetch::OutArg;
use crate::commands::up::{SettingArgs, bring_up};
use crate::error::{CliError, CommandResult, Exit};
use crate::job::connection::{Connection, DeploymentArgs};
use crate::job::deliver::{Delivery, started};
use crate::job::fetch::{FetchedOutputs, fetch};
use crate::job::outcome::{ExecutionFailure, ExecutionOutcome, PublishedJob};
use crate::job::parallelism::Parallelism;
use crate::stack::{sample, settings};
use crate::view::follow::{Display, Follower};
use crate::view::text::{note, say};

#[derive(Args, Debug)]
pub struct RunArgs {
    /// The XML manifest. Default: the manifest of a generated sample of 8 s.
    manifest: Option<PathBuf>,
    /// The mezzanine. Default: the manifest's FilePath, below the folder of the manifest or the folder above it. If
    /// there is no such file, the job waits until the mezzanine arrives in the bucket.
    #[arg(long, value_name = "FILE", requires = "manifest")]
    mezzanine: Option<PathBuf>,
    #[command(flatten)]
    out: OutArg,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Runs `run`. The exit code is 1 if the job fails.
pub async fn run(deployment: &DeploymentArgs, args: RunArgs) -> CommandResult {
    let project = Project::find()?;
    let mut display = Display::default();
    let manifest = match args.manifest {
        Some(manifest) if manifest.is_file() => manifest,
        Some(manifest) => {
            return Err(CliError::file(
                "read the manifest",
                &manifest,
                "no such file",
            ));
        }
        None => {
            sample::usual(&project, &settings::tools(&project)?)
                .await?
                .manifest
        }
    };
    let connection = if deployment.may_be_local() {
        let (state, cloud, names) =
            bring_up(&project, deployment, args.settings, &mut display).await?;
        Connection::in_stack_of(&project, &cloud, &state, &deployment.stack_name(), names)
    } else {
        deployment.connect_noted().await?
    };
    let delivery = Delivery {
        manifest,
        mezzanine: args.mezzanine,
    };
    let began = Instant::now();
    let (execution, outcome) = follow_job(&connection, &delivery, &mut display).await?;
    let took = began.elapsed();
    match outcome {
        Err(failure) => {
            let text = failure.describe();
            note(&format!("\nFAILED {text}\n\nexecution {execution}"));
            Ok(Exit::Failed)
        }
        Ok(published) => {
            let folder = args.out.folder(&project);
            let fetched = fetch(&connection, &published.outputs, &folder).await?;
            let parallelism = Parallelism::of_job(&connection, &published.outputs).await?;
            summarise(&published, &fetched, &parallelism, &execution, took)?;
            Ok(Exit::Done)
        }
    }
}

/// Delivers the files and follows the job to its end; returns the name of the last execution and what became of the
/// job. If another execution is encoding the job, that one is followed.
async fn follow_job(
    connection: &Connection,
    delivery: &Delivery,
    display: &mut Display,
) -> Result<(String, Result<PublishedJob, ExecutionFailure>), CliError> {
    let mut view = delivery.submit(connection, display).await?;
    display.line(&format!("execution {}", view.summary.name));
    loop {
        let ended = Follower::new(connection, &view).to_the_end(display).await?;
        let name = ended.summary.name.clone();
        match ExecutionOutcome::of(&ended)? {
            ExecutionOutcome::Failed(failure) => return Ok((name, Err(failure))),
            ExecutionOutcome::Complete(published) => return Ok((name, Ok(published))),
            ExecutionOutcome::Elsewhere(other) => {
                display.line(&format!(
                    "another execution is encoding this job: following {other}"
                ));
                view = started(connection, &other).await?;
            }
        }
    }
}

fn summarise(
    published: &PublishedJob,
    fetched: &FetchedOutputs,
    parallelism: &Parallelism,
    execution: &str,
    took: Duration,
) -> Result<(), CliError> {
    let outputs = &published.outputs;
    let origin = match published.encoded {
        true => "encoded by this execution",
        false => "encoded before, not encoded again",
    };
    let local = |key: &str| fetched.local(outputs, key).display().to_string();
    say(&format!("\nCOMPLETE {} ({origin})", published.asset));
    say(&format!("job         {}", published.job_key));
    say(&format!("execution   {execution}"));
    say(&format!("seconds     {:.1}", took.as_secs_f64()));
    say(&format!("workers     {parallelism}"));
    say(&format!("report      {}", fetched.report().display()));
    say(&format!("HLS         {}", local(&outputs.hls)));
    if let Some(dash) = &outputs.dash {
        say(&format!("DASH        {}", local(dash)));
    }
    let (files, bytes) = (fetched.files, fetched.bytes);
    say(&format!("files       {files} ({bytes} bytes)"));
    say(&format!("\n{}", fetched.summary()?.trim_end()));
    Ok(())
}
