//! Makes the zip that Lambda takes: one executable called `bootstrap`, the same bytes for the same program.

use std::io::{Cursor, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// How the program is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As it is: the local stack unpacks it at once.
    Stored,
    /// Deflated: what is uploaded to AWS counts.
    Deflated,
}

/// A package.
#[derive(Clone, Debug)]
pub struct Package {
    /// The zip.
    pub zip: Vec<u8>,
    /// SHA-256 of the zip, in base64, as Lambda reports it.
    pub digest: String,
}

/// Packs a program. Neither its time nor its name goes into the zip.
///
/// # Errors
/// Where the program cannot be read.
pub fn package(program: &Path, compression: Compression) -> std::io::Result<Package> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let method = match compression {
        Compression::Stored => CompressionMethod::Stored,
        Compression::Deflated => CompressionMethod::Deflated,
    };
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    writer.start_file("bootstrap", options)?;
    writer.write_all(&std::fs::read(program)?)?;
    let zip = writer.finish()?.into_inner();
    let digest = reelsmith_aws::provision::code_digest(Sha256::digest(&zip).into());
    Ok(Package { zip, digest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_program_gives_the_same_bytes_wherever_and_whenever_it_was_built() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&a, b"\x7fELF program").unwrap();
        std::fs::write(&b, b"\x7fELF program").unwrap();
        let long_ago =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        std::fs::File::options()
            .write(true)
            .open(&b)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        for compression in [Compression::Stored, Compression::Deflated] {
            let (a, b) = (
                package(&a, compression).unwrap(),
                package(&b, compression).unwrap(),
            );
            assert_eq!(a.zip, b.zip);
            assert_eq!(a.digest, b.digest);
        }
    }

    #[test]
    fn the_program_comes_out_as_it_went_in_and_may_be_executed() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, b"#!/bin/sh\n").unwrap();
        let package = package(&program, Compression::Deflated).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(package.zip)).unwrap();
        assert_eq!(archive.len(), 1);
        let mut entry = archive.by_index(0).unwrap();
        assert_eq!(entry.name().unwrap(), "bootstrap");
        assert_eq!(entry.unix_mode(), Some(0o100_755));
        let mut bytes = Vec::new();
        std::io::copy(&mut entry, &mut bytes).unwrap();
        assert_eq!(bytes, b"#!/bin/sh\n");
    }
}
