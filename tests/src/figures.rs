//! The generated parts of docs/faults.md: between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.

/// The generated part with a name.
///
/// # Panics
/// If the document has no such part.
#[must_use]
pub fn written(name: &str) -> String {
    parts(name).1
}

/// Whether this run updates documents: `UPDATE_DOCS` is set.
#[must_use]
pub fn may_write() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

/// Replaces a generated part if this run updates documents.
///
/// # Panics
/// If the document has no such part or cannot be written.
pub fn write(name: &str, text: &str) {
    if may_write() {
        let (before, _, after) = parts(name);
        std::fs::write(document(), format!("{before}{text}{after}")).expect("docs/faults.md");
    }
}

fn document() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/faults.md")
}

fn parts(name: &str) -> (String, String, String) {
    let text = std::fs::read_to_string(document()).expect("docs/faults.md");
    let begin = format!("<!-- {name}: begin -->\n");
    let end = format!("<!-- {name}: end -->");
    let start = text.find(&begin).expect("the part's begin") + begin.len();
    let stop = start + text[start..].find(&end).expect("the part's end");
    (
        text[..start].to_owned(),
        text[start..stop].to_owned(),
        text[stop..].to_owned(),
    )
}
