//! Making and checking manifests.

mod draft;
mod facts;

use std::path::Path;

use reelsmith_core::digest::{Checksummer, Checksums};
use reelsmith_core::manifest::{Parsed, Severity, parse};
use reelsmith_media::Tools;

use crate::error::{Exit, Trouble};

pub use draft::{Draft, Titles, Track};
pub use facts::Facts;

/// Greatest manifest that is read; far above any real one.
const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// Writes the manifest of a mezzanine on disk: probed, hashed, and held against the parser before it is given out.
///
/// # Errors
/// Where the file cannot be probed or read.
pub fn describe(tools: &Tools, mezzanine: &Path, titles: &Titles) -> Result<String, Trouble> {
    let facts = Facts::probe(tools, mezzanine)?;
    let (checksums, size) = checksums(mezzanine)?;
    let draft = Draft::new(mezzanine, titles, &facts, &checksums, size);
    let xml = draft.to_xml();
    let defects = errors(&parse(xml.as_bytes()));
    if defects.is_empty() {
        return Ok(xml);
    }
    Err(Trouble::new(
        format!("describe {}", mezzanine.display()),
        defects.join("\n"),
        "give titles and names that a manifest can hold (see docs/manifest.md)",
    ))
}

/// Reads a manifest from disk and parses it.
///
/// # Errors
/// Where the file cannot be read. Defects are in what is returned.
pub fn read(path: &Path) -> Result<(Vec<u8>, Parsed), Trouble> {
    let trouble = |e| Trouble::file("read the manifest", path, &e);
    let size = std::fs::metadata(path).map_err(trouble)?.len();
    if size > MAX_MANIFEST_BYTES {
        let why = format!("expected at most {MAX_MANIFEST_BYTES} bytes, found {size}");
        let action = format!("read the manifest {}", path.display());
        return Err(Trouble::new(
            action,
            why,
            "give the XML manifest first and the mezzanine second",
        ));
    }
    let xml = std::fs::read(path).map_err(trouble)?;
    let parsed = parse(&xml);
    Ok((xml, parsed))
}

/// Every defect as `FILE:LINE:COLUMN: …`, and how the command ends.
#[must_use]
pub fn verdict(path: &Path, parsed: &Parsed) -> (Vec<String>, Exit) {
    let line = |d| format!("{}:{d}", path.display());
    let lines = parsed.defects.iter().map(line).collect();
    let exit = if parsed.manifest.is_some() {
        Exit::Done
    } else {
        Exit::Failed
    };
    (lines, exit)
}

fn errors(parsed: &Parsed) -> Vec<String> {
    let errors = parsed
        .defects
        .iter()
        .filter(|d| d.severity == Severity::Error);
    errors.map(ToString::to_string).collect()
}

/// All checksums of a file, and its size.
///
/// # Errors
/// Where it cannot be read.
pub fn checksums(path: &Path) -> Result<(Checksums, u64), Trouble> {
    let mut sum = Checksummer::default();
    feed(path, |bytes| sum.update(bytes))?;
    let size = sum.length();
    Ok((sum.finish(), size))
}

/// The MD5 of a file, lower-case hexadecimal: what S3 calls an object that came in one piece.
///
/// # Errors
/// Where it cannot be read.
pub fn md5(path: &Path) -> Result<String, Trouble> {
    use md5::Digest as _;
    let mut sum = md5::Md5::new();
    feed(path, |bytes| sum.update(bytes))?;
    Ok(hex::encode(sum.finalize()))
}

fn feed(path: &Path, mut take: impl FnMut(&[u8])) -> Result<(), Trouble> {
    use std::io::Read;
    let trouble = |e| Trouble::file("read", path, &e);
    let mut file = std::fs::File::open(path).map_err(trouble)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(trouble)? {
            0 => return Ok(()),
            n => take(&buffer[..n]),
        }
    }
}
