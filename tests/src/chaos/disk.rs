//! A disk that can be full.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Enough for the working files of a short film at one rung.
const SIZE_MIB: usize = 64;
const BALLAST: &str = "ballast";

/// A small file system of its own in memory. It goes when it is dropped.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts it; `None` where this process may not mount.
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

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves no room on it.
    pub fn fill(&self) {
        let ballast = vec![0_u8; SIZE_MIB << 20];
        // It is meant to fail: whatever fits is written.
        let _ = fs::write(self.folder.path().join(BALLAST), ballast);
    }

    /// Leaves room again.
    pub fn free(&self) {
        // Where it is not there, there is room.
        let _ = fs::remove_file(self.folder.path().join(BALLAST));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A file of a function that still runs keeps the mount until that has ended.
        let unmounted = Command::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .status();
        drop(unmounted);
    }
}
