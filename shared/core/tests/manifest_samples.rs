//! The sample manifests: the valid ones are parsed to these values, the invalid ones have exactly these defects.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use reelsmith_core::manifest::{Severity, parse};

fn samples(kind: &str) -> BTreeMap<String, Vec<u8>> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../sample-data/manifests")
        .join(kind);
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries
        .filter(|p| p.extension().is_some_and(|e| e == "xml"))
        .map(|p| (name(&p), std::fs::read(&p).unwrap()))
        .collect()
}

#[test]
fn good_samples_have_no_defect() {
    let samples = samples("good");
    assert!(samples.len() >= 6);
    for (name, xml) in samples {
        let parsed = parse(&xml);
        assert_eq!(parsed.defects, [], "{name}");
        let manifest = parsed.manifest.unwrap();
        insta::with_settings!({ snapshot_suffix => name, omit_expression => true }, {
            insta::assert_yaml_snapshot!("good", manifest);
        });
    }
}

#[test]
fn bad_samples_have_exactly_these_defects() {
    let mut report = String::new();
    let samples = samples("bad");
    assert!(samples.len() >= 16);
    for (name, xml) in samples {
        let parsed = parse(&xml);
        assert_eq!(parsed.manifest, None, "{name}");
        writeln!(report, "{name}").unwrap();
        for defect in &parsed.defects {
            writeln!(report, "    {defect}").unwrap();
        }
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("bad", report);
    });
}

#[test]
fn each_bad_sample_has_one_kind_of_defect() {
    // A misspelled element is also a missing one.
    let twofold = ["many-defects.xml", "misspelled-element.xml"];
    for (name, xml) in samples("bad") {
        let parsed = parse(&xml);
        let errors = parsed
            .defects
            .iter()
            .filter(|d| d.severity == Severity::Error);
        match name.as_str() {
            "many-defects.xml" => assert!(errors.count() >= 8),
            name if twofold.contains(&name) => assert_eq!(parsed.defects.len(), 2, "{name}"),
            name => assert_eq!((errors.count(), parsed.defects.len()), (1, 1), "{name}"),
        }
    }
}
