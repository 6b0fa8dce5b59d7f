//! A file system that can be filled.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Enough for the working files of a short film at one rung.
const SIZE_MIB: usize = 64;
const BALLAST: &str = "ballast";

/// A small file system in memory, unmounted when dropped.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts the file system; `None` if this process may not mount.
    #[must_use]
    pub fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let options = format!("size={SIZE_MIB}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        mounted.then_some(Self { folder })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills the file system.
    pub fn fill(&self) {
        let ballast = vec![0_u8; SIZE_MIB << 20];
        // Writing is meant to fail when the file system is full.
        let _ = fs::write(self.folder.path().join(BALLAST), ballast);
    }

    /// Frees the space that `fill` used.
    pub fn free(&self) {
        // If the file does not exist, there is nothing to free.
        let _ = fs::remove_file(self.folder.path().join(BALLAST));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazy, because a running function may keep a file open.
        let unmounted = Command::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .status();
        drop(unmounted);
    }
}
