//! Locating ffmpeg and ffprobe, and identifying their build.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::MediaError;

/// The programs of the media layer, which scripts/media-layer.json pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// Absolute path of `ffmpeg`.
    pub ffmpeg: PathBuf,
    /// Absolute path of `ffprobe`.
    pub ffprobe: PathBuf,
    /// Absolute path of a second ffmpeg, which decodes AV1, encodes H.265 with ten bits and has zlib. The build of `ffmpeg`
    /// in the layer does not. None beside an `ffmpeg` that an operator brought, which then does everything.
    supplement: Option<PathBuf>,
    build: String,
}

impl Tools {
    /// The folder of the programs in a Lambda layer.
    pub const LAYER: &str = "/opt/bin";

    /// Finds the programs in the folder `installed`, unless an operator chose another `ffmpeg` or `ffprobe`, and reads the
    /// version of ffmpeg. The supplement lies beside `ffmpeg`. `PATH` is not searched, so that no other build is used by accident.
    ///
    /// # Errors
    /// [`MediaError::ToolMissing`] if one is not found; [`MediaError::ToolUnusable`] if ffmpeg does not print its version.
    pub fn locate(
        installed: &Path,
        ffmpeg: Option<&str>,
        ffprobe: Option<&str>,
    ) -> Result<Self, MediaError> {
        let ffmpeg = find(installed, "ffmpeg", ffmpeg)?;
        let supplement = Some(ffmpeg.with_file_name("ffmpeg-supplement"));
        let supplement = supplement.filter(|path| path.is_file());
        let ffprobe = find(installed, "ffprobe", ffprobe)?;
        let builds = std::iter::once(&ffmpeg)
            .chain(&supplement)
            .map(|p| version_of(p));
        let build = builds.collect::<Result<Vec<_>, _>>()?.join(" + ");
        Ok(Self {
            build: format!("ffmpeg {build}"),
            ffmpeg,
            ffprobe,
            supplement,
        })
    }

    /// The ffmpeg for decoding this codec (ffmpeg's name of it) and for encoding H.265 with ten bits if `ten_bits`.
    #[must_use]
    pub fn transcoder(&self, codec: &str, ten_bits: bool) -> &Path {
        match &self.supplement {
            Some(supplement) if Self::lacks(codec, ten_bits) => supplement,
            _ => &self.ffmpeg,
        }
    }

    /// The ffmpeg for extracting captions. Matroska may compress them with zlib, which the layer's build of `ffmpeg` lacks; it
    /// would write the compressed bytes as text.
    #[must_use]
    pub fn caption_extractor(&self) -> &Path {
        self.supplement.as_ref().unwrap_or(&self.ffmpeg)
    }

    /// Whether the layer's build of `ffmpeg` lacks the decoder or the encoder.
    #[must_use]
    pub fn lacks(codec: &str, ten_bits: bool) -> bool {
        codec == "av1" || ten_bits
    }

    /// The encoder build, for example `ffmpeg n8.1.2 + 7.0.2-static` if there is a supplement. It is part of a profile's
    /// hash, because other builds make other bytes.
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

fn find(
    installed: &Path,
    name: &'static str,
    setting: Option<&str>,
) -> Result<PathBuf, MediaError> {
    let path = match setting.filter(|s| !s.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => installed.join(name),
    };
    if !path.is_file() {
        return Err(MediaError::ToolMissing { tool: name, path });
    }
    // A relative path must be resolved here, because the program runs in another directory.
    std::path::absolute(&path).map_err(|source| MediaError::ToolUnusable { path, source })
}

#[expect(
    clippy::disallowed_methods,
    reason = "asks the program for its version, before there is anything to confine"
)]
fn version_of(ffmpeg: &Path) -> Result<String, MediaError> {
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

/// `ffmpeg version n8.1.2 Copyright …` → `n8.1.2`.
fn version(text: &str) -> Option<String> {
    let mut words = text.split_ascii_whitespace();
    match (words.next()?, words.next()?, words.next()?) {
        ("ffmpeg", "version", build) => Some(build.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_third_word_of_the_output() {
        let text =
            "ffmpeg version n8.1.2-shaka Copyright (c) 2000-2026 the FFmpeg developers\nbuilt with";
        assert_eq!(version(text).as_deref(), Some("n8.1.2-shaka"));
        assert_eq!(version("sh: not found"), None);
    }

    #[test]
    fn a_setting_with_a_wrong_path_is_an_error() {
        let installed = Path::new("/opt/bin");
        let error = Tools::locate(installed, Some("no/such/ffmpeg"), None).unwrap_err();
        insta::assert_snapshot!(error, @"expected the program ffmpeg, found none at no/such/ffmpeg");
    }

    #[test]
    fn a_different_build_is_refused() {
        let tools = crate::testing::tools();
        assert!(tools.require_build(&tools.build()).is_ok());
        let error = tools.require_build("ffmpeg 1.0").unwrap_err();
        assert!(matches!(error, MediaError::Build { .. }), "{error}");
    }
}
