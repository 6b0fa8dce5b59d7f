//! The command line.

mod commands;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::manifest::Titles;
use crate::settings::Override;
use crate::trouble::Exit;
use crate::{rules, validate};

/// Runs reelsmith on this machine: the functions and the state machine that go to AWS, on a local AWS.
#[derive(Debug, Parser)]
#[command(
    name = "reelsmith",
    version,
    after_help = "Exit codes: 0 done (for `run`: the job is COMPLETE); 1 the job failed, the manifest has defects or the \
output breaks a rule; \
2 the command or its environment is at fault.\n\nEverything that is not committed is kept in .local/ of the checkout."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the local stack where it is not running, and deploys what has changed.
    Up(Deploy),
    /// Ends the local stack and everything it started. What it held is gone; fetched outputs stay.
    Down,
    /// Shows the local stack, its queues and its newest executions. Exit code 1 where it is not running.
    Status,
    /// Delivers a manifest with its mezzanine, follows the job and fetches what it publishes.
    Run(Run),
    /// Makes and checks manifests.
    #[command(subcommand)]
    Manifest(ManifestCommand),
    /// Holds HLS and DASH, anybody's, against the conformance rules. Exit code 1 where a rule of severity fail is broken.
    Validate(validate::Request),
    /// Lists the conformance rules, or explains one.
    Rules(rules::Request),
    /// Prints the state machine as it is deployed locally, every placeholder filled.
    Render(Deploy),
}

#[derive(Args, Debug)]
struct Deploy {
    /// Sets a setting of the functions otherwise, for example ENABLE_H265=false. May be given again.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<Override>,
}

#[derive(Args, Debug)]
struct Run {
    /// The XML manifest. Without one, a sample mezzanine of 8 s and its manifest are made and used.
    manifest: Option<PathBuf>,
    /// The mezzanine. Without it, the manifest's FilePath is looked for below the manifest's folder and the one above;
    /// where there is none, the job waits for it to arrive in the bucket.
    #[arg(long, value_name = "FILE", requires = "manifest")]
    mezzanine: Option<PathBuf>,
    /// Folder for the outputs, which go to {asset}/{job key}/ in it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    deploy: Deploy,
}

#[derive(Debug, Subcommand)]
enum ManifestCommand {
    /// Writes the manifest of a media file: probed and hashed.
    New(New),
    /// Reports every defect of a manifest with line and column. Exit code 1 where it cannot be run.
    Check {
        /// The XML manifest.
        manifest: PathBuf,
    },
}

#[derive(Args, Debug)]
struct New {
    /// The media file.
    file: PathBuf,
    /// Where the manifest goes; beside the file, ending in .xml, where not given; `-` prints it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes over a file that is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    titles: Titles,
}

/// Runs the command of this process.
pub async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are not errors, but come this way.
            let _ = error.print();
            return code(if error.use_stderr() {
                Exit::Environment
            } else {
                Exit::Done
            });
        }
    };
    match commands::carry_out(cli.command).await {
        Ok(exit) => code(exit),
        Err(trouble) => {
            let _ = writeln!(std::io::stderr(), "error: {trouble}");
            code(trouble.exit)
        }
    }
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

#[cfg(test)]
mod tests;
