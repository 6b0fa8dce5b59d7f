//! The snapshots of this folder contain the output and an error of every command.

use std::collections::BTreeMap;

/// Every command that can be run, with whether a snapshot shows its success, and whether one shows a failure.
fn leaves(path: &str, command: &clap::Command, all: &mut BTreeMap<String, (bool, bool)>) {
    let below: Vec<_> = command
        .get_subcommands()
        .filter(|c| c.get_name() != "help")
        .collect();
    if below.is_empty() {
        all.insert(path.to_owned(), (false, false));
    }
    for c in below {
        leaves(format!("{path} {}", c.get_name()).trim(), c, all);
    }
}

/// The output of `doctor` depends on the machine, and that of `sign` on key and time. Both have tests of their own.
const TESTED_ELSEWHERE: [&str; 2] = ["doctor", "sign"];

#[test]
fn the_snapshots_contain_a_success_and_a_failure_of_every_command() {
    let mut all = BTreeMap::new();
    leaves("", &reelsmith::cli::command(), &mut all);
    assert!(all.len() > 20, "{all:?}");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/snapshots");
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        text += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
        text.push('\n');
    }
    for block in text.split("$ reelsmith ").skip(1) {
        let typed = block.lines().next().unwrap_or_default();
        let ended = block
            .lines()
            .find(|l| l.starts_with("exit code ") || *l == "and serves");
        let command = all
            .iter_mut()
            .find(|(name, _)| typed == name.as_str() || typed.starts_with(&format!("{name} ")));
        if let (Some((_, seen)), Some(ended)) = (command, ended) {
            match ended {
                "exit code 0" | "and serves" => seen.0 = true,
                _ => seen.1 = true,
            }
        }
    }
    let missing: Vec<_> = all
        .iter()
        .filter(|(name, seen)| **seen != (true, true) && !TESTED_ELSEWHERE.contains(&name.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "no snapshot shows (success, failure) of {missing:?}"
    );
}
