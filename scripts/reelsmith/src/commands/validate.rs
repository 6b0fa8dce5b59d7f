//! `reelsmith validate`: validate an HLS or DASH package against the conformance rules.
//!
//! The command adds buckets of S3 to what `reelsmith-validate` reads.

use clap::Args;
use reelsmith_validate::{CheckArgs, Validation};

use crate::error::{CliError, CommandResult, Exit};
use crate::job::connection::DeploymentArgs;
use crate::job::location::S3Source;
use crate::view::text::{note, say};

#[derive(Args, Clone, Debug)]
pub struct ValidateArgs {
    /// A folder or s3://bucket/prefix/ that contains HLS, DASH or both; or one playlist or MPD, as a path, an s3:// or an
    /// http(s) address, to check only that.
    #[arg(value_name = "DIR|S3-PREFIX|DOCUMENT|URL")]
    pub target: String,
    /// The folder or prefix with plan.json and renditions/*.json of the job, for example s3://bucket/jobs/JOB/ (from the
    /// second generation on JOB-g2, JOB-g3 …). Adds the rules of the profile reelsmith, which compare the output with what
    /// the job promises.
    #[arg(long, value_name = "DIR|S3-PREFIX")]
    pub job: Option<String>,
    #[command(flatten)]
    pub check: CheckArgs,
    /// Endpoint of S3, independent of the selected deployment.
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
}

/// Runs `validate`. The exit code is 1 if a rule with the severity fail is broken, and 3 if none is but not everything
/// could be judged.
pub async fn run(deployment: &DeploymentArgs, args: &ValidateArgs) -> CommandResult {
    let validation = validate(deployment, args).await?;
    for text in &validation.notes {
        note(&format!("note: {text}"));
    }
    say(validation.print(args.check.format, &args.target).trim_end());
    Ok(match validation.exit_code() {
        0 => Exit::Done,
        1 => Exit::Failed,
        _ => Exit::Unsupported,
    })
}

/// Reads and checks the target. Defects of the package are part of the result.
pub async fn validate(
    deployment: &DeploymentArgs,
    args: &ValidateArgs,
) -> Result<Validation, CliError> {
    let source = S3Source {
        endpoint: args.endpoint.as_deref(),
        deployment,
        headers: &args.check.header,
    };
    let location = source.location(&args.target).await?;
    let job = match &args.job {
        Some(job) => Some(source.location(job).await?),
        None => None,
    };
    let options = args.check.options();
    Ok(reelsmith_validate::validate(&location, job.as_ref(), &options).await?)
}
