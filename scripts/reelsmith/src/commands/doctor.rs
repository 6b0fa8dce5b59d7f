//! `reelsmith doctor`: check for missing tools and show how to install them.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;
use reelsmith_contract::step::STEPS;
use reelsmith_media::Tools;
use serde::Serialize;

use crate::error::{CommandResult, Exit};
use crate::project::Project;
use crate::stack;
use crate::view::text::{self, say};

/// Oldest Rust that builds the workspace: `rust-version` of Cargo.toml.
const RUST: &str = env!("CARGO_PKG_RUST_VERSION");
/// Oldest Python that runs MiniStack.
const PYTHON: &str = "3.11";
/// Free disk space in bytes that a first build needs.
const DISK: u64 = 12_000_000_000;
/// Encoders that the profiles use.
const ENCODERS: [&str; 3] = ["libx264", "libx265", "aac"];

/// Arguments of `doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// Print one JSON object per line.
    #[arg(long)]
    pub json: bool,
}

/// Whether a tool is present, and whether it is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Good,
    /// Missing, but only some tasks need it.
    Optional,
    /// Missing and required.
    Missing,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the tool.
    pub what: String,
    pub standing: Standing,
    pub found: String,
    /// What to do, if it is missing.
    pub remedy: Option<String>,
}

impl Finding {
    fn good(what: &str, found: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            standing: Standing::Good,
            found: found.into(),
            remedy: None,
        }
    }

    fn bad(what: &str, standing: Standing, found: impl Into<String>, remedy: &str) -> Self {
        Self {
            what: what.to_owned(),
            standing,
            found: found.into(),
            remedy: Some(remedy.to_owned()),
        }
    }
}

/// Runs `doctor`. The exit code is 2 if a required tool is missing.
///
/// # Errors
/// `CheckoutMissing`.
pub async fn run(args: &DoctorArgs) -> CommandResult {
    let findings = examine(&Project::find()?).await;
    say(&print(&findings, args));
    Ok(exit(&findings))
}

/// All checks, in the order of the output.
async fn examine(project: &Project) -> Vec<Finding> {
    let mut findings = vec![
        versioned(
            "rust",
            "rustc",
            RUST,
            "https://rustup.rs, then `rustup update stable`",
        ),
        versioned(
            "python",
            "python3",
            PYTHON,
            "apt-get install python3 python3-venv, or brew install python",
        ),
    ];
    findings.extend(media(project.media()));
    findings.push(ministack(project.ministack()));
    findings.push(functions(project));
    findings.push(disk(&project.path("")));
    findings.push(running(project).await);
    findings.push(present("terraform", "terraform", "needed to deploy to AWS and for --environment with a folder of terraform/environments: https://developer.hashicorp.com/terraform/install"));
    findings.push(present(
        "aws",
        "aws",
        "never required, but useful: https://docs.aws.amazon.com/cli/",
    ));
    findings.push(present(
        "npm",
        "npm",
        "needed only for scripts/test: apt-get install npm, or brew install node",
    ));
    findings
}

/// The first line of the version that a program prints.
fn version_line(program: &str) -> Option<String> {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|l| !l.trim().is_empty())?;
    output.status.success().then(|| line.trim().to_owned())
}

fn versioned(what: &str, program: &str, oldest: &str, remedy: &str) -> Finding {
    let Some(line) = version_line(program) else {
        return Finding::bad(what, Standing::Missing, "not on the search path", remedy);
    };
    match version(&line) {
        Some(found) if Some(found) >= version(oldest) => Finding::good(what, line),
        _ => {
            let found = format!("{line}; expected {oldest} or newer");
            Finding::bad(what, Standing::Missing, found, remedy)
        }
    }
}

/// `rustc 1.94.1 (…)` → (1, 94, 1). A missing third part counts as 0.
fn version(line: &str) -> Option<(u32, u32, u32)> {
    let number = line
        .split_whitespace()
        .find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut parts = number.split('.').map(|p| p.parse().ok());
    let (major, minor) = (parts.next()??, parts.next()??);
    Some((major, minor, parts.next().flatten().unwrap_or(0)))
}

fn present(what: &str, program: &str, remedy: &str) -> Finding {
    match version_line(program) {
        Some(line) => Finding::good(what, line),
        None => Finding::bad(what, Standing::Optional, "not on the search path", remedy),
    }
}

fn media(folder: &Path) -> Vec<Finding> {
    let install = "run scripts/setup, which installs it into .local/media";
    let tools = match Tools::locate(folder, None, None) {
        Ok(tools) => tools,
        Err(e) => {
            return vec![Finding::bad(
                "ffmpeg",
                Standing::Missing,
                e.to_string(),
                install,
            )];
        }
    };
    let mut findings = vec![Finding::good(
        "ffmpeg",
        format!("{} ({})", tools.build(), tools.ffmpeg.display()),
    )];
    let encoders = Command::new(&tools.ffmpeg)
        .args(["-hide_banner", "-encoders"])
        .stdin(Stdio::null())
        .output();
    let listed = encoders
        .map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
        .unwrap_or_default();
    let missing: Vec<&str> = ENCODERS
        .into_iter()
        .filter(|e| !has_encoder(&listed, e))
        .collect();
    findings.push(if missing.is_empty() {
        Finding::good("encoders", ENCODERS.join(", "))
    } else {
        Finding::bad(
            "encoders",
            Standing::Missing,
            format!("this ffmpeg has no {}", missing.join(", ")),
            install,
        )
    });
    findings
}

