//! Writes every damage as files for independent validators; `scripts/check-judges` runs it.

use std::path::Path;

use super::*;

/// The folder to write to.
const FOLDER: &str = "REELSMITH_DAMAGES";

/// Writes an output to a folder, and returns its entry for the index.
fn write(folder: &Path, name: &str, owner: Option<&str>, good: &ValidOutput) -> serde_json::Value {
    for (path, bytes) in good.bytes() {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    let report = good.report();
    let found: BTreeSet<&str> = report.violations.iter().map(|v| &*v.rule).collect();
    serde_json::json!({
        "folder": folder.file_name().unwrap().to_str().unwrap(),
        "name": name,
        "owner": owner,
        "severity": owner.map(|id| registry().find(|r| r.id == id).unwrap().severity(Profiles::REELSMITH).map(|s| s.to_string())),
        "found": found,
    })
}

/// Damage to the listing or to the expectation only is not written, because a reader of files cannot see it.
#[test]
#[ignore = "writes files for scripts/check-judges"]
#[allow(
    clippy::disallowed_methods,
    reason = "a test reads its options from the environment"
)]
fn write_every_output_and_every_damage() {
    let folder = std::env::var_os(FOLDER).expect(FOLDER);
    let folder = Path::new(&folder);
    let goods = [
        ("good", ValidOutput::new()),
        ("good-protected", ValidOutput::protected()),
        ("good-transport", ValidOutput::transport()),
    ];
    let bytes: Vec<_> = goods.iter().map(|(_, good)| good.bytes()).collect();
    let (mut index, mut elsewhere) = (Vec::new(), 0);
    for (name, good) in &goods {
        index.push(write(&folder.join(name), name, None, good));
    }
    for (number, damage) in (1..).zip(all()) {
        let mut good = goods[0].1.clone();
        (damage.apply)(&mut good);
        if bytes.contains(&good.bytes()) {
            elsewhere += 1;
            continue;
        }
        let to = folder.join(format!("damage-{number:03}"));
        index.push(write(&to, damage.name, Some(damage.rule), &good));
    }
    let index = serde_json::json!({"elsewhere": elsewhere, "outputs": index});
    std::fs::write(folder.join("index.json"), index.to_string()).unwrap();
}
