//! Packages of other packagers, from `../shared/corpus`: what they break, and that they break nothing else.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test unpacks an archive and reads its options from the environment"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use reelsmith_conformance::testing::ValidOutput;
use reelsmith_conformance::{Profiles, Report, Severity, check};

/// The folder with a folder for each package: `PEERS`, or the unpacked archive of the corpus.
fn packages() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("PEERS") {
        return Some(folder.into());
    }
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/peers.tar.xz");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    if !archive.exists() {
        return None;
    }
    std::fs::create_dir_all(&folder).unwrap();
    let mut tar = std::process::Command::new("tar");
    let tar = tar.args([Path::new("-xJf"), &archive, Path::new("-C"), &folder]);
    assert!(tar.status().unwrap().success());
    Some(folder)
}

fn read(folder: &Path, below: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(folder, &path, files);
        } else {
            let name = path.strip_prefix(folder).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            files.insert(name.to_str().unwrap().to_owned(), bytes);
        }
    }
}

fn report(folder: &Path) -> Report {
    let mut files = BTreeMap::new();
    read(folder, folder, &mut files);
    let delivery = ValidOutput::raw(files).delivery();
    check(&delivery, None, Profiles::infer(&delivery))
}

/// What packages break, with the reason.
const BROKEN: [(&str, &str); 4] = [
    // RFC 8216, 4.3.4.2: BANDWIDTH is 1 % below the peak of the segments, which are complete.
    ("ff-hls-aes", "HLS-M09"),
    ("ff-hls-ts", "HLS-M09"),
    // ISO/IEC 23009-1, 5.3.9.5.3: the segment with the number @startNumber starts after 4 s, not at the start of the period.
    ("shaka-lldash", "DSH-12"),
    // ISO/IEC 23009-1, 5.3.5.2: @bandwidth is a twentieth of the rate of the segments.
    ("shaka-lldash", "DSH-15"),
];

#[test]
fn packages_of_other_packagers_break_only_what_they_break() {
    let Some(folder) = packages() else {
        eprintln!("not run: no ../shared/corpus/peers.tar.xz");
        return;
    };
    let folders = std::fs::read_dir(&folder).unwrap();
    let folders = folders.map(|e| e.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|p| p.is_dir()).collect();
    folders.sort();
    let mut wrong = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let report = report(&folder);
        println!("== {name}\n{}", report.summary());
        let fails = report
            .violations
            .iter()
            .filter(|v| v.severity == Severity::Fail);
        let found: BTreeSet<&str> = fails.map(|v| &*v.rule).collect();
        let known = BROKEN.iter().filter(|(package, _)| *package == name);
        let known: BTreeSet<&str> = known.map(|(_, rule)| *rule).collect();
        if found != known {
            wrong.push(format!("{name}: {found:?} instead of {known:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
