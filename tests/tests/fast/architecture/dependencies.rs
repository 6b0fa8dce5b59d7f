//! deny.toml, held over what Cargo resolves: licences, bans, sources. cargo-deny reads the same file and adds the
//! advisories, where it is installed and the database can be reached (scripts/check-dependencies).

use std::collections::BTreeSet;

use cargo_metadata::Package;
use serde::Deserialize;
use spdx::{Expression, ParseMode};

use super::tree;

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: BTreeSet<String>,
}

fn deny() -> Deny {
    let text = tree::text(std::path::Path::new("deny.toml")).expect("deny.toml");
    toml::from_str(&text).expect("deny.toml in its own format")
}

fn foreign() -> Vec<Package> {
    let packages = super::metadata().packages;
    let foreign: Vec<_> = packages
        .into_iter()
        .filter(|p| p.source.is_some())
        .collect();
    assert!(foreign.len() > 100, "found only {}", foreign.len());
    foreign
}

/// Whether a licence expression can be met with these licences alone.
fn allowed(expression: &str, licences: &BTreeSet<String>) -> bool {
    // Older crates write MIT/Apache-2.0.
    let parsed = Expression::parse_mode(expression, ParseMode::LAX);
    parsed.is_ok_and(|e| e.evaluate(|requirement| licences.contains(&requirement.to_string())))
}

#[test]
fn every_licence_is_on_the_list_and_the_list_names_no_other() {
    let deny = deny();
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for package in foreign() {
        let licence = package.license.clone().unwrap_or_default();
        used.extend(
            deny.licenses
                .allow
                .iter()
                .filter(|l| licence.contains(l.as_str()))
                .cloned(),
        );
        if !allowed(&licence, &deny.licenses.allow) {
            wrong.push(format!("{} {}: {licence}", package.name, package.version));
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "not allowed by deny.toml");
    assert_eq!(
        used, deny.licenses.allow,
        "allowed by deny.toml, but used by nothing"
    );
}

#[test]
fn no_banned_crate_is_built_in_and_everything_comes_from_the_registry() {
    let deny = deny();
    let banned: BTreeSet<&str> = deny.bans.deny.iter().map(|b| b.name.as_str()).collect();
    assert!(!banned.is_empty());
    for package in foreign() {
        assert!(
            !banned.contains(package.name.as_str()),
            "{} is banned by deny.toml",
            package.name
        );
        let source = package
            .source
            .as_ref()
            .map(|s| s.repr.clone())
            .unwrap_or_default();
        let registry = source.strip_prefix("registry+").unwrap_or(&source);
        assert!(
            deny.sources.allow_registry.contains(registry),
            "{} comes from {source}",
            package.name
        );
    }
}

#[test]
fn a_licence_is_judged_as_an_expression() {
    let licences = ["MIT", "ISC"].map(str::to_owned).into();
    for (expression, expected) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0-only OR MIT", true),
        ("ISC AND MIT", true),
        ("GPL-3.0-only", false),
        ("MIT AND GPL-3.0-only", false),
        ("", false),
        ("see LICENSE", false),
    ] {
        assert_eq!(allowed(expression, &licences), expected, "{expression:?}");
    }
}
