//! The zip of a function: one executable named `bootstrap`. The same program gives the same bytes.

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The zip of a program. It contains neither the name nor the time of the program.
fn pack(program: &Path) -> std::io::Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        // A local upload takes less time than better compression.
        .compression_level(Some(1))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    writer.start_file("bootstrap", options)?;
    writer.write_all(&std::fs::read(program)?)?;
    Ok(writer.finish()?.into_inner())
}

/// A zip on disk, which is made again only if its program has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    pub path: PathBuf,
    /// SHA-256 of the zip, in base64, as Lambda reports it.
    pub digest: String,
}

/// The program that a package was made from.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PackagedProgram {
    size: u64,
    modified_ns: u128,
    digest: String,
}

impl Package {
    /// The package of a program, kept in a folder under the name and a hash of the path of the program, so that different
    /// builds do not share packages.
    pub fn of(program: &Path, folder: &Path) -> std::io::Result<Self> {
        let path_hash = hex::encode(&Sha256::digest(program.as_os_str().as_encoded_bytes())[..6]);
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let path = folder.join(format!("{name}-{path_hash}.zip"));
        let note = path.with_extension("json");
        let metadata = std::fs::metadata(program)?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH);
        let modified_ns = modified.map_or(0, |d| d.as_nanos());
        let made: Option<PackagedProgram> = File::open(&note)
            .ok()
            .and_then(|f| serde_json::from_reader(f).ok());
        let fresh = |m: &PackagedProgram| m.size == metadata.len() && m.modified_ns == modified_ns;
        if let Some(made) = made.filter(|m| path.is_file() && fresh(m)) {
            let digest = made.digest;
            return Ok(Self { path, digest });
        }
        let zip = pack(program)?;
        let digest = reelsmith_aws::provision::code_digest(Sha256::digest(&zip).into());
        std::fs::create_dir_all(folder)?;
        write_whole(&path, &zip)?;
        let made = PackagedProgram {
            size: metadata.len(),
            modified_ns,
            digest: digest.clone(),
        };
        // Written last, so that an incomplete zip is never considered fresh.
        write_whole(&note, &serde_json::to_vec(&made)?)?;
        Ok(Self { path, digest })
    }
}

/// Writes a file that no reader sees incomplete, even if two processes write it.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(bytes)?;
    draft.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn touch(file: &Path, seconds: u64) {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::options()
            .write(true)
            .open(file)
            .unwrap()
            .set_modified(at)
            .unwrap();
    }

    #[test]
    fn equal_programs_give_equal_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&a, b"\x7fELF program").unwrap();
        std::fs::write(&b, b"\x7fELF program").unwrap();
        touch(&b, 1_000_000_000);
        assert_eq!(pack(&a).unwrap(), pack(&b).unwrap());
    }

    #[test]
    fn the_unpacked_program_is_unchanged_and_executable() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, b"#!/bin/sh\n").unwrap();
        let bytes = pack(&program).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 1);
        let mut entry = archive.by_index(0).unwrap();
        assert_eq!(entry.name().unwrap(), "bootstrap");
        assert_eq!(entry.unix_mode(), Some(0o100_755));
        let mut bytes = Vec::new();
        std::io::copy(&mut entry, &mut bytes).unwrap();
        assert_eq!(bytes, b"#!/bin/sh\n");
    }

    #[test]
    fn a_package_is_made_again_only_if_its_program_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, b"one").unwrap();
        touch(&program, 1);
        let first = Package::of(&program, folder.path()).unwrap();
        std::fs::write(&first.path, b"marked").unwrap();
        let same = Package::of(&program, folder.path()).unwrap();
        assert_eq!(std::fs::read(&same.path).unwrap(), b"marked");
        std::fs::write(&program, b"two").unwrap();
        touch(&program, 2);
        let second = Package::of(&program, folder.path()).unwrap();
        assert_ne!(first.digest, second.digest);
        assert_ne!(std::fs::read(&second.path).unwrap(), b"marked");
    }
}
