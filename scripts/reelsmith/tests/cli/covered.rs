//! Every command has its output and its errors in a snapshot of this folder.

use std::collections::BTreeMap;

/// Commands that run, by the words that lead to them; true where one was shown to end well, and to fail.
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

/// `doctor` ends as the machine is, so its own test compares code and findings; what `sign` prints depends on key and
/// clock, and is compared in its module.
const BY_ITSELF: [&str; 2] = ["doctor", "sign"];

#[test]
fn the_output_and_an_error_of_every_command_is_in_a_snapshot() {
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
        .filter(|(name, seen)| **seen != (true, true) && !BY_ITSELF.contains(&name.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "(ends well, fails) is not shown of {missing:?}"
    );
}
