//! The files of the checkout.

use std::path::{Path, PathBuf};

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests have a parent folder")
        .to_owned()
}

/// Generated, downloaded and temporary folders, which are not committed.
const NOT_OURS: &[&str] = &[
    "target",
    ".git",
    ".local",
    ".terraform",
    "node_modules",
    "__pycache__",
];

/// Every file below a folder, as a sorted path relative to the checkout.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    let root = root();
    let mut found: Vec<_> = found
        .iter()
        .map(|f| {
            f.strip_prefix(&root)
                .expect("a file of the checkout")
                .to_owned()
        })
        .collect();
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.map(|e| e.expect("an entry")) {
        let kind = entry.file_type().expect("a file type");
        let ours = !NOT_OURS.iter().any(|n| entry.file_name() == *n);
        if kind.is_dir() && ours {
            collect(&entry.path(), found);
        } else if kind.is_file() && ours {
            found.push(entry.path());
        }
    }
}

/// The Rust sources below a folder.
pub fn rust_files(folder: &str) -> Vec<PathBuf> {
    let all = files(folder).into_iter();
    all.filter(|f| f.extension().is_some_and(|e| e == "rs"))
        .collect()
}

/// The text of a file; `None` if it is not text.
pub fn text(file: &Path) -> Option<String> {
    std::fs::read_to_string(root().join(file)).ok()
}

/// Registry hosts, in halves so that this file does not match.
const HOSTS: &[(&str, &str)] = &[
    ("registry.", "npmjs.org"),
    ("registry.", "yarnpkg.com"),
    ("registry.", "terraform.io"),
    ("files.", "pythonhosted.org"),
    ("pypi", ".org/simple"),
    ("static.", "crates.io"),
    ("index.", "crates.io"),
    ("proxy.", "golang.org"),
];

/// Prefixes of paths that exist only on one machine, in halves so that this file does not match.
const MACHINE_PATHS: &[(&str, &str)] = &[
    ("/ro", "ot/"),
    ("/wo", "rk/"),
    ("/Us", "ers/"),
    ("/home", "/runner"),
    ("/tmp", "/w/"),
    ("/tmp/t", "-"),
];

fn begins_a_path(text: &str, at: usize) -> bool {
    // `artwork/` within a path or a word is not an absolute path.
    !text[..at]
        .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '}' | '_' | '-' | '/' | '*'))
}

#[test]
fn nothing_of_a_build_machine_is_committed() {
    for file in files("") {
        let Some(text) = text(&file) else { continue };
        for (a, b) in HOSTS {
            assert!(
                !text.contains(&format!("{a}{b}")),
                "{} names the host {a}{b}",
                file.display()
            );
        }
        for (a, b) in MACHINE_PATHS {
            let path = format!("{a}{b}");
            let found = text
                .match_indices(&path)
                .find(|(at, _)| begins_a_path(&text, *at));
            assert!(
                found.is_none(),
                "{} names a path below {path}",
                file.display()
            );
        }
    }
}

#[test]
fn lock_files_name_only_the_public_index() {
    let cargo = text(Path::new("Cargo.lock")).expect("Cargo.lock");
    let sources = cargo.lines().filter(|l| l.starts_with("source = "));
    let index = r#"source = "registry+https://github.com/rust-lang/crates.io-index""#;
    assert!(sources.clone().count() > 100);
    let other: Vec<_> = sources.filter(|l| *l != index).collect();
    assert!(other.is_empty(), "{other:?}");
    for file in files("") {
        let name = file
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        let text = || text(&file).unwrap_or_default();
        assert!(
            name != "package-lock.json" || !text().contains("\"resolved\""),
            "{}",
            file.display()
        );
        assert!(
            !name.starts_with("requirements") || !text().contains("index-url"),
            "{}",
            file.display()
        );
    }
}
