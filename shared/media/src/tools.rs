//! Locating ffmpeg and ffprobe, and identifying their build.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::MediaError;

/// The two programs of one ffmpeg build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// Absolute path of `ffmpeg`.
    pub ffmpeg: PathBuf,
    /// Absolute path of `ffprobe`.
    pub ffprobe: PathBuf,
    build: String,
}

/// Where a Lambda layer has its programs.
const LAYER: &str = "/opt/bin";

impl Tools {
    /// Finds both programs (at the path of the setting, otherwise in the layer, otherwise on `PATH`) and reads the version of
    /// ffmpeg.
    ///
    /// # Errors
    /// [`MediaError::ToolMissing`] if one is not found; [`MediaError::ToolUnusable`] if ffmpeg does not print its version.
    pub fn locate(ffmpeg: Option<&str>, ffprobe: Option<&str>) -> Result<Self, MediaError> {
        let ffmpeg = find("ffmpeg", ffmpeg)?;
        let ffprobe = find("ffprobe", ffprobe)?;
        let build = build_of(&ffmpeg)?;
        Ok(Self {
            ffmpeg,
            ffprobe,
            build,
        })
    }

    /// The encoder build, for example `ffmpeg 5.1.9-0+deb12u1`. It is part of a profile's hash, because other builds make
    /// other bytes.
    #[must_use]
    pub fn build(&self) -> String {
        self.build.clone()
    }

    /// Checks that this is the build that a job was planned for: segments of different builds must not be mixed.
    ///
    /// # Errors
    /// [`MediaError::Build`] if the builds differ.
    pub fn require_build(&self, planned: &str) -> Result<(), MediaError> {
        if self.build == planned {
            return Ok(());
        }
        Err(MediaError::Build {
            expected: planned.to_owned(),
            found: self.build.clone(),
        })
    }
}

fn find(name: &'static str, setting: Option<&str>) -> Result<PathBuf, MediaError> {
    let candidates = match setting.filter(|s| !s.is_empty()) {
        Some(path) => vec![PathBuf::from(path)],
        None => search_path(name),
    };
    let found = candidates.iter().find(|path| path.is_file());
    let found = found.ok_or_else(|| MediaError::ToolMissing {
        tool: name,
        searched: candidates.clone(),
    })?;
    // A relative path must be resolved here, because the program runs in another directory.
    std::path::absolute(found).map_err(|source| MediaError::ToolUnusable {
        path: found.clone(),
        source,
    })
}

/// The layer, then `PATH`: the only environment variable that this crate reads.
#[expect(
    clippy::disallowed_methods,
    reason = "PATH is the system's, not a setting"
)]
fn search_path(name: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    std::iter::once(Path::new(LAYER).join(name))
        .chain(on_path)
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "asks the program for its version, before there is anything to confine"
)]
fn build_of(ffmpeg: &Path) -> Result<String, MediaError> {
    let unusable = |source| MediaError::ToolUnusable {
        path: ffmpeg.to_owned(),
        source,
    };
    let output = std::process::Command::new(ffmpeg)
        .args(["-hide_banner", "-version"])
        .env_clear()
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(unusable)?;
    let text = String::from_utf8_lossy(&output.stdout);
    version(&text).ok_or_else(|| unusable(io::Error::other("output without a version")))
}

/// `ffmpeg version 5.1.9-0+deb12u1 Copyright …` → `ffmpeg 5.1.9-0+deb12u1`.
fn version(text: &str) -> Option<String> {
    let mut words = text.split_ascii_whitespace();
    match (words.next()?, words.next()?, words.next()?) {
        ("ffmpeg", "version", build) => Some(format!("ffmpeg {build}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_is_the_first_words_of_the_version_output() {
        let text =
            "ffmpeg version n8.1.2-shaka Copyright (c) 2000-2026 the FFmpeg developers\nbuilt with";
        assert_eq!(version(text).as_deref(), Some("ffmpeg n8.1.2-shaka"));
        assert_eq!(version("sh: not found"), None);
    }

    #[test]
    fn a_setting_with_a_wrong_path_is_an_error() {
        let error = Tools::locate(Some("no/such/ffmpeg"), None).unwrap_err();
        insta::assert_snapshot!(error, @"expected the program ffmpeg, found none at no/such/ffmpeg");
    }

    #[test]
    fn a_different_build_is_refused() {
        let tools = Tools::locate(None, None).unwrap();
        assert!(tools.require_build(&tools.build()).is_ok());
        let error = tools.require_build("ffmpeg 1.0").unwrap_err();
        assert!(matches!(error, MediaError::Build { .. }), "{error}");
    }
}
