//! The command line: its syntax, and which function runs a command.

mod document;
mod help;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    cancel, doctor, estimate, fetch, list, logs, manifest, report, rules, run, show, sign,
    simulate, status, submit, up, validate, watch,
};
use crate::error::{CommandResult, Exit};
use crate::job::connection::DeploymentArgs;
use crate::job::deliver::Delivery;
use crate::job::resolve::{JobArg, JobSelector};
use crate::view::text::note;
use crate::view::{console, play, web};

pub use document::document;

/// Transcode a mezzanine and an XML manifest to verified HLS and DASH, in a local stack or in AWS.
#[derive(Debug, Parser)]
#[command(name = "reelsmith", version, after_help = help::MAIN)]
struct Cli {
    #[command(flatten)]
    deployment: DeploymentArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the local stack if it is not running, and deploy what has changed.
    #[command(after_help = help::UP)]
    Up(up::SettingArgs),
    /// End the local stack and all of its processes. Its data is deleted; fetched outputs are kept.
    #[command(after_help = help::DOWN)]
    Down,
    /// Show the queues and the newest executions of a deployment. Exit code 1 if the local stack is not running.
    #[command(after_help = help::STATUS)]
    Status,
    /// Deliver a manifest and its mezzanine, follow the job, and fetch what it publishes.
    #[command(after_help = help::RUN)]
    Run(run::RunArgs),
    /// Deliver a manifest and its mezzanine, and print the name of the execution.
    #[command(after_help = help::SUBMIT)]
    Submit(Delivery),
    /// List the newest executions and their jobs.
    #[command(after_help = help::LIST)]
    List(list::ListArgs),
    /// Show everything that is known of a job: its state, outputs and steps, and why it failed.
    #[command(after_help = help::SHOW)]
    Show(JobSelector),
    /// Follow a job until it ends: states, chunks, rungs, and the time left. Exit code 1 if it fails.
    #[command(after_help = help::WATCH)]
    Watch(watch::WatchArgs),
    /// Print the log lines of the functions about a job.
    #[command(after_help = help::LOGS)]
    Logs(logs::LogsArgs),
    /// Stop a job and release it.
    #[command(after_help = help::CANCEL)]
    Cancel(cancel::CancelArgs),
    /// Run a failed or stopped job again, and print the name of the execution.
    #[command(after_help = help::REDRIVE)]
    Redrive(JobArg),
    /// Download what a job has published.
    #[command(after_help = help::FETCH)]
    Fetch(fetch::FetchArgs),
    /// Report how long each step of a job took, how its workers performed, what was reused, and what it cost.
    #[command(after_help = help::REPORT)]
    Report(report::ReportArgs),
    /// Estimate chunks, rungs, time and cost of a manifest before it runs. Makes no call to AWS.
    #[command(visible_alias = "plan", after_help = help::ESTIMATE)]
    Estimate(estimate::EstimateArgs),
    /// Create and check manifests.
    #[command(subcommand)]
    Manifest(ManifestCommand),
    /// Validate an HLS or DASH package against the conformance rules. Exit code 1 if a rule with the severity fail is
    /// broken.
    #[command(after_help = help::VALIDATE)]
    Validate(validate::ValidateArgs),
    /// Serve a local page that plays an output with hls.js and Shaka Player.
    #[command(after_help = help::PLAY)]
    Play(play::PlayArgs),
    /// Serve a local page that shows executions as the Step Functions console does. In AWS, print the address of that
    /// console.
    #[command(after_help = help::CONSOLE)]
    Console(web::PageArgs),
    /// List the conformance rules, or explain one.
    #[command(after_help = help::RULES)]
    Rules(rules::RulesArgs),
    /// Sign URLs of the CDN, or cookies for players, so that viewers can access published outputs.
    #[command(after_help = help::SIGN)]
    Sign(sign::SignArgs),
    /// Simulate time, work and cost of a title on fleets of different sizes.
    #[command(after_help = help::SIMULATE)]
    Simulate(simulate::SimulateArgs),
    /// Print the state machine as the local stack deploys it, with every placeholder filled.
    #[command(after_help = help::RENDER)]
    Render(up::SettingArgs),
    /// Check for missing tools and show how to install them. Exit code 2 if a required tool is missing.
    #[command(after_help = help::DOCTOR)]
    Doctor(doctor::DoctorArgs),
    /// Print a completion script for a shell.
    #[command(after_help = help::COMPLETIONS)]
    Completions { shell: clap_complete::Shell },
}

#[derive(Debug, Subcommand)]
enum ManifestCommand {
    /// Write the manifest of a media file, with its properties and checksums.
    #[command(after_help = help::MANIFEST_NEW)]
    New(manifest::NewArgs),
    /// Report every defect of a manifest with line and column. Exit code 1 if it cannot be run.
    #[command(after_help = help::MANIFEST_CHECK)]
    Check {
        /// The XML manifest.
        manifest: PathBuf,
    },
}

/// Runs the command of this process.
pub async fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => match run(&cli.deployment, cli.command).await {
            Ok(exit) => exit,
            Err(error) => {
                note(&format!("error: {error}"));
                error.exit
            }
        },
        // Help and version are errors for clap, but they go to standard output.
        Err(error) => {
            let _ = error.print();
            match error.use_stderr() {
                true => Exit::Environment,
                false => Exit::Done,
            }
        }
    };
    ExitCode::from(exit as u8)
}

async fn run(deployment: &DeploymentArgs, command: Command) -> CommandResult {
    match command {
        Command::Up(args) => up::run(deployment, args).await,
        Command::Down => up::down().await,
        Command::Status => status::run(deployment).await,
        Command::Run(args) => run::run(deployment, args).await,
        Command::Submit(args) => submit::run(deployment, &args).await,
        Command::List(args) => list::run(deployment, &args).await,
        Command::Show(args) => show::run(deployment, &args).await,
        Command::Watch(args) => watch::run(deployment, &args).await,
        Command::Logs(args) => logs::run(deployment, &args).await,
        Command::Cancel(args) => cancel::run_cancel(deployment, &args).await,
        Command::Redrive(args) => cancel::run_redrive(deployment, &args).await,
        Command::Fetch(args) => fetch::run(deployment, &args).await,
        Command::Report(args) => report::run(deployment, &args).await,
        Command::Estimate(args) => estimate::run(&args).await,
        Command::Manifest(ManifestCommand::New(args)) => manifest::new(&args).await,
        Command::Manifest(ManifestCommand::Check { manifest }) => manifest::check(&manifest),
        Command::Validate(args) => validate::run(deployment, &args).await,
        Command::Play(args) => play::run(deployment, &args).await,
        Command::Console(args) => console::run(deployment, &args).await,
        Command::Rules(args) => rules::run(&args),
        Command::Sign(args) => sign::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Render(args) => up::render(args),
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Completions { shell } => {
            let mut out = std::io::stdout();
            clap_complete::generate(shell, &mut self::command(), "reelsmith", &mut out);
            Ok(Exit::Done)
        }
    }
}

/// The command line as clap describes it, for completions and for the documentation.
pub fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests;
