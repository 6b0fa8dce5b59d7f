//! Where things are: the checkout, its `.local` folder, and the built functions.

use std::path::{Path, PathBuf};

use crate::error::{Name, Trouble};

/// A checkout of reelsmith.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    root: PathBuf,
    binaries: PathBuf,
    ministack: PathBuf,
}

/// The file by which a checkout is known.
const LANDMARK: &str = "terraform/resources.yaml";

impl Project {
    /// Finds the checkout: `REELSMITH_ROOT`, else the nearest folder upward, else the one this was built in. The
    /// functions are taken from `REELSMITH_BINARIES`, else from beside this program.
    ///
    /// # Errors
    /// Where there is no checkout.
    pub fn find() -> Result<Self, Trouble> {
        let root = match std::env::var_os("REELSMITH_ROOT") {
            Some(root) => PathBuf::from(root),
            None => nearest()?,
        };
        if !root.join(LANDMARK).is_file() {
            return Err(no_checkout(&root));
        }
        let binaries = match std::env::var_os("REELSMITH_BINARIES") {
            Some(folder) => PathBuf::from(folder),
            None => beside_this_program()?,
        };
        let ministack = std::env::var_os("REELSMITH_MINISTACK");
        let ministack =
            ministack.map_or_else(|| root.join(".local/venv/bin/ministack"), PathBuf::from);
        Ok(Self {
            root,
            binaries,
            ministack,
        })
    }

    /// This project with its root elsewhere.
    #[must_use]
    pub fn with_root(self, root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            ..self
        }
    }

    /// This project with its built functions elsewhere.
    #[must_use]
    pub fn with_binaries(self, binaries: impl Into<PathBuf>) -> Self {
        Self {
            binaries: binaries.into(),
            ..self
        }
    }

    /// A path within the checkout.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// A path within `.local`, where everything lives that is not committed.
    pub fn local(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(".local").join(relative)
    }

    /// The built program of a function.
    #[must_use]
    pub fn binary(&self, function: &str) -> PathBuf {
        self.binaries.join(function)
    }

    /// The emulator: `REELSMITH_MINISTACK`, else the one that `scripts/setup` installs.
    #[must_use]
    pub fn ministack(&self) -> &Path {
        &self.ministack
    }
}

fn nearest() -> Result<PathBuf, Trouble> {
    let here = std::env::current_dir()
        .map_err(|e| Trouble::file("read the current folder", Path::new("."), &e))?;
    let found = here.ancestors().find(|d| d.join(LANDMARK).is_file());
    // CARGO_MANIFEST_DIR is scripts/reelsmith of the checkout this program was built in.
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    found
        .or(built_in)
        .map(Path::to_path_buf)
        .ok_or_else(|| no_checkout(&here))
}

fn no_checkout(looked: &Path) -> Trouble {
    Trouble::new(
        "find the checkout",
        format!("expected {LANDMARK} in {}, found none", looked.display()),
        "run this inside a checkout of reelsmith, or set REELSMITH_ROOT to one",
    )
    .named(Name::CheckoutMissing)
}

fn beside_this_program() -> Result<PathBuf, Trouble> {
    let program = std::env::current_exe()
        .map_err(|e| Trouble::file("find this program", Path::new("reelsmith"), &e))?;
    let folder = program.parent().unwrap_or(Path::new("."));
    // Test programs live one folder below what they test.
    let tests = folder.file_name().is_some_and(|name| name == "deps");
    Ok(match folder.parent() {
        Some(parent) if tests => parent.to_path_buf(),
        _ => folder.to_path_buf(),
    })
}
