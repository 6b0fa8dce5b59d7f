//! `reelsmith manifest new` and `manifest check`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::{CliError, CommandResult, Exit, ResultExt};
use crate::job::manifest::{self, Titles};
use crate::project::Project;
use crate::stack::settings::tools;
use crate::view::text::{note, say};

#[derive(Args, Debug)]
pub struct NewArgs {
    /// The media file.
    file: PathBuf,
    /// Path of the manifest; `-` prints it. Default: the path of the media file with the extension .xml.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrite an existing file.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    titles: Titles,
}

/// Runs `manifest new`. Warnings go to standard error.
pub async fn new(args: &NewArgs) -> CommandResult {
    if !args.file.is_file() {
        return Err(CliError::file(
            "read the media file",
            &args.file,
            "no such file",
        ));
    }
    let tools = tools(&Project::find()?)?;
    let described = manifest::describe(&tools, &args.file, &args.titles).await?;
    for warning in &described.warnings {
        note(&format!("warning: {warning}"));
    }
    let xml = described.xml;
    let beside = || args.file.with_extension("xml");
    let to = args.out.clone().unwrap_or_else(beside);
    if to == Path::new("-") {
        say(xml.trim_end());
        return Ok(Exit::Done);
    }
    if to.exists() && !args.force {
        return Err(CliError::new(
            format!("write {}", to.display()),
            "the file exists",
            "use --force to overwrite it, or --out to give another path",
        ));
    }
    std::fs::write(&to, xml).on_file("write", &to)?;
    let quoted = |path: &Path| {
        let text = path.display().to_string();
        shlex::try_quote(&text).map_or_else(|_| text.clone(), |quoted| quoted.into_owned())
    };
    say(&format!(
        "wrote {}\nscripts/run-local {} {}",
        to.display(),
        quoted(&to),
        quoted(&args.file)
    ));
    Ok(Exit::Done)
}

/// Runs `manifest check`. The exit code is 1 if the manifest cannot be run.
pub fn check(path: &Path) -> CommandResult {
    let parsed = manifest::read(path)?;
    let (lines, exit) = manifest::verdict(path, &parsed);
    lines.iter().for_each(|line| say(line));
    if exit == Exit::Done {
        say(&format!("{}: can be run", path.display()));
    }
    Ok(exit)
}
