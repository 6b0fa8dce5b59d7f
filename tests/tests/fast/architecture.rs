//! Enforces ARCHITECTURE.md with `cargo metadata` and the files of the checkout: imports between crates, purity, files that
//! belong together, and no trace of a build machine.

mod documents;
mod functions;
mod module_cycles;
mod security;
mod sources;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// The crates of reelsmith that each crate of shared/ may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("reelsmith-xxhash", &[]),
    ("reelsmith-core", &["reelsmith-xxhash"]),
    ("reelsmith-isobmff", &[]),
    ("reelsmith-sound", &["reelsmith-core"]),
    (
        "reelsmith-conformance",
        &["reelsmith-core", "reelsmith-isobmff"],
    ),
    ("reelsmith-contract", &["reelsmith-core"]),
    (
        "reelsmith-validate",
        &[
            "reelsmith-core",
            "reelsmith-conformance",
            "reelsmith-contract",
            "reelsmith-media",
            "reelsmith-pipeline",
        ],
    ),
    (
        "reelsmith-media",
        &[
            "reelsmith-core",
            "reelsmith-isobmff",
            "reelsmith-sound",
            "reelsmith-contract",
        ],
    ),
    (
        "reelsmith-aws",
        &[
            "reelsmith-core",
            "reelsmith-conformance",
            "reelsmith-contract",
        ],
    ),
    (
        "reelsmith-report",
        &["reelsmith-core", "reelsmith-conformance"],
    ),
    (
        "reelsmith-pipeline",
        &[
            "reelsmith-core",
            "reelsmith-isobmff",
            "reelsmith-conformance",
            "reelsmith-contract",
            "reelsmith-media",
            "reelsmith-report",
        ],
    ),
    (
        "reelsmith-lambda",
        &[
            "reelsmith-core",
            "reelsmith-contract",
            "reelsmith-media",
            "reelsmith-pipeline",
            "reelsmith-aws",
        ],
    ),
    (
        "reelsmith-testkit",
        &[
            "reelsmith-core",
            "reelsmith-isobmff",
            "reelsmith-conformance",
            "reelsmith-contract",
        ],
    ),
];

/// Functions use AWS through the ports that reelsmith-lambda builds, so reelsmith-aws is not in the list.
const FUNCTION_MAY_IMPORT: &[&str] = &[
    "reelsmith-core",
    "reelsmith-isobmff",
    "reelsmith-conformance",
    "reelsmith-contract",
    "reelsmith-media",
    "reelsmith-pipeline",
    "reelsmith-lambda",
];

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(tree::root().join("Cargo.toml"));
    // The dependencies of this test are already downloaded, and a test must not fetch anything.
    let options = ["--offline", "--filter-platform", &host()];
    command.other_options(options.map(str::to_owned).to_vec());
    command.exec().expect("cargo metadata")
}

fn host() -> String {
    let output = std::process::Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc");
    let text = String::from_utf8(output.stdout).expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.expect("a host triple").to_owned()
}

fn members(metadata: &Metadata) -> BTreeMap<&str, &Package> {
    metadata
        .workspace_packages()
        .into_iter()
        .map(|p| (p.name.as_str(), p))
        .collect()
}

fn is_function(package: &Package) -> bool {
    package
        .manifest_path
        .components()
        .any(|part| part.as_str() == "functions")
}

fn imports(package: &Package, kind: DependencyKind) -> BTreeSet<&str> {
    let of_kind = package.dependencies.iter().filter(|d| d.kind == kind);
    of_kind.map(|d| d.name.as_str()).collect()
}

#[test]
fn imports_go_one_way() {
    let metadata = metadata();
    let members = members(&metadata);
    let names: BTreeSet<_> = members.keys().copied().collect();
    for (name, package) in &members {
        let allowed: BTreeSet<&str> = match MAY_IMPORT.iter().find(|(n, _)| n == name) {
            Some((_, allowed)) => allowed.iter().copied().collect(),
            None if is_function(package) => FUNCTION_MAY_IMPORT.iter().copied().collect(),
            None => names.clone(),
        };
        for kind in [DependencyKind::Normal, DependencyKind::Build] {
            let ours: BTreeSet<_> = imports(package, kind)
                .intersection(&names)
                .copied()
                .collect();
            let wrong: Vec<_> = ours.difference(&allowed).collect();
            assert!(wrong.is_empty(), "{name} may not import {wrong:?}");
        }
    }
}

/// The validator can be installed alone, so nothing that it needs may need the AWS SDK.
#[test]
fn the_validator_does_not_need_the_aws_sdk() {
    let metadata = metadata();
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|n| (&n.id, n)).collect();
    let members = members(&metadata);
    let mut open = vec![&members["reelsmith-validate"].id];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        assert!(!metadata[id].name.starts_with("aws-sdk"), "{id}");
        let normal = nodes[id].deps.iter().filter(|d| {
            let mut kinds = d.dep_kinds.iter();
            kinds.any(|k| k.kind == DependencyKind::Normal)
        });
        open.extend(normal.map(|d| &d.pkg));
    }
    assert!(seen.len() > 50, "{}", seen.len());
}

