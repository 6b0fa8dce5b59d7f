//! What the sources reach for. Compared is code without comments and without unit tests.

use std::path::Path;

use super::tree;

/// The production code of a file: no comment lines and no `mod tests`, which ends at the next brace in column one.
fn code(file: &Path) -> String {
    let text = tree::text(file).expect("text");
    let mut production = text.clone();
    if let Some((before, tests)) = text.split_once("#[cfg(test)]\nmod tests {") {
        let after = tests.split_once("\n}\n").map_or("", |(_, after)| after);
        production = format!("{before}{after}");
    }
    let lines = production
        .lines()
        .filter(|l| !l.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test(file: &Path) -> bool {
    let parts: Vec<_> = file.iter().filter_map(|p| p.to_str()).collect();
    parts.contains(&"tests") || matches!(parts.last(), Some(&("tests.rs" | "testing.rs")))
}

/// Where a folder's production code contains one of some tokens: `FILE: TOKEN`.
fn found_in(folder: &str, tokens: &[&str]) -> Vec<String> {
    let files = tree::rust_files(folder);
    assert!(!files.is_empty(), "{folder} has no sources");
    let production = files.iter().filter(|f| !is_test(f));
    production
        .flat_map(|file| {
            let code = code(file);
            let found = tokens.iter().filter(move |t| code.contains(**t));
            found
                .map(|t| format!("{}: {t}", file.display()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn core_and_conformance_touch_no_clock_no_environment_and_no_files() {
    let tokens = [
        "tokio",
        "std::env",
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant",
        "File::open",
        "println!",
    ];
    for folder in ["shared/core/src", "shared/conformance/src"] {
        assert_eq!(found_in(folder, &tokens), Vec::<String>::new());
    }
}

const SPAWNING: &[&str] = &[
    "process::Command",
    "rustix::process",
    "Command::new(\"",
    "fork(",
];

#[test]
fn only_media_starts_processes() {
    for folder in [
        "shared/core",
        "shared/conformance",
        "shared/contract",
        "shared/aws",
        "shared/lambda",
        "shared/pipeline",
        "functions",
    ] {
        assert_eq!(found_in(folder, SPAWNING), Vec::<String>::new());
    }
    assert!(
        !found_in("shared/media", SPAWNING).is_empty(),
        "the tokens no longer find what media does"
    );
}

/// Reading, not `env!`, which the compiler answers.
const ENVIRONMENT: &[&str] = &["env::var", "env::args", "env::set_", "env::remove_"];

#[test]
fn only_lambda_reads_the_environment() {
    // Looking a program up on PATH is part of starting it.
    let lookup = "shared/media/src/tools.rs: env::var";
    for folder in [
        "shared/core",
        "shared/conformance",
        "shared/contract",
        "shared/aws",
        "shared/media",
        "shared/pipeline",
        "functions",
    ] {
        let found: Vec<_> = found_in(folder, ENVIRONMENT)
            .into_iter()
            .filter(|f| f != lookup)
            .collect();
        assert_eq!(found, Vec::<String>::new());
    }
    let tools = code(Path::new("shared/media/src/tools.rs"));
    assert_eq!(
        tools.matches("env::var").count(),
        tools.matches("env::var_os(\"PATH\")").count()
    );
    assert!(
        !found_in("shared/lambda", ENVIRONMENT).is_empty(),
        "the tokens no longer find what lambda does"
    );
}

#[test]
fn functions_ask_the_clock_port_for_the_time() {
    assert_eq!(
        found_in("functions", &["SystemTime", "UNIX_EPOCH", "Timestamp::now"]),
        Vec::<String>::new()
    );
}

#[test]
fn a_functions_main_only_builds_the_ports_and_runs() {
    for file in tree::rust_files("functions")
        .iter()
        .filter(|f| f.ends_with("src/main.rs"))
    {
        let lines = tree::text(file).expect("text").lines().count();
        assert!(lines <= 30, "{} has {lines} lines", file.display());
    }
}