/// ` V....D libx264    libx264 H.264 …`.
fn has_encoder(listed: &str, name: &str) -> bool {
    listed
        .lines()
        .any(|l| l.split_whitespace().nth(1) == Some(name))
}

fn ministack(program: &Path) -> Finding {
    if program.is_file() {
        return Finding::good("local AWS", program.display().to_string());
    }
    let found = format!("expected MiniStack at {}", program.display());
    Finding::bad(
        "local AWS",
        Standing::Missing,
        found,
        "run scripts/setup, which installs it into .local/venv",
    )
}

fn functions(project: &Project) -> Finding {
    let built = STEPS
        .iter()
        .filter(|s| project.binary(s.function).is_file())
        .count();
    if built == STEPS.len() {
        return Finding::good("functions", format!("{built} built"));
    }
    let found = format!("{built} of {} built", STEPS.len());
    Finding::bad(
        "functions",
        Standing::Missing,
        found,
        "cargo build --workspace",
    )
}

fn disk(root: &Path) -> Finding {
    let Ok(stat) = rustix::fs::statvfs(root) else {
        return Finding::good("disk", "not measured");
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let found = format!("{} free; {cores} cores", text::bytes(free));
    if free >= DISK {
        return Finding::good("disk", found);
    }
    let remedy =
        "a first build takes about 10 GB: free some space, or set CARGO_TARGET_DIR to another disk";
    Finding::bad("disk", Standing::Optional, found, remedy)
}

async fn running(project: &Project) -> Finding {
    match stack::running(project).await {
        Some(state) => Finding::good("local stack", format!("running at {}", state.endpoint())),
        None => Finding::bad(
            "local stack",
            Standing::Optional,
            "not running",
            "reelsmith up",
        ),
    }
}

/// 2 if a required tool is missing, else 0.
fn exit(findings: &[Finding]) -> Exit {
    match findings.iter().map(|f| f.standing).max() {
        Some(Standing::Missing) => Exit::Environment,
        _ => Exit::Done,
    }
}

/// A list, or JSON lines.
fn print(findings: &[Finding], args: &DoctorArgs) -> String {
    if args.json {
        return text::json_lines(findings);
    }
    let line = |f: &Finding| {
        let mark = match f.standing {
            Standing::Good => "✓",
            Standing::Optional => "-",
            Standing::Missing => "✗",
        };
        let remedy = f.remedy.as_ref().map(|r| format!("\n{:16}to do: {r}", ""));
        format!(
            "{mark} {:<13} {}{}",
            f.what,
            f.found,
            remedy.unwrap_or_default()
        )
    };
    let mut lines: Vec<String> = findings.iter().map(line).collect();
    lines.push(match exit(findings) {
        Exit::Done => "no required tool is missing".to_owned(),
        _ => "a required tool is missing; scripts/setup installs most of them".to_owned(),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_shown_with_its_remedy() {
        let findings = [
            Finding::good("rust", "rustc 1.91.0"),
            Finding::bad(
                "ffmpeg",
                Standing::Missing,
                "not on the search path",
                "apt-get install ffmpeg",
            ),
            Finding::bad(
                "aws",
                Standing::Optional,
                "not on the search path",
                "useful",
            ),
        ];
        insta::assert_snapshot!(print(&findings, &DoctorArgs { json: false }), @r"
        ✓ rust          rustc 1.91.0
        ✗ ffmpeg        not on the search path
                        to do: apt-get install ffmpeg
        - aws           not on the search path
                        to do: useful
        a required tool is missing; scripts/setup installs most of them
        ");
        assert_eq!(exit(&findings), Exit::Environment);
        assert_eq!(exit(&findings[..1]), Exit::Done);
        assert_eq!(
            print(&findings, &DoctorArgs { json: true }).lines().count(),
            3
        );
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("rustc 1.94.1 (abc 2026-03-05)"), Some((1, 94, 1)));
        assert!(version("rustc 1.94.0") < version(RUST));
        assert!(version("Python 3.9.18") < version(PYTHON));
        assert_eq!(version("unknown"), None);
        let program = versioned("x", "no-such-program", RUST, "install it");
        assert_eq!(program.standing, Standing::Missing);
        assert!(
            has_encoder(" V....D libx264   H.264", "libx264")
                && !has_encoder(" V....D libx264rgb x", "libx264")
        );
    }

    #[tokio::test]
    async fn this_machine_can_run_the_tests() {
        let findings = examine(&Project::find().unwrap()).await;
        let missing: Vec<_> = findings
            .iter()
            .filter(|f| f.standing == Standing::Missing && f.what != "functions")
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
