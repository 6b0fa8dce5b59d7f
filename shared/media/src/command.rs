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
    /// Arguments with which the same program made a file that this command reads: who runs it again runs those first.
    pub first: Option<Vec<String>>,
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
            first: None,
        }
    }

    /// The same command, which reads what the program made with these arguments.
    #[must_use]
    pub fn after(mut self, first: Vec<String>) -> Self {
        self.first = Some(first);
        self
    }

    /// The same command in another working directory.
    #[must_use]
    pub fn within(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The name of the program without its folder.
    #[must_use]
    pub fn name(&self) -> std::borrow::Cow<'_, str> {
        self.program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
    }

    /// The command as one can paste it into a shell. Where it read `source` through the loopback it reads a copy, which it
    /// fetches first where the source is an object (`s3://…`).
    #[must_use]
    pub fn reproducing(&self, source: &str) -> String {
        let name = self.name();
        let mut line = String::new();
        let object = source.starts_with("s3://");
        let copy = match source.rsplit_once('/') {
            Some((_, name)) if object => name,
            _ => source,
        };
        let runs = || self.first.iter().chain([&self.args]);
        if object && runs().flatten().any(|arg| Addressed::of(arg).is_some()) {
            line = format!("aws s3 cp {} {} && ", quoted(source), quoted(copy));
        }
        for (n, args) in runs().enumerate() {
            line.push_str(if n > 0 { " && " } else { "" });
            line.push_str(&name);
            for arg in args {
                let copied = Addressed::of(arg).map(|a| a.instead(copy));
                line.push(' ');
                line.push_str(&quoted(copied.as_deref().unwrap_or(arg)));
            }
        }
        line
    }
}

/// Start of every address of the range proxy.
pub(crate) const LOOPBACK: &str = "http://127.0.0.1:";

/// An address as the value of a filter's option, to be put between single quotes.
pub(crate) fn within_filter(address: &str) -> String {
    address.replace(':', "\\:")
}

/// An argument that is an address of the range proxy, or of a filter that opens one.
pub(crate) struct Addressed<'a> {
    /// What stands before and after the address, where it is a filter's.
    around: Option<(&'a str, &'a str)>,
    /// The address.
    pub(crate) address: String,
}

impl<'a> Addressed<'a> {
    pub(crate) fn of(arg: &'a str) -> Option<Self> {
        const OPTION: &str = "filename='";
        if arg.starts_with(LOOPBACK) {
            return Some(Self {
                around: None,
                address: arg.to_owned(),
            });
        }
        let (before, rest) = arg.split_at(arg.find(OPTION)? + OPTION.len());
        let (value, after) = rest.split_at(rest.find('\'')?);
        let address = value.replace("\\:", ":");
        let around = Some((before, after));
        let found = Self { around, address };
        Some(found).filter(|f| f.address.starts_with(LOOPBACK))
    }

    fn instead(&self, file: &str) -> String {
        match self.around {
            None => file.to_owned(),
            Some((before, after)) => format!("{before}{}{after}", within_filter(file)),
        }
    }
}

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
        let second = Command::new("/usr/bin/ffmpeg", vec!["-i".into(), "mix.w64".into()]);
        let second = second.after(vec![
            "-i".into(),
            "http://127.0.0.1:4242/secret/m".into(),
            "mix.w64".into(),
        ]);
        insta::assert_snapshot!(second.reproducing("s3://in/film.mov"), @"aws s3 cp s3://in/film.mov film.mov && ffmpeg -i film.mov mix.w64 && ffmpeg -i mix.w64");
        let filter = r"movie=filename='http\://127.0.0.1\:4242/secret/m':si=0".to_owned();
        let filtered = Command::new("/usr/bin/ffmpeg", vec!["-i".to_owned(), filter]);
        insta::assert_snapshot!(filtered.reproducing("s3://in/a/film.mov"), @r"aws s3 cp s3://in/a/film.mov film.mov && ffmpeg -i 'movie=filename='\''film.mov'\'':si=0'");
        insta::assert_snapshot!(command.reproducing("s3://in/a/film 1.mov"), @r"aws s3 cp 's3://in/a/film 1.mov' 'film 1.mov' && ffmpeg -i 'film 1.mov' -vf 'a=1;[b]'\''c'\'''");
    }
}
