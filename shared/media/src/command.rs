//! A command line as data.

use std::fmt;
use std::path::PathBuf;

/// A program with its arguments: an array, never a line for a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Absolute path of the program.
    pub program: PathBuf,
    /// The arguments. Output files are named relative to [`Command::directory`].
    pub args: Vec<String>,
    /// Working directory of the child, and the only folder it may write.
    pub directory: Option<PathBuf>,
    /// Programs that it may start. ffmpeg and ffprobe start none.
    pub helpers: Vec<PathBuf>,
}

impl Command {
    /// A command that runs where its caller runs.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, args: Vec<String>) -> Self {
        Self {
            program: program.into(),
            args,
            directory: None,
            helpers: Vec::new(),
        }
    }

    /// The same command in another working directory.
    #[must_use]
    pub fn within(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The command as one can paste it into a shell. Where it read `source` through the loopback it reads a copy, which it
    /// fetches first where the source is an object (`s3://…`).
    #[must_use]
    pub fn reproducing(&self, source: &str) -> String {
        let name = self.program.file_name().unwrap_or_default();
        let mut line = name.to_string_lossy().into_owned();
        let object = source.starts_with("s3://");
        let copy = match source.rsplit_once('/') {
            Some((_, name)) if object => name,
            _ => source,
        };
        if object && self.args.iter().any(|arg| arg.starts_with(LOOPBACK)) {
            line = format!("aws s3 cp {} {} && {line}", quoted(source), quoted(copy));
        }
        for arg in &self.args {
            let arg = if arg.starts_with(LOOPBACK) { copy } else { arg };
            line.push(' ');
            line.push_str(&quoted(arg));
        }
        line
    }
}

/// Start of every address of the range proxy.
pub(crate) const LOOPBACK: &str = "http://127.0.0.1:";

/// An argument as a POSIX shell takes it.
fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+.,:/@%".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reproducing("MEZZANINE"))
    }
}

/// Splits words that are the same in every command.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_ascii_whitespace().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted_with_the_object_in_place_of_the_proxy() {
        let args = ["-i", "http://127.0.0.1:4242/secret/m", "-vf", "a=1;[b]'c'"];
        let command = Command::new("/usr/bin/ffmpeg", args.map(str::to_owned).to_vec());
        insta::assert_snapshot!(command, @r"ffmpeg -i MEZZANINE -vf 'a=1;[b]'\''c'\'''");
        insta::assert_snapshot!(command.reproducing("s3://in/a/film 1.mov"), @r"aws s3 cp 's3://in/a/film 1.mov' 'film 1.mov' && ffmpeg -i 'film 1.mov' -vf 'a=1;[b]'\''c'\'''");
    }
}
