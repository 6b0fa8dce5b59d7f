//! `reelsmith-validate`: see `reelsmith-validate --help`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use reelsmith_validate::{CheckArgs, Error, Location, explain, validate};

/// Validate an HLS or DASH package against the conformance rules. Exit code 0: no violation of severity fail. 1: at least
/// one. 2: the package cannot be read. 3: no violation, but nothing or only a part could be judged.
#[derive(Parser, Debug)]
#[command(version)]
struct Cli {
    /// A folder that contains HLS, DASH or both; or one playlist or MPD, as a path or an address (http or https).
    #[arg(value_name = "DIR|DOCUMENT|URL", required_unless_present = "explain")]
    target: Option<String>,
    /// The folder with plan.json and renditions/*.json of the job that made the package.
    #[arg(long, value_name = "DIR")]
    job: Option<String>,
    /// Explain a rule, for example HLS-P02, or `all`, instead of validating.
    #[arg(long, value_name = "RULE")]
    explain: Option<String>,
    #[command(flatten)]
    check: CheckArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok((text, code)) => {
            // A reader that closed the pipe has what it wanted.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::from(code)
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

async fn run(cli: &Cli) -> Result<(String, u8), Error> {
    let Some(target) = cli.target.as_ref().filter(|_| cli.explain.is_none()) else {
        let rule = cli.explain.as_deref().filter(|r| *r != "all");
        return Ok((explain::text(rule)? + "\n", 0));
    };
    let location = Location::of(target, &cli.check.header).await?;
    let job = match &cli.job {
        Some(job) => Some(Location::of(job, &[]).await?),
        None => None,
    };
    let validation = validate(&location, job.as_ref(), &cli.check.options()).await?;
    for note in &validation.notes {
        let _ = writeln!(std::io::stderr(), "note: {note}");
    }
    let text = validation.print(cli.check.format, target);
    Ok((text, validation.exit_code()))
}
