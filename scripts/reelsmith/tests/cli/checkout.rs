//! A checkout for one test, and the output of commands in it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use reelsmith::Project;
use tempfile::TempDir;

/// A checkout with its own `.local`, and therefore its own stack.
pub struct Checkout {
    folder: TempDir,
}

impl Checkout {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::find().unwrap();
        for part in ["terraform", "functions", "statemachine"] {
            std::os::unix::fs::symlink(project.path(part), folder.path().join(part)).unwrap();
        }
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let project = Project::find().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_reelsmith"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env("REELSMITH_ROOT", self.path())
            .env("REELSMITH_MINISTACK", project.ministack())
            .env("REELSMITH_MEDIA", project.media())
            // Hide the AWS settings of this machine.
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("AWS_REGION")
            .env_remove("AWS_DEFAULT_REGION")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_ENDPOINT_URL")
            .env_remove("REELSMITH_ENVIRONMENT")
            .env_remove("REELSMITH_STACK")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The output of a command that does not end, up to a given line.
    pub fn output_until(&self, arguments: &[&str], last: impl Fn(&str) -> bool) -> String {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut text = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap() + "\n";
            text += &line;
            if last(&line) {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let text = steady(&text, self.path());
        format!("$ reelsmith {}\n{text}and serves\n", arguments.join(" "))
    }

    /// Exit code and standard output, without what differs between runs.
    pub fn results(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        format!(
            "$ reelsmith {}\n{}exit code {}\n",
            arguments.join(" "),
            steady(&String::from_utf8_lossy(&output.stdout), self.path()),
            output.status.code().unwrap()
        )
    }

    /// Exit code and all output, without what differs between runs.
    pub fn output(&self, arguments: &[&str]) -> String {
        self.lines(arguments, |line| Some(line.to_owned()))
    }

    /// As [`Checkout::output`], with only the lines that `keep` returns.
    pub fn lines(&self, arguments: &[&str], keep: impl Fn(&str) -> Option<String>) -> String {
        let output = self.run(arguments);
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let kept = text.lines().filter_map(&keep);
            steady(&kept.map(|l| l + "\n").collect::<String>(), self.path())
        };
        format!(
            "$ reelsmith {}\n{}{}exit code {}\n",
            arguments.join(" "),
            text(&output.stdout),
            text(&output.stderr),
            output.status.code().unwrap()
        )
    }

    /// Standard output of a command that succeeds.
    pub fn out(&self, arguments: &[&str]) -> String {
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
        // On a slow machine seconds become minutes.
        words.join(" ").replace("[n] min [n] s", "[n] s") + "\n"
    };
    text.lines().map(line).collect()
}

fn word(word: &str) -> String {
    let bare = word.trim_end_matches(',');
    if bare.len() >= 20 && bare.ends_with('Z') && bare.as_bytes()[10] == b'T' {
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

/// A film of two seconds with its manifest.
pub fn film(checkout: &Checkout, name: &str) {
    let media = format!("{name}.mp4");
    let made = Command::new("ffmpeg")
        .args("-v error -f lavfi -i testsrc2=size=854x480:rate=24:duration=2".split(' '))
        .args("-f lavfi -i sine=frequency=440:sample_rate=48000:duration=2".split(' '))
        .args("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac".split(' '))
        .arg(&media)
        .current_dir(checkout.path())
        .stdin(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let manifest = ["manifest", "new", &media, "--out", &format!("{name}.xml")];
    assert!(checkout.run(&manifest).status.success());
}
