//! The command line.

mod commands;
mod document;
mod help;
mod jobs;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::commands::manifest::Titles;
use crate::commands::{
    cancel, doctor, estimate, list, logs, report, rules, sign, simulate, validate,
};
use crate::error::Exit;
use crate::job::deliver;
use crate::job::subject::About;
use crate::job::target::Where;
use crate::stack::settings::Override;

pub(crate) use commands::tools;
pub use document::document;

/// Turns an XML manifest and a mezzanine into proven HLS and DASH: on a local AWS or in the real one, with the same
/// functions and the same state machine.
#[derive(Debug, Parser)]
#[command(name = "reelsmith", version, after_help = help::MAIN)]
struct Cli {
    #[command(flatten)]
    at: Where,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the local stack where it is not running, and deploys what has changed.
    #[command(after_help = help::UP)]
    Up(Deploy),
    /// Ends the local stack and everything it started. What it held is gone; fetched outputs stay.
    #[command(after_help = help::DOWN)]
    Down,
    /// Shows a deployment: its queues and its newest executions. Exit code 1 where the local stack is not running.
    #[command(after_help = help::STATUS)]
    Status,
    /// Delivers a manifest with its mezzanine, follows the job and fetches what it publishes.
    #[command(after_help = help::RUN)]
    Run(Run),
    /// Delivers a manifest with its mezzanine; prints the name of the execution that begins.
    #[command(after_help = help::SUBMIT)]
    Submit(deliver::Request),
    /// Lists the newest executions and the jobs they were for.
    #[command(after_help = help::LIST)]
    List(list::Request),
    /// Shows everything that is known of a job: row, outputs, states, why it failed.
    #[command(after_help = help::SHOW)]
    Show(About),
    /// Follows a job to its end: states, chunks, rungs, time left. Exit code 1 where it fails.
    #[command(after_help = help::WATCH)]
    Watch(Watch),
    /// Prints what the functions said about a job.
    #[command(after_help = help::LOGS)]
    Logs(logs::Request),
    /// Stops a job and releases it.
    #[command(after_help = help::CANCEL)]
    Cancel(cancel::Cancel),
    /// Runs a job that failed or was stopped once more; prints the name of the execution that begins.
    #[command(after_help = help::REDRIVE)]
    Redrive(cancel::Redrive),
    /// Fetches what a job has published.
    #[command(after_help = help::FETCH)]
    Fetch(Fetch),
    /// Tells where the time of a job went, how its workers did, what was reused, what it cost.
    #[command(after_help = help::REPORT)]
    Report(report::Request),
    /// Tells chunks, rungs, time and cost of a manifest before anything is paid. Asks nothing of AWS.
    #[command(visible_alias = "plan", after_help = help::ESTIMATE)]
    Estimate(estimate::Request),
    /// Makes and checks manifests.
    #[command(subcommand)]
    Manifest(ManifestCommand),
    /// Holds HLS and DASH, anybody's, against the conformance rules. Exit code 1 where a rule of severity fail is broken.
    #[command(after_help = help::VALIDATE)]
    Validate(validate::Request),
    /// Serves a page on this machine that plays an output with hls.js and Shaka Player and shows what they do.
    #[command(after_help = help::PLAY)]
    Play(crate::view::play::Request),
    /// Serves a page on this machine that shows executions as the console of Step Functions does; in AWS, tells where that
    /// is.
    #[command(after_help = help::CONSOLE)]
    Console(crate::view::console::Request),
    /// Lists the conformance rules, or explains one.
    #[command(after_help = help::RULES)]
    Rules(rules::Request),
    /// Signs URLs of the CDN, or cookies for players, so that viewers may fetch what was published.
    #[command(after_help = help::SIGN)]
    Sign(sign::Request),
    /// What a fleet would do with a title: time, workers and cost, before there is a fleet.
    #[command(after_help = help::SIMULATE)]
    Simulate(simulate::Request),
    /// Prints the state machine as it is deployed locally, every placeholder filled.
    #[command(after_help = help::RENDER)]
    Render(Deploy),
    /// Tells what is missing on this machine and how to get it. Exit code 2 where something is missing.
    #[command(after_help = help::DOCTOR)]
    Doctor(doctor::Request),
    /// Prints a completion script for a shell.
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
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
    /// Folder for the outputs, which go to {asset}/{job key}/ in it; .local/out where not given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    deploy: Deploy,
}

#[derive(Args, Debug)]
struct Watch {
    /// An execution, a job key, a title, or the beginning of one; the newest execution where not given.
    job: Option<String>,
    /// JSON lines: entered, left, failed, progress, ended.
    #[arg(long, conflicts_with = "plain")]
    json: bool,
    /// Plain lines, also on a terminal.
    #[arg(long)]
    plain: bool,
}

#[derive(Args, Debug)]
struct Fetch {
    /// An execution, a job key, a title, or the beginning of one; the newest execution where not given.
    job: Option<String>,
    /// Folder for the outputs, which go to {asset}/{job key}/ in it; .local/out where not given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum ManifestCommand {
    /// Writes the manifest of a media file: probed and hashed.
    #[command(after_help = help::MANIFEST_NEW)]
    New(New),
    /// Reports every defect of a manifest with line and column. Exit code 1 where it cannot be run.
    #[command(after_help = help::MANIFEST_CHECK)]
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
    match commands::carry_out(&cli.at, cli.command).await {
        Ok(exit) => code(exit),
        Err(trouble) => {
            let _ = writeln!(std::io::stderr(), "error: {trouble}");
            code(trouble.exit)
        }
    }
}

/// The command line as clap sees it, for completions and for the documentation.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

#[cfg(test)]
mod tests;
