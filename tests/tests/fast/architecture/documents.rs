//! Checks that links in documents resolve, and that ARCHITECTURE.md lists the allowed imports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{FUNCTION_MAY_IMPORT, MAY_IMPORT, tree};

/// Every Markdown file of the checkout with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let files = tree::files("").into_iter();
    let files = files.filter(|f| f.extension().is_some_and(|e| e == "md"));
    files
        .filter_map(|f| tree::text(&f).map(|text| (f, text)))
        .collect()
}

/// The lines of a document outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence && !line.starts_with("    ")
    })
}

/// The anchors that GitHub generates for a document's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

/// The link targets of a document within the checkout.
fn links(text: &str) -> Vec<&str> {
    let after = prose(text).flat_map(|line| line.split("](").skip(1));
    let targets = after.filter_map(|rest| rest.split(')').next());
    targets.filter(|t| !t.contains("://")).collect()
}

#[test]
fn every_link_in_a_document_resolves() {
    let mut broken = Vec::new();
    let mut count = 0;
    for (file, text) in documents() {
        let folder = file.parent().unwrap_or(Path::new(""));
        for link in links(&text) {
            count += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                file.clone()
            } else {
                folder.join(path)
            };
            let known = tree::root().join(&target).exists()
                && (anchor.is_empty()
                    || tree::text(&target).is_some_and(|t| anchors(&t).contains(anchor)));
            if !known {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
    assert!(count > 40, "found only {count} links");
}

#[test]
fn the_documented_imports_equal_the_enforced_ones() {
    let page = tree::text(Path::new("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mut listed = BTreeMap::new();
    for line in page.lines().filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let (Some(folder), Some(may)) = (cells.first(), cells.last()) else {
            continue;
        };
        let folder = folder.trim_matches('`').to_owned();
        let may = may.split(';').next().unwrap_or_default();
        let may = may.split(',').map(|m| m.trim().to_owned());
        listed.insert(folder, may.filter(|m| m != "–").collect::<BTreeSet<_>>());
    }
    let short = |names: &[&str]| -> BTreeSet<String> {
        let names = names.iter().map(|n| n.trim_start_matches("reelsmith-"));
        names.map(str::to_owned).collect()
    };
    for (name, may) in MAY_IMPORT {
        let folder = match *name {
            "reelsmith-validate" => "scripts/validator".to_owned(),
            name => format!("shared/{}", name.trim_start_matches("reelsmith-")),
        };
        assert_eq!(listed.get(&folder), Some(&short(may)), "{folder}");
    }
    assert_eq!(listed.get("functions/*"), Some(&short(FUNCTION_MAY_IMPORT)));
}
