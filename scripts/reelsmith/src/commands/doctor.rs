//! `reelsmith doctor`: what is missing on this machine, and how to get it.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;
use reelsmith_contract::step::STEPS;
use reelsmith_media::Tools;
use serde::Serialize;

use crate::error::Exit;
use crate::project::Project;
use crate::stack;
use crate::view::text;

/// Oldest Rust that builds this.
const RUST: (u32, u32) = (1, 91);
/// Oldest Python that MiniStack runs on.
const PYTHON: (u32, u32) = (3, 11);
/// Free disk below which a first build does not fit, in bytes.
const ROOM: u64 = 12_000_000_000;
/// Encoders that the profiles name.
const ENCODERS: [&str; 3] = ["libx264", "libx265", "aac"];

/// How it is told.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// One JSON object per line.
    #[arg(long)]
    pub json: bool,
}

/// How a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is as it should be.
    Good,
    /// Only some tasks need it.
    Optional,
    /// Nothing works without it.
    Missing,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub what: String,
    /// How it weighs.
    pub standing: Standing,
    /// What was found.
    pub found: String,
    /// What to do, where something is.
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

/// Looks at everything. Changes nothing.
pub async fn examine(project: &Project) -> Vec<Finding> {
    let mut findings = vec![
        versioned(
            "rust",
            "rustc",
            RUST,
            Standing::Missing,
            "https://rustup.rs, then `rustup update stable`",
        ),
        versioned(
            "python",
            "python3",
            PYTHON,
            Standing::Missing,
            "apt-get install python3 python3-venv, or brew install python",
        ),
    ];
    findings.extend(media());
    findings.push(ministack(project.ministack()));
    findings.push(functions(project));
    findings.push(room(&project.path("")));
    findings.push(running(project).await);
    findings.push(present("terraform", "terraform", "to deploy to AWS, or for --environment with a folder of terraform/environments: https://developer.hashicorp.com/terraform/install"));
    findings.push(present(
        "aws",
        "aws",
        "handy, needed by nothing: https://docs.aws.amazon.com/cli/",
    ));
    findings.push(present(
        "npm",
        "npm",
        "for scripts/test only: apt-get install npm, or brew install node",
    ));
    findings
}

/// The first line that a program says of its version.
fn says(program: &str) -> Option<String> {
    let version = if program.starts_with("ff") {
        "-version"
    } else {
        "--version"
    };
    let output = Command::new(program)
        .arg(version)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|l| !l.trim().is_empty())?;
    output.status.success().then(|| line.trim().to_owned())
}

fn versioned(
    what: &str,
    program: &str,
    oldest: (u32, u32),
    standing: Standing,
    remedy: &str,
) -> Finding {
    let Some(said) = says(program) else {
        return Finding::bad(what, standing, "not on the search path", remedy);
    };
    match version(&said) {
        Some(found) if found >= oldest => Finding::good(what, said),
        _ => {
            let found = format!("{said}; expected {}.{} or newer", oldest.0, oldest.1);
            Finding::bad(what, standing, found, remedy)
        }
    }
}

/// `rustc 1.91.0 (…)` → (1, 91).
fn version(said: &str) -> Option<(u32, u32)> {
    let number = said
        .split_whitespace()
        .find(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut parts = number.split('.').map(|p| p.parse().ok());
    Some((parts.next()??, parts.next()??))
}

fn present(what: &str, program: &str, remedy: &str) -> Finding {
    match says(program) {
        Some(said) => Finding::good(what, said),
        None => Finding::bad(what, Standing::Optional, "not on the search path", remedy),
    }
}

fn media() -> Vec<Finding> {
    let install = "scripts/setup, or apt-get install ffmpeg, or brew install ffmpeg";
    let tools = match Tools::locate(None, None) {
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
    let lacks: Vec<&str> = ENCODERS
        .into_iter()
        .filter(|e| !has_encoder(&listed, e))
        .collect();
    findings.push(if lacks.is_empty() {
        Finding::good("encoders", ENCODERS.join(", "))
    } else {
        Finding::bad(
            "encoders",
            Standing::Missing,
            format!("this ffmpeg lacks {}", lacks.join(", ")),
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
        "scripts/setup installs it into .local/venv",
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

fn room(root: &Path) -> Finding {
    let Ok(stat) = rustix::fs::statvfs(root) else {
        return Finding::good("disk", "not measured");
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let found = format!("{} free; {cores} cores", text::bytes(free));
    if free >= ROOM {
        return Finding::good("disk", found);
    }
    let remedy =
        "a first build takes about 10 GB: make room, or set CARGO_TARGET_DIR to another disk";
    Finding::bad("disk", Standing::Optional, found, remedy)
}

async fn running(project: &Project) -> Finding {
    match stack::running(project).await {
        Some(state) => Finding::good("local stack", format!("runs at {}", state.endpoint())),
        None => Finding::bad(
            "local stack",
            Standing::Optional,
            "not running",
            "reelsmith up",
        ),
    }
}

/// 0 where nothing is missing, else 2.
#[must_use]
pub fn exit(findings: &[Finding]) -> Exit {
    match findings.iter().map(|f| f.standing).max() {
        Some(Standing::Missing) => Exit::Environment,
        _ => Exit::Done,
    }
}

/// As a list, or as JSON lines.
#[must_use]
pub fn print(findings: &[Finding], request: &Request) -> String {
    if request.json {
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
        Exit::Done => "nothing is missing".to_owned(),
        _ => "something is missing: scripts/setup gets most of it".to_owned(),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_with_how_to_get_it() {
        let findings = [
            Finding::good("rust", "rustc 1.91.0"),
            Finding::bad(
                "ffmpeg",
                Standing::Missing,
                "not on the search path",
                "apt-get install ffmpeg",
            ),
            Finding::bad("aws", Standing::Optional, "not on the search path", "handy"),
        ];
        insta::assert_snapshot!(print(&findings, &Request { json: false }), @r"
        ✓ rust          rustc 1.91.0
        ✗ ffmpeg        not on the search path
                        to do: apt-get install ffmpeg
        - aws           not on the search path
                        to do: handy
        something is missing: scripts/setup gets most of it
        ");
        assert_eq!(exit(&findings), Exit::Environment);
        assert_eq!(exit(&findings[..1]), Exit::Done);
        assert_eq!(print(&findings, &Request { json: true }).lines().count(), 3);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("rustc 1.91.0 (abc 2025-10-28)"), Some((1, 91)));
        assert_eq!(version("Python 3.9.18"), Some((3, 9)));
        assert!(version("Python 3.9.18") < Some(PYTHON));
        assert_eq!(version("unknown"), None);
        let program = versioned("x", "no-such-program", RUST, Standing::Missing, "get it");
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
