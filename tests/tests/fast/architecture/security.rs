//! Compares docs/security.md with the files, and checks the security settings of Terraform and the SBOM.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::tree;

const PAGE: &str = "docs/security.md";

/// The cells of each row in the table of attacks.
fn attacks() -> Vec<Vec<String>> {
    let page = tree::text(Path::new(PAGE)).expect(PAGE);
    let (_, rest) = page.split_once("## Attack by attack").expect("the table");
    let (table, _) = rest.split_once("\n## ").expect("a section after it");
    let rows = table.lines().filter(|l| l.starts_with("| "));
    rows.skip(1)
        .map(|row| {
            row.trim_matches('|')
                .split('|')
                .map(|c| c.trim().to_owned())
                .collect()
        })
        .collect()
}

/// The parts of a text in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Names of all Rust test functions.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in tree::rust_files("") {
        let text = tree::text(&file).unwrap_or_default();
        let parts = text.split("#[test]").chain(text.split("#[tokio::test"));
        // The name is that of the first function after the attribute; in proptest it comes later.
        for part in parts.skip(1) {
            let name = part.split_once("fn ").map(|(_, rest)| rest);
            let name = name.and_then(|rest| rest.split('(').next());
            names.extend(name.map(str::to_owned));
        }
    }
    assert!(names.len() > 500, "found only {} tests", names.len());
    names
}

fn exists(path: &str) -> bool {
    let path = path.split_ascii_whitespace().next().unwrap_or_default();
    ["", "shared"]
        .iter()
        .any(|folder| tree::root().join(folder).join(path).exists())
}

#[test]
fn each_of_the_eighteen_attacks_names_its_code_and_tests() {
    let tests = tests();
    let rows = attacks();
    let numbers: Vec<&str> = rows.iter().map(|r| r[0].as_str()).collect();
    let expected: Vec<String> = (1..=18).map(|n| n.to_string()).collect();
    assert_eq!(numbers, expected);
    for row in &rows {
        let [number, _, hardening, places, evidence] = &row[..] else {
            panic!("{PAGE}: expected five cells, found {row:?}");
        };
        for place in quoted(places) {
            assert!(exists(place), "row {number}: {place}");
        }
        let named = quoted(evidence);
        for name in &named {
            let known = tests.contains(*name) || exists(name);
            assert!(known, "row {number}: neither a file nor a test: {name}");
        }
        let absent = hardening.starts_with("not applicable");
        assert!(
            absent || named.iter().any(|n| tests.contains(*n)),
            "row {number} names no test"
        );
    }
}

/// Policies that may use `*` for resources, actions or principals: file, statement, value.
const EVERYTHING: &[(&str, &str, &str)] = &[
    // A denial cannot be too broad.
    ("terraform/modules/buckets/main.tf", "TlsOnly", "s3:*"),
    ("terraform/modules/buckets/main.tf", "TlsOnly", "*"),
    // X-Ray has no resource ARNs.
    ("terraform/modules/functions/roles.tf", "Traces", "*"),
    ("terraform/modules/state_machine/role.tf", "Traces", "*"),
    // Log deliveries and resource policies of log groups have no resource ARNs.
    ("terraform/modules/state_machine/role.tf", "Logs", "*"),
];

/// Every unrestricted `*` in a policy statement.
fn everything() -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    let files = tree::files("terraform").into_iter();
    for file in files.filter(|f| f.extension().is_some_and(|e| e == "tf")) {
        let text = tree::text(&file).expect("text");
        for policy in text.split("data \"aws_iam_policy_document\"").skip(1) {
            let policy = policy.split("\n}\n").next().unwrap_or_default();
            for statement in policy.split("statement {").skip(1) {
                let sid = statement
                    .split_once("sid")
                    .and_then(|(_, rest)| rest.split('"').nth(1));
                let words = statement.split('"').skip(1).step_by(2);
                let service = |w: &str| {
                    w.split_once(':').is_some_and(|(s, action)| {
                        action.contains('*')
                            && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    })
                };
                for word in words.filter(|w| *w == "*" || service(w)) {
                    let sid = sid.unwrap_or_default().to_owned();
                    found.insert((file.display().to_string(), sid, word.to_owned()));
                }
            }
        }
    }
    found
}

#[test]
fn no_policy_has_a_wildcard_that_is_not_listed() {
    let listed = EVERYTHING
        .iter()
        .map(|(file, sid, what)| ((*file).to_owned(), (*sid).to_owned(), (*what).to_owned()));
    assert_eq!(everything(), listed.collect());
}