#[test]
fn production_code_does_not_import_the_testkit() {
    let metadata = metadata();
    for (name, package) in members(&metadata) {
        let testkit = imports(package, DependencyKind::Normal).contains("reelsmith-testkit");
        assert!(
            !testkit || name == "reelsmith-tests",
            "{name} imports the testkit outside of its tests"
        );
    }
}

#[test]
fn functions_do_not_import_each_other_even_in_tests() {
    let metadata = metadata();
    let members = members(&metadata);
    let functions: BTreeSet<_> = members
        .iter()
        .filter(|(_, p)| is_function(p))
        .map(|(n, _)| *n)
        .collect();
    assert!(functions.len() > 10, "found only {functions:?}");
    for function in &functions {
        let all = members[function]
            .dependencies
            .iter()
            .map(|d| d.name.as_str());
        let others: Vec<_> = all.filter(|n| functions.contains(n)).collect();
        assert!(others.is_empty(), "{function} imports {others:?}");
    }
}

#[test]
fn only_the_aws_crate_imports_the_sdk_and_only_lambda_the_runtime() {
    let metadata = metadata();
    let is_sdk = |n: &str| {
        ["aws-sdk-", "aws-config", "aws-smithy-", "aws-credential-"]
            .iter()
            .any(|p| n.starts_with(p))
    };
    for (name, package) in members(&metadata) {
        let all: Vec<_> = package
            .dependencies
            .iter()
            .map(|d| d.name.as_str())
            .collect();
        let sdk: Vec<_> = all.iter().filter(|n| is_sdk(n)).collect();
        assert!(
            name == "reelsmith-aws" || sdk.is_empty(),
            "{name} imports {sdk:?}"
        );
        assert!(
            name == "reelsmith-lambda" || !all.contains(&"lambda_runtime"),
            "{name} imports lambda_runtime"
        );
    }
}

/// Crates that can wait, connect, or call the operating system. A pure crate must not depend on them, even indirectly.
const IMPURE: &[&str] = &[
    "tokio",
    "mio",
    "hyper",
    "rustix",
    "socket2",
    "aws-config",
    "lambda_runtime",
];

#[test]
fn core_conformance_and_contract_are_pure_all_the_way_down() {
    let metadata = metadata();
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|n| (&n.id, n)).collect();
    let name_of: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|p| (&p.id, p.name.as_str()))
        .collect();
    for start in [
        "reelsmith-core",
        "reelsmith-conformance",
        "reelsmith-contract",
        "reelsmith-report",
        "reelsmith-sound",
    ] {
        let mut seen = BTreeSet::new();
        let mut ahead = vec![&members(&metadata)[start].id];
        while let Some(id) = ahead.pop() {
            if !seen.insert(name_of[id]) {
                continue;
            }
            let normal = nodes[id]
                .deps
                .iter()
                .filter(|d| d.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal));
            ahead.extend(normal.map(|d| &nodes[&d.pkg].id));
        }
        let impure: Vec<_> = IMPURE.iter().filter(|n| seen.contains(**n)).collect();
        assert!(impure.is_empty(), "{start} reaches {impure:?}");
        assert!(
            seen.contains("serde"),
            "the walk from {start} found only {seen:?}"
        );
    }
}

#[test]
fn every_crate_inherits_the_lints_and_the_versions_of_the_workspace() {
    let metadata = metadata();
    for (name, package) in members(&metadata) {
        let text = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{name} does not inherit the lints"
        );
        let own: Vec<_> = text
            .lines()
            .skip_while(|l| !l.contains("dependencies]"))
            .filter(|l| l.contains('=') && !l.contains("workspace = true"))
            .collect();
        assert!(
            own.is_empty(),
            "{name} declares versions of its own: {own:?}"
        );
    }
}

/// The numbers of `1.94.1` or `1.94`, for comparison.
fn release(version: &str) -> Vec<u64> {
    let parts = version
        .split('.')
        .map(|part| part.parse().expect("a number"));
    let mut parts: Vec<u64> = parts.collect();
    parts.resize(3, 0);
    parts
}

#[test]
fn the_minimum_rust_version_is_what_the_locked_dependencies_need() {
    let packages = metadata().packages;
    let needs = |p: &&Package| p.rust_version.as_ref().map(ToString::to_string);
    let (ours, foreign): (Vec<_>, Vec<_>) = packages.iter().partition(|p| p.source.is_none());
    let ours: BTreeSet<_> = ours.iter().filter_map(needs).collect();
    let foreign = foreign.iter().filter_map(needs);
    let newest = foreign.max_by_key(|version| release(version));
    let stated: Vec<_> = ours.iter().collect();
    assert_eq!(stated, [&newest.expect("a dependency that states one")]);
    let readme = tree::text(std::path::Path::new("README.md")).expect("README.md");
    let stated = format!("Rust ({} or later)", stated[0]);
    assert!(readme.contains(&stated), "README.md does not say {stated}");
}
