//! A command line as data, and as a line to paste into a shell.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

/// A program with its arguments. It is started with this array, never through a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Absolute path of the program.
    pub program: PathBuf,
    /// The arguments. Output files are named relative to [`Command::directory`].
    pub args: Vec<String>,
    /// Working directory of the program, and the only folder that it may write.
    pub directory: Option<PathBuf>,
    /// Programs that it may start. ffmpeg and ffprobe start none.
    pub helpers: Vec<PathBuf>,
    /// Arguments with which the same program made a file that this command reads. To reproduce the command, run the
    /// program with these first.
    pub preparation: Option<Vec<String>>,
}

impl Command {
    /// A command that runs in the working directory of its caller.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, args: Vec<String>) -> Self {
        Self {
            program: program.into(),
            args,
            directory: None,
            helpers: Vec::new(),
            preparation: None,
        }
    }

    /// The same command, which reads a file that the program made with the arguments `preparation`.
    #[must_use]
    pub fn prepared_by(mut self, preparation: Vec<String>) -> Self {
        self.preparation = Some(preparation);
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
    pub fn name(&self) -> Cow<'_, str> {
        self.program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
    }

    /// The command as a line to paste into a shell, with `source` in place of the proxy's address. If the source is an
    /// object (`s3://…`), the line first fetches a copy.
    #[must_use]
    pub fn shell_line(&self, source: &str) -> String {
        let name = self.name();
        let mut line = String::new();
        let object = source.starts_with("s3://");
        let copy = match source.rsplit_once('/') {
            Some((_, name)) if object => local_name(name),
            _ => Cow::Borrowed(source),
        };
        let copy = copy.as_ref();
        let runs = || self.preparation.iter().chain([&self.args]);
        if object && runs().flatten().any(|arg| ProxyArgument::of(arg).is_some()) {
            line = format!("aws s3 cp {} {} && ", quoted(source), quoted(copy));
        }
        for (n, args) in runs().enumerate() {
            line.push_str(if n > 0 { " && " } else { "" });
            line.push_str(&name);
            for arg in args {
                let copied = ProxyArgument::of(arg).map(|a| a.with_file(copy));
                line.push(' ');
                line.push_str(&quoted(copied.as_deref().unwrap_or(arg)));
            }
        }
        line
    }
}

/// The start of every address of the range proxy.
pub(crate) const LOOPBACK: &str = "http://127.0.0.1:";

/// Escapes an address for a filter option in single quotes.
pub(crate) fn escape_in_filter(address: &str) -> String {
    address.replace(':', "\\:")
}

/// An argument that is an address of the range proxy, or a filter that opens one.
pub(crate) struct ProxyArgument<'a> {
    /// The text before and after the address, if the argument is a filter.
    filter: Option<(&'a str, &'a str)>,
    pub(crate) address: String,
}

impl<'a> ProxyArgument<'a> {
    pub(crate) fn of(arg: &'a str) -> Option<Self> {
        const OPTION: &str = "filename='";
        if arg.starts_with(LOOPBACK) {
            return Some(Self {
                filter: None,
                address: arg.to_owned(),
            });
        }
        let (before, rest) = arg.split_at(arg.find(OPTION)? + OPTION.len());
        let (value, after) = rest.split_at(rest.find('\'')?);
        let address = value.replace("\\:", ":");
        let filter = Some((before, after));
        let found = Self { filter, address };
        Some(found).filter(|f| f.address.starts_with(LOOPBACK))
    }

    /// The argument with a file in place of the address.
    fn with_file(&self, file: &str) -> String {
        match self.filter {
            None => file.to_owned(),
            Some((before, after)) => format!("{before}{}{after}", escape_in_filter(file)),
        }
    }
}

/// A file name for the copy of an object: its own, unless ffmpeg would read that as an option, a protocol or a part of a
/// filter.
fn local_name(name: &str) -> Cow<'_, str> {
    let harmless = |c: char| c.is_alphanumeric() || " ._-()+@=&!~#".contains(c);
    if name.chars().all(harmless) && !name.starts_with('-') {
        return Cow::Borrowed(name);
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let extension = extension.filter(|e| e.chars().all(char::is_alphanumeric));
    Cow::Owned(format!("mezzanine.{}", extension.unwrap_or("bin")))
}

fn quoted(arg: &str) -> Cow<'_, str> {
    // Only NUL cannot be quoted, and no argument contains it.
    shlex::try_quote(arg).unwrap_or(Cow::Borrowed(arg))
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shell_line("MEZZANINE"))
    }
}

/// Splits a line of arguments at white space. Interpolated values must not contain any: they are numbers, constants,
/// addresses of the proxy, and options of compiled-in profiles.
pub(crate) fn words(line: &str) -> Vec<String> {
    line.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Decimal seconds, as ffprobe prints them, in microseconds; `None` for anything else.
pub(crate) fn micros(seconds: &str) -> Option<i64> {
    let (sign, digits) = match seconds.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, seconds),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    Some(sign * whole.checked_mul(1_000_000)?.checked_add(fraction)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_line_reads_a_copy_of_the_object_instead_of_the_proxy() {
        let args = ["-i", "http://127.0.0.1:4242/secret/m", "-vf", "a=1;[b]'c'"];
        let command = Command::new("/usr/bin/ffmpeg", args.map(str::to_owned).to_vec());
        insta::assert_snapshot!(command, @r#"ffmpeg -i MEZZANINE -vf "a=1;[b]'c'""#);
        let second = Command::new("/usr/bin/ffmpeg", vec!["-i".into(), "mix.w64".into()]);
        let second = second.prepared_by(vec![
            "-i".into(),
            "http://127.0.0.1:4242/secret/m".into(),
            "mix.w64".into(),
        ]);
        insta::assert_snapshot!(second.shell_line("s3://in/film.mov"), @"aws s3 cp s3://in/film.mov film.mov && ffmpeg -i film.mov mix.w64 && ffmpeg -i mix.w64");
        let filter = r"movie=filename='http\://127.0.0.1\:4242/secret/m':si=0".to_owned();
        let filtered = Command::new("/usr/bin/ffmpeg", vec!["-i".to_owned(), filter]);
        insta::assert_snapshot!(filtered.shell_line("s3://in/a/film.mov"), @r#"aws s3 cp s3://in/a/film.mov film.mov && ffmpeg -i "movie=filename='film.mov':si=0""#);
        insta::assert_snapshot!(command.shell_line("s3://in/a/-rf:'1%.mov"), @r#"aws s3 cp "s3://in/a/-rf:'1%.mov" mezzanine.mov && ffmpeg -i mezzanine.mov -vf "a=1;[b]'c'""#);
        insta::assert_snapshot!(command.shell_line("s3://in/a/film 1.mov"), @r#"aws s3 cp 's3://in/a/film 1.mov' 'film 1.mov' && ffmpeg -i 'film 1.mov' -vf "a=1;[b]'c'""#);
    }
}
