//! The command as people type it, against a stack of its own: what each prints and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use reelsmith::Project;
use tempfile::TempDir;

/// A checkout with a `.local` of its own, so that the stack of this test is nobody else's.
struct Checkout {
    folder: TempDir,
}

impl Checkout {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::find().unwrap();
        for part in ["terraform", "functions", "statemachine"] {
            std::os::unix::fs::symlink(project.path(part), folder.path().join(part)).unwrap();
        }
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let project = Project::find().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_reelsmith"))
            .args(arguments)
            .current_dir(self.path())
            .env("REELSMITH_ROOT", self.path())
            .env("REELSMITH_MINISTACK", project.ministack())
            // Nothing of this machine's AWS settings may be found.
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("AWS_REGION")
            .env_remove("AWS_DEFAULT_REGION")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_ENDPOINT_URL")
            .env_remove("REELSMITH_ENVIRONMENT")
            .env_remove("REELSMITH_STACK")
            .stdin(Stdio::null())
            .output();
        output.unwrap()
    }

    /// Exit code and what was printed, with everything that differs between runs taken out.
    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        format!(
            "$ reelsmith {}\n{}{}exit code {}\n",
            arguments.join(" "),
            steady(&String::from_utf8_lossy(&output.stdout), self.path()),
            steady(&String::from_utf8_lossy(&output.stderr), self.path()),
            output.status.code().unwrap()
        )
    }

    fn out(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        self.run(&["down"]);
    }
}

/// Hexadecimal of 12 digits and more becomes `[hash]`, every other number `[n]`, and padding one space.
fn steady(text: &str, root: &Path) -> String {
    let text = text.replace(&root.display().to_string(), "[root]");
    let line = |line: &str| {
        let words: Vec<String> = line.split_whitespace().map(word).collect();
        // A slow machine takes minutes for what another does in seconds.
        words.join(" ").replace("[n] min [n] s", "[n] s") + "\n"
    };
    text.lines().map(line).collect()
}

fn word(word: &str) -> String {
    let bare = word.trim_end_matches(',');
    if bare.len() == 20 && bare.ends_with('Z') && bare.as_bytes()[10] == b'T' {
        return word.replace(bare, "[time]");
    }
    let mut steady = String::new();
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let hex = rest.find(|c| !is_hex(c)).unwrap_or(rest.len());
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let taken = if hex >= 12 {
            steady.push_str("[hash]");
            hex
        } else if digits > 0 && !steady.ends_with(|c: char| c.is_ascii_alphabetic()) {
            steady.push_str("[n]");
            digits
        } else {
            steady.push(first);
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    steady.replace("[n].[n]", "[n]")
}

/// Two seconds of picture and sound, and their manifest.
fn film(checkout: &Checkout) {
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=640x360:rate=24:duration=2",
        ])
        .args([
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=440:sample_rate=48000:duration=2",
        ])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            "film.mp4",
        ])
        .current_dir(checkout.path())
        .stdin(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let manifest = ["manifest", "new", "film.mp4", "--out", "film.xml"];
    assert!(checkout.run(&manifest).status.success());
}

const SETTINGS: [&str; 6] = [
    "--set",
    "PROFILE=draft",
    "--set",
    "MOCK_MODE=true",
    "--set",
    "MAX_CONCURRENCY=2",
];

#[test]
fn without_a_stack_every_command_says_what_to_do() {
    let checkout = Checkout::new();
    let all: Vec<String> = [
        &["status"][..],
        &["list"],
        &["show", "film"],
        &["list", "--environment", "local"],
        &["list", "--environment", "prod"],
        &["up", "--environment", "aws"],
        &["submit", "absent.xml", "--environment", "local"],
        &["run", "absent.xml"],
        &["fly"],
        &["down"],
    ]
    .into_iter()
    .map(|arguments| checkout.said(arguments))
    .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_job_from_the_manifest_to_the_report_by_the_commands() {
    let checkout = Checkout::new();
    film(&checkout);
    checkout.out(&[&["up"][..], &SETTINGS].concat());
    // Submitted and watched as a script does.
    let name = checkout.out(&["submit", "film.xml"]);
    let name = name.trim();
    let events = checkout.out(&["watch", name, "--json"]);
    let events: Vec<serde_json::Value> = events
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["status"]),
        (&"ended".into(), &"succeeded".into()),
        "{last}"
    );
    assert!(
        events
            .iter()
            .any(|e| e["event"] == "progress" && e["total"].as_u64() > Some(0))
    );
    // The same manifest again is a duplicate, and says so.
    let again = checkout.out(&["submit", "film.xml"]);
    checkout.out(&["watch", again.trim(), "--plain"]);
    let shown: serde_json::Value =
        serde_json::from_str(&checkout.out(&["show", again.trim(), "--json"])).unwrap();
    assert_eq!(shown["execution"]["decision"], "DUPLICATE_COMPLETE");
    let key = shown["job"]["job_key"].as_str().unwrap().to_owned();
    // A job that fails: its mezzanine is not the one described.
    let other = std::fs::read_to_string(checkout.path().join("film.xml")).unwrap();
    let other = other.replacen("<ChecksumMD5>", "<ChecksumMD5>00", 1);
    let cut = other.find("</ChecksumMD5>").unwrap();
    let other = format!("{}{}", &other[..cut - 2], &other[cut..]);
    std::fs::write(checkout.path().join("other.xml"), other).unwrap();
    let failed = checkout.run(
        &["run", "other.xml", "--mezzanine", "film.mp4"]
            .iter()
            .chain(&SETTINGS)
            .copied()
            .collect::<Vec<_>>(),
    );
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    let stderr = String::from_utf8(failed.stderr).unwrap();
    assert!(
        stderr.contains("FAILED MezzanineChecksumMismatch"),
        "{stderr}"
    );

    let shown: Vec<String> = [
        &["show", name][..],
        &["report", &key[..8]],
        &["show", "other"],
        &["list", "--status", "failed"],
        &["logs", name, "--function", "publish-job"],
        &["fetch", &key[..8], "--out", "out"],
        &["cancel", name],
        &["redrive", name],
        &["show", "absent"],
    ]
    .into_iter()
    .map(|arguments| checkout.said(arguments))
    .collect();
    insta::assert_snapshot!(
        shown
            .join("\n")
            .replace(&key[..8], "[key]")
            .replace(name, "[film]")
    );
    let fetched = checkout
        .path()
        .join("out")
        .join(shown_asset(&checkout, &key))
        .join(&key);
    assert!(
        fetched.join("master.m3u8").is_file() && fetched.join("report.json").is_file(),
        "{fetched:?}"
    );
    // What failed may be run again, and fails again for the same reason.
    let redriven = checkout.out(&["redrive", "other"]);
    assert!(redriven.trim().ends_with("-r1"), "{redriven}");
    let watched = checkout.run(&["watch", redriven.trim(), "--plain"]);
    assert_eq!(watched.status.code(), Some(1));
    assert!(checkout.run(&["down"]).status.success());
}

fn shown_asset(checkout: &Checkout, key: &str) -> String {
    let shown = checkout.out(&["show", key, "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    shown["job"]["asset"].as_str().unwrap().to_owned()
}
