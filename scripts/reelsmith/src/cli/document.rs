//! docs/cli.md, generated from the command line: for each command its purpose, examples, arguments and options.

use clap::{Arg, Command};
use strum::VariantArray as _;

use crate::error::ErrorCode;

const HEAD: &str = "\
# The command line

A test generates this page (`UPDATE_DOCS=1 cargo test -p reelsmith --lib document`). `reelsmith COMMAND --help` has the same
content.

Results go to standard output, everything else to standard error. With `--json`, `list`, `show`, `watch`, `logs`, `report`,
`estimate` and `doctor` print JSON for scripts.

| exit code | meaning |
|---|---|
| 0 | success; for `run` and `watch`: the job is COMPLETE |
| 1 | the job failed, the manifest has defects, the output breaks a rule, or the local stack is not running (`status`) |
| 2 | the command or its environment is at fault |
| 3 | `validate` found no violation, but could judge nothing or only a part of the package |

";

pub fn document() -> String {
    let mut command = super::command();
    command.build();
    let mut text = format!("{HEAD}## Selecting a deployment\n\nFor every command:\n\n");
    let global: Vec<&Arg> = command
        .get_arguments()
        .filter(|a| a.is_global_set())
        .collect();
    text += &global.iter().map(|a| argument(a)).collect::<String>();
    text += &format!("\n`JOB` is {JOB}.\n\n## Commands\n\n");
    let mut all = Vec::new();
    leaves("", &command, &mut all);
    let link = |(path, _): &(String, &Command)| format!("[{path}](#{})", path.replace(' ', "-"));
    text += &all.iter().map(link).collect::<Vec<_>>().join(", ");
    text += ".\n";
    all.iter()
        .for_each(|(path, command)| text += &section(path, command));
    text += "\n## Errors of the command\n\nAn error begins with its name, which never changes:\n\n| name | meaning |\n|---|---|\n";
    for code in ErrorCode::VARIANTS {
        text += &format!("| `{}` | {} |\n", code.as_str(), code.meaning());
    }
    text += "\nErrors of a job, which `show`, `watch`, `run` and the failure message contain, are listed in \
             shared/contract/src/error.rs. `Cancelled` is the error of a job ended with `reelsmith cancel`.\n";
    text
}

/// Every command that can be run, with the words that select it.
fn leaves<'a>(path: &str, command: &'a Command, all: &mut Vec<(String, &'a Command)>) {
    for c in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let path = format!("{path} {}", c.get_name()).trim().to_owned();
        match c.has_subcommands() {
            true => leaves(&path, c, all),
            false => all.push((path, c)),
        }
    }
}

/// What the argument `JOB` of many commands is; stated once for all of them.
const JOB: &str = "an execution, a job key, a title, or the beginning of one of them; the newest execution by default";

/// clap removes the last full stop of a text.
fn sentence(text: impl ToString) -> String {
    let text = text.to_string();
    match text.ends_with(['.', ')']) || text.is_empty() {
        true => text,
        false => text + ".",
    }
}

fn section(path: &str, command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(sentence).unwrap_or_default();
    let mut text = format!("\n### {path}\n\n{about}\n");
    let examples = command.get_after_help().map(ToString::to_string);
    let examples = examples.unwrap_or_default();
    // The examples come first; whatever follows the blank line is text.
    let (block, remarks) = examples.split_once("\n\n").unwrap_or((&examples, ""));
    let line = |line: &str| match line.trim_start().split_once("  ") {
        Some((command, remark)) => format!("{command}  # {}", remark.trim_start()),
        None => line.trim_start().to_owned(),
    };
    let lines: Vec<String> = block.lines().skip(1).map(line).collect();
    text += &format!("\n```sh\n{}\n```\n", lines.join("\n"));
    if !remarks.is_empty() {
        text += &format!("\n{remarks}\n");
    }
    let elsewhere = |a: &Arg| {
        let is_job = a.get_value_names().is_some_and(|v| v[0].as_str() == "JOB");
        a.is_global_set() || is_job || ["help", "version"].contains(&a.get_id().as_str())
    };
    let own = |a: &&Arg| !elsewhere(a);
    let arguments: String = command.get_arguments().filter(own).map(argument).collect();
    if !arguments.is_empty() {
        text += &format!("\n{arguments}");
    }
    text
}

/// One list item: names, value, meaning, possible values and default.
fn argument(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let value = values.first().map(|v| v.as_str()).unwrap_or_default();
    let name = match argument.get_long() {
        Some(long) if argument.get_action().takes_values() => format!("--{long} {value}"),
        Some(long) => format!("--{long}"),
        None => value.to_owned(),
    };
    let help = argument.get_long_help().or(argument.get_help());
    let mut text = help.map(sentence).unwrap_or_default();
    let list = |items: Vec<String>| format!("`{}`", items.join("`, `"));
    if argument.get_action().takes_values() {
        let possible = argument.get_possible_values();
        let names = possible.iter().map(|v| v.get_name().to_owned()).collect();
        if !possible.is_empty() && !argument.is_hide_possible_values_set() {
            text += &format!(" One of {}.", list(names));
        }
        let default = argument.get_default_values().iter();
        let default: Vec<String> = default.map(|d| d.to_string_lossy().into_owned()).collect();
        if !default.is_empty() && !argument.is_hide_default_value_set() {
            text += &format!(" Default: {}.", list(default));
        }
    }
    if let Some(variable) = argument.get_env() {
        text += &format!(" Environment: `{}`.", variable.to_string_lossy());
    }
    format!("- `{name}`: {}\n", text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_matches_the_command_line() {
        let path = crate::Project::find().unwrap().path("docs/cli.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, document()).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == document(),
            "docs/cli.md is out of date: UPDATE_DOCS=1 cargo test -p reelsmith --lib document"
        );
    }
}
