//! Why a package could not be read.

use std::error::Error as StdError;
use std::path::Path;
use std::sync::Arc;

/// An error as an operator reads it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("could not {action}\n  why:   {}\n  to do: {remedy}", .why.replace('\n', "\n         "))]
pub struct Error {
    /// What was tried, as `list the folder`.
    pub action: String,
    /// What was expected and what was found.
    pub why: String,
    pub remedy: String,
    /// Whether a file or folder cannot be read.
    pub is_file: bool,
    #[source]
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    pub fn new(
        action: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            action: action.into(),
            why: why.into(),
            remedy: remedy.into(),
            is_file: false,
            source: None,
        }
    }

    /// A file or folder that cannot be read.
    pub fn file(path: &Path, error: std::io::Error) -> Self {
        let remedy = "check that the path exists and that you have permission to read it";
        Self {
            is_file: true,
            ..Self::new(
                format!("read {}", path.display()),
                error.to_string(),
                remedy,
            )
        }
        .with_source(error)
    }

    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            source: Some(Arc::new(source)),
            ..self
        }
    }
}
