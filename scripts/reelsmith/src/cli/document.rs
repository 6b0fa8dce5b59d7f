//! docs/cli.md: made from the command line itself, so that it cannot fall behind.

use clap::Command;

use crate::error::Name;

const HEAD: &str = "\
# The command line

Made from the command itself by a test (`UPDATE_DOCS=1 cargo test --workspace --lib cli`); `reelsmith COMMAND --help` says the same.

## Which deployment a command is about

Every command that looks at a deployment says on standard error which one it found, in this order:

1. `--environment local`, `aws` or the name of a folder of `terraform/environments`, also as `REELSMITH_ENVIRONMENT`;
2. without it, the local stack of this checkout where one runs;
3. else what the usual AWS settings lead to: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`, single sign-on, roles.

A folder of `terraform/environments` is asked for its Terraform outputs. Otherwise the deployment is found by its name:
`--stack`, also as `REELSMITH_STACK`, is what all its resources begin with. Every command takes these options; they are listed
below for `reelsmith` alone.

## Exit codes

| code | meaning |
|---|---|
| 0 | done; for `run` and `watch`: the job is COMPLETE |
| 1 | the job failed, the manifest has defects, the output breaks a rule, or the local stack is not running (`status`) |
| 2 | the command or what it needs is at fault |

";

/// The whole document.
#[must_use]
pub fn document() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("## Commands\n");
    let mut command = super::command().term_width(100);
    command.build();
    describe("reelsmith", &mut command, &mut text);
    text.push_str(
        "\n## Errors of the command\n\nAn error begins with its name, which is never changed:\n\n",
    );
    text.push_str("| name | meaning |\n|---|---|\n");
    for name in Name::ALL {
        text.push_str(&format!("| `{}` | {} |\n", name.as_str(), name.meaning()));
    }
    text.push_str(
        "\nErrors of a job, which `show`, `watch`, `run` and the failure message name, have names of their own:\n\
         shared/contract/src/error.rs lists them. `Cancelled` is that of a job ended with `reelsmith cancel`.\n",
    );
    text
}

fn describe(path: &str, command: &mut Command, text: &mut String) {
    let below: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .filter(|name| name != "help")
        .collect();
    let is_group = !below.is_empty() && path != "reelsmith";
    if !is_group {
        let help = command.render_long_help().to_string();
        let elsewhere = if path == "reelsmith" {
            vec!["Commands:".to_owned(), "Exit codes:".to_owned()]
        } else {
            deployment_heading(command).into_iter().collect()
        };
        let help = without_sections(&help, &elsewhere);
        text.push_str(&format!("\n### {path}\n\n```text\n{help}\n```\n"));
    }
    for name in below {
        if let Some(command) = command.find_subcommand_mut(&name) {
            describe(&format!("{path} {name}"), command, text);
        }
    }
}

/// The heading of the options that every command has; the document describes them once, for `reelsmith` itself.
fn deployment_heading(command: &Command) -> Option<String> {
    let mut arguments = command.get_arguments();
    let environment = arguments.find(|a| a.get_id() == "environment")?;
    Some(format!("{}:", environment.get_help_heading()?))
}

/// A help text without the sections of these headings, which the document has elsewhere.
fn without_sections(help: &str, headings: &[String]) -> String {
    let mut left_out = false;
    let lines = help.lines().map(str::trim_end).filter(|line| {
        if line.ends_with(':') && !line.starts_with(' ') {
            left_out = headings.iter().any(|heading| heading == line);
        } else if !line.is_empty() && !line.starts_with(' ') {
            left_out = false;
        }
        !left_out
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    const HELP: &str = "  -h, --help\n          Print help\n\n";
    text.replace(&format!("Options:\n{HELP}"), "")
        .replace(HELP, "")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_what_the_command_says_of_itself() {
        let path = crate::Project::find().unwrap().path("docs/cli.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, document()).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == document(),
            "docs/cli.md is not what the command says of itself: UPDATE_DOCS=1 cargo test --workspace --lib cli"
        );
    }
}