#[test]
fn every_bucket_is_closed_encrypted_versioned_and_tidied() {
    let text = tree::text(Path::new("terraform/modules/buckets/main.tf")).expect("text");
    let block = |kind: &str| {
        let (_, rest) = text
            .split_once(&format!("\"{kind}\" \"this\" {{\n"))
            .expect(kind);
        let block = rest.split("\n}\n").next().unwrap_or_default();
        assert!(
            block.contains("for_each = var.specs") || block.contains("spec in var.specs"),
            "{kind}"
        );
        let words = block.split_ascii_whitespace().collect::<Vec<_>>();
        words.join(" ")
    };
    for (kind, settings) in [
        (
            "aws_s3_bucket_public_access_block",
            &[
                "block_public_acls = true",
                "block_public_policy = true",
                "ignore_public_acls = true",
                "restrict_public_buckets = true",
            ][..],
        ),
        (
            "aws_s3_bucket_ownership_controls",
            &["object_ownership = \"BucketOwnerEnforced\""],
        ),
        (
            "aws_s3_bucket_server_side_encryption_configuration",
            &["sse_algorithm ="],
        ),
        ("aws_s3_bucket_versioning", &["status = \"Enabled\""]),
        (
            "aws_s3_bucket_lifecycle_configuration",
            &["abort_incomplete_multipart_upload {", "\"expiration\""],
        ),
        (
            "aws_iam_policy_document",
            &[
                "effect = \"Deny\"",
                "aws:SecureTransport",
                "values = [\"false\"]",
            ],
        ),
        (
            "aws_s3_bucket_policy",
            &["data.aws_iam_policy_document.this"],
        ),
    ] {
        let block = block(kind);
        for setting in settings {
            assert!(block.contains(setting), "{kind}: expected {setting}");
        }
    }
    let specs = tree::text(Path::new("terraform/resources.yaml")).expect("text");
    let specs: serde_norway::Value = serde_norway::from_str(&specs).expect("YAML");
    assert_eq!(
        specs["buckets"]["input"]["versioned"], true,
        "versions of mezzanines are pinned"
    );
    assert_eq!(
        specs["buckets"]["output"]["expire"]["prefix"],
        reelsmith_core::keys::WORKING,
        "what lies under the working prefix expires"
    );
}

/// Calls scripts/package for the SBOM of programs that consist only of a build configuration.
const SBOM: &str = r#"
import importlib.machinery, importlib.util, json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "scripts")
import media_layer
loader = importlib.machinery.SourceFileLoader("package", "scripts/package")
package = importlib.util.module_from_spec(importlib.util.spec_from_loader("package", loader))
loader.exec_module(package)
layer = media_layer.pins()
names = [name for package in layer["packages"] for name in package["platforms"]["linux-x86_64"]["programs"]]
programs = {name: b"\0--static --enable-libx264 --enable-gpl --enable-gnutls\0" for name in names}
print(json.dumps([package.sbom(layer, arch, programs) for arch in ("x86_64", "arm64")]))
"#;

#[test]
fn the_layers_sbom_names_every_program_and_what_is_linked_in() {
    let output = Command::new("python3")
        .args(["-B", "-c", SBOM])
        .current_dir(tree::root())
        .output();
    let output = output.expect("python3");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let boms: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let layer = tree::text(Path::new("scripts/media-layer.json")).expect("text");
    let layer: serde_json::Value = serde_json::from_str(&layer).expect("JSON");
    for (bom, arch) in boms
        .as_array()
        .expect("two")
        .iter()
        .zip(["x86_64", "arm64"])
    {
        assert_eq!(
            (bom["bomFormat"].as_str(), bom["specVersion"].as_str()),
            (Some("CycloneDX"), Some("1.5"))
        );
        let components = bom["components"].as_array().expect("components");
        let packages = layer["packages"].as_array().expect("packages");
        let pinned = packages.iter().flat_map(|package| {
            let platform = &package["platforms"][format!("linux-{arch}")];
            let programs = platform["programs"].as_object().expect("programs");
            programs
                .iter()
                .map(move |(tool, spec)| (package, tool, spec))
        });
        for (package, tool, spec) in pinned {
            let found = components
                .iter()
                .find(|c| c["bom-ref"] == **tool)
                .expect("the tool");
            assert_eq!(found["hashes"][0]["content"], spec["sha256"]);
            assert_eq!(found["version"], package["version"]);
            assert_eq!(found["licenses"][0]["license"]["id"], layer["license"]);
            let depends = bom["dependencies"].as_array().expect("dependencies");
            let depends = depends
                .iter()
                .find(|d| d["ref"] == **tool)
                .expect("its libraries");
            let libraries = [format!("{tool}/gnutls"), format!("{tool}/libx264")];
            assert_eq!(depends["dependsOn"], serde_json::json!(libraries));
            for library in libraries {
                assert!(
                    components.iter().any(|c| c["bom-ref"] == *library),
                    "{library}"
                );
            }
        }
    }
}
