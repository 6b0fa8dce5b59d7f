use clap::CommandFactory;

use super::*;

/// Every command that can be run, with the words that select it.
fn commands() -> Vec<(String, clap::Command)> {
    fn below(path: &str, command: &clap::Command, all: &mut Vec<(String, clap::Command)>) {
        let subcommands: Vec<_> = command
            .get_subcommands()
            .filter(|c| c.get_name() != "help")
            .collect();
        if subcommands.is_empty() || path.is_empty() {
            all.push((path.to_owned(), command.clone()));
        }
        for c in subcommands {
            below(&format!("{path} {}", c.get_name()), c, all);
        }
    }
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut all = Vec::new();
    below("", &command, &mut all);
    all
}

#[test]
fn the_help_of_every_command() {
    let mut all = commands();
    assert!(all.len() > 15, "{}", all.len());
    for (path, command) in &mut all {
        let name = if path.is_empty() {
            "reelsmith"
        } else {
            path.trim()
        };
        let help = command.render_long_help().to_string();
        insta::with_settings!({snapshot_suffix => name.replace(' ', "-"), omit_expression => true}, {
            insta::assert_snapshot!(help);
        });
    }
}

#[test]
fn the_help_of_every_command_has_examples() {
    for (path, mut command) in commands() {
        let help = command.render_long_help().to_string();
        let example = format!("\n  reelsmith{path}");
        assert!(
            help.contains("Example") && help.contains(&example),
            "{path}: {help}"
        );
    }
}

#[test]
fn invalid_arguments_are_refused() {
    let wrong = |args: &[&str]| {
        let error = Cli::try_parse_from(args).unwrap_err();
        error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    insta::assert_snapshot!(wrong(&["reelsmith", "fly"]), @"error: unrecognized subcommand 'fly'");
    insta::assert_snapshot!(
        wrong(&["reelsmith", "up", "--set", "PROFILE=ultra"]),
        @r#"error: invalid value 'PROFILE=ultra' for '--set <NAME=VALUE>': expected one of the profiles default, draft, preview, found "ultra""#
    );
    insta::assert_snapshot!(
        wrong(&["reelsmith", "run", "--mezzanine", "a.mp4"]),
        @"error: the following required arguments were not provided:"
    );
}
