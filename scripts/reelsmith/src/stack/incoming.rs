//! Giving a file to the local S3 without a copy.
//!
//! The file is cloned (on a file system that shares blocks between files) or linked into a folder of the stack, and the
//! local S3 makes an object of it. Only who may write into the folder can do this, and the local S3 opens no other path.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::ministack;
use crate::project::Project;

/// The header of an empty `PutObject` that names the file in the folder. The crate `local-s3` has the same constant.
pub const PLACE: &str = "x-reelsmith-place";

/// The folder from which the local S3 of a checkout takes files.
pub fn incoming(project: &Project) -> PathBuf {
    ministack::s3_folder(&project.local("stack")).join("incoming")
}

/// Clones or links a file into the folder and returns its name there; `None` if the file system can do neither, for
/// example because the file is on another one.
pub fn link(file: &Path, incoming: &Path) -> Option<String> {
    // A link to a symbolic link would be another symbolic link.
    let file = file.canonicalize().ok()?;
    let name = format!(
        "{}-{}",
        std::process::id(),
        jiff::Timestamp::now().as_nanosecond()
    );
    let target = incoming.join(&name);
    if clone(&file, &target).is_none() {
        std::fs::hard_link(&file, &target).ok()?;
    }
    Some(name)
}

/// Makes a file that shares its blocks with another one until one of them is written to.
#[cfg(target_os = "linux")]
fn clone(file: &Path, target: &Path) -> Option<()> {
    let source = File::open(file).ok()?;
    let created = File::create_new(target).ok()?;
    if rustix::fs::ioctl_ficlone(&created, &source).is_err() {
        let _ = std::fs::remove_file(target);
        return None;
    }
    Some(())
}

#[cfg(not(target_os = "linux"))]
fn clone(_: &Path, _: &Path) -> Option<()> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linked_file_has_the_bytes_and_its_owner_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let (file, incoming) = (folder.path().join("film.mov"), folder.path().join("in"));
        std::fs::create_dir(&incoming).unwrap();
        std::fs::write(&file, b"frames").unwrap();
        let alias = folder.path().join("alias.mov");
        std::os::unix::fs::symlink(&file, &alias).unwrap();
        let target = incoming.join(link(&alias, &incoming).unwrap());
        assert!(std::fs::symlink_metadata(&target).unwrap().is_file());
        assert_eq!(std::fs::read(&target).unwrap(), b"frames");
        std::fs::remove_file(&target).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"frames");
        assert_eq!(link(&folder.path().join("gone"), &incoming), None);
        assert_eq!(link(&file, &folder.path().join("no-folder")), None);
    }
}
