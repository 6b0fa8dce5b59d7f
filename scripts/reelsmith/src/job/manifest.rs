//! Describing a mezzanine as a manifest, and reading manifests from disk.

mod draft;
mod facts;

use std::io::Read as _;
use std::path::Path;

use md5::Digest as _;
use reelsmith_core::digest::{Checksummer, Checksums};
use reelsmith_core::manifest::{Parsed, Severity, parse};
use reelsmith_media::Tools;

use crate::error::{CliError, Exit, ResultExt};
use crate::view::text::note;

pub use draft::{Draft, Titles};
pub use facts::Facts;

/// Largest manifest that is read, far above any real one.
const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// The manifest of a mezzanine on disk, probed and hashed. It is parsed once to prove that it has no defects.
pub fn describe(tools: &Tools, mezzanine: &Path, titles: &Titles) -> Result<String, CliError> {
    let facts = Facts::probe(tools, mezzanine)?;
    let (checksums, size) = checksums(mezzanine)?;
    let draft = Draft::new(mezzanine, titles, &facts, &checksums, size);
    if let Some(guess) = draft.guess() {
        note(&guess);
    }
    let xml = draft.to_xml();
    let defects = parse(xml.as_bytes()).defects;
    let errors = defects.iter().filter(|d| d.severity == Severity::Error);
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    if errors.is_empty() {
        return Ok(xml);
    }
    Err(CliError::new(
        format!("describe {}", mezzanine.display()),
        errors.join("\n"),
        "give titles and names that a manifest can contain (see docs/manifest.md)",
    ))
}

/// Reads and parses a manifest. Defects are part of the result.
pub fn read(path: &Path) -> Result<Parsed, CliError> {
    let action = "read the manifest";
    let size = std::fs::metadata(path).on_file(action, path)?.len();
    if size > MAX_MANIFEST_BYTES {
        return Err(CliError::new(
            format!("{action} {}", path.display()),
            format!("expected at most {MAX_MANIFEST_BYTES} bytes, found {size}"),
            "give the XML manifest first and the mezzanine second",
        ));
    }
    Ok(parse(&std::fs::read(path).on_file(action, path)?))
}

/// Every defect as `FILE:LINE:COLUMN: …`, and how a check of the manifest ends.
pub fn verdict(path: &Path, parsed: &Parsed) -> (Vec<String>, Exit) {
    let line = |d| format!("{}:{d}", path.display());
    let lines = parsed.defects.iter().map(line).collect();
    let exit = match parsed.manifest {
        Some(_) => Exit::Done,
        None => Exit::Failed,
    };
    (lines, exit)
}

/// All checksums of a file, and its size in bytes.
pub fn checksums(path: &Path) -> Result<(Checksums, u64), CliError> {
    let mut sum = Checksummer::default();
    read_in_pieces(path, |bytes| sum.update(bytes))?;
    let size = sum.length();
    Ok((sum.finish(), size))
}

/// The MD5 of a file in lower-case hexadecimal: the ETag of an object that was uploaded in one part.
pub fn md5(path: &Path) -> Result<String, CliError> {
    let mut sum = md5::Md5::new();
    read_in_pieces(path, |bytes| sum.update(bytes))?;
    Ok(hex::encode(sum.finalize()))
}

fn read_in_pieces(path: &Path, mut take: impl FnMut(&[u8])) -> Result<(), CliError> {
    let mut file = std::fs::File::open(path).on_file("read", path)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).on_file("read", path)? {
            0 => return Ok(()),
            n => take(&buffer[..n]),
        }
    }
}
