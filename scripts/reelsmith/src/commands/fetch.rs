//! `reelsmith fetch`: download what a job has published.

use std::path::PathBuf;

use clap::Args;

use crate::Project;
use crate::error::{CliError, CommandResult, ErrorCode, Exit};
use crate::job::connection::DeploymentArgs;
use crate::job::fetch::fetch;
use crate::job::resolve::JobArg;
use crate::view::text::{note, say};

#[derive(Args, Debug)]
pub struct FetchArgs {
    #[command(flatten)]
    job: JobArg,
    #[command(flatten)]
    out: OutArg,
}

/// Where outputs go.
#[derive(Args, Debug)]
pub struct OutArg {
    /// Folder for the outputs, which go to {asset}/{job key}/ below it. Default: .local/out.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl OutArg {
    pub fn folder(&self, project: &Project) -> PathBuf {
        self.out.clone().unwrap_or_else(|| project.local("out"))
    }
}

/// Runs `fetch` and prints the folder.
///
/// # Errors
/// `NothingPublished`, `JobUnknown`, `JobAmbiguous`, `FileUnusable`, or those of the calls.
pub async fn run(deployment: &DeploymentArgs, args: &FetchArgs) -> CommandResult {
    let connection = deployment.connect_noted().await?;
    let job = args.job.resolve(&connection).await?;
    let outputs = job.outputs().ok_or_else(|| {
        CliError::new(
            "fetch the outputs",
            "the job has not published anything (yet)",
            "see `reelsmith show` for the state of the job",
        )
        .with_code(ErrorCode::NothingPublished)
    })?;
    let folder = args.out.folder(&Project::find()?);
    let fetched = fetch(&connection, outputs, &folder).await?;
    note(&format!(
        "fetched {} files ({} bytes)",
        fetched.files, fetched.bytes
    ));
    say(&fetched.folder.display().to_string());
    Ok(Exit::Done)
}
