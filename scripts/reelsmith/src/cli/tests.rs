use clap::CommandFactory;

use super::*;

fn help(path: &[&str]) -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut found = &mut command;
    for name in path {
        found = found.find_subcommand_mut(name).unwrap();
    }
    found.render_long_help().to_string()
}

#[test]
fn the_help_of_every_command() {
    let all: Vec<String> = [
        &[][..],
        &["up"],
        &["down"],
        &["status"],
        &["run"],
        &["manifest", "new"],
        &["manifest", "check"],
        &["validate"],
        &["rules"],
        &["render"],
    ]
    .into_iter()
    .map(|path| format!("=== reelsmith {}\n{}", path.join(" "), help(path)))
    .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn what_is_typed_wrong_is_named() {
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
        wrong(&["reelsmith", "up", "--set", "X=1"]).split(": expected").next().unwrap_or_default(),
        @"error: invalid value 'X=1' for '--set <NAME=VALUE>'"
    );
    insta::assert_snapshot!(
        wrong(&["reelsmith", "run", "--mezzanine", "a.mp4"]),
        @"error: the following required arguments were not provided:"
    );
}
