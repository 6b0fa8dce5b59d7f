//! The checkout: its files, its `.local` folder, and the built functions.

use std::path::{Path, PathBuf};

use crate::error::{CliError, ErrorCode, ResultExt};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    root: PathBuf,
    binaries: PathBuf,
    ministack: PathBuf,
    media: PathBuf,
}

/// The file that identifies a checkout.
const LANDMARK: &str = "terraform/resources.yaml";

impl Project {
    /// Finds the checkout: `REELSMITH_ROOT`, else the nearest one upward from the current folder, else the one that this
    /// program was built in. The functions are in `REELSMITH_BINARIES`, else in the folder of this program.
    ///
    /// # Errors
    /// `CheckoutMissing`.
    pub fn find() -> Result<Self, CliError> {
        let root = match std::env::var_os("REELSMITH_ROOT") {
            Some(root) => PathBuf::from(root),
            None => nearest()?,
        };
        if !root.join(LANDMARK).is_file() {
            return Err(no_checkout(&root));
        }
        let binaries = match std::env::var_os("REELSMITH_BINARIES") {
            Some(folder) => PathBuf::from(folder),
            None => folder_of_this_program()?,
        };
        let ministack = std::env::var_os("REELSMITH_MINISTACK");
        let ministack =
            ministack.map_or_else(|| root.join(".local/venv/bin/ministack"), PathBuf::from);
        let media = std::env::var_os("REELSMITH_MEDIA");
        let media = media.map_or_else(|| root.join(".local/media"), PathBuf::from);
        Ok(Self {
            root,
            binaries,
            ministack,
            media,
        })
    }

    pub fn with_root(self, root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            ..self
        }
    }

    /// The same project with its built functions in another folder.
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

    /// A path within `.local`, which holds everything that is not committed.
    pub fn local(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(".local").join(relative)
    }

    pub fn binary(&self, function: &str) -> PathBuf {
        self.binaries.join(function)
    }

    /// The emulator: `REELSMITH_MINISTACK`, else the one that `scripts/setup` installs.
    pub fn ministack(&self) -> &Path {
        &self.ministack
    }

    /// The folder of the media layer's programs: `REELSMITH_MEDIA`, else the one that `scripts/setup` fills.
    pub fn media(&self) -> &Path {
        &self.media
    }
}

fn nearest() -> Result<PathBuf, CliError> {
    let here = std::env::current_dir().on_file("read the current folder", Path::new("."))?;
    let found = here.ancestors().find(|d| d.join(LANDMARK).is_file());
    // CARGO_MANIFEST_DIR is scripts/reelsmith of the checkout this program was built in.
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    found
        .or(built_in)
        .map(Path::to_path_buf)
        .ok_or_else(|| no_checkout(&here))
}

fn no_checkout(looked: &Path) -> CliError {
    CliError::new(
        "find the checkout",
        format!("expected {LANDMARK} in {}, found none", looked.display()),
        "run the command inside a checkout of reelsmith, or set REELSMITH_ROOT to one",
    )
    .with_code(ErrorCode::CheckoutMissing)
}

fn folder_of_this_program() -> Result<PathBuf, CliError> {
    let program = std::env::current_exe().on_file("find this program", Path::new("reelsmith"))?;
    let folder = program.parent().unwrap_or(Path::new("."));
    // Cargo puts test programs one folder below the programs that they test.
    let tests = folder.file_name().is_some_and(|name| name == "deps");
    Ok(match folder.parent() {
        Some(parent) if tests => parent.to_path_buf(),
        _ => folder.to_path_buf(),
    })
}
