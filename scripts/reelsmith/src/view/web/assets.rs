//! The files of the pages, compiled in: they work without a network and without a checkout.

use super::content_type;

/// One file.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../../web/", $path)))),*]
    };
}

static FILES: &[(&str, &[u8])] = files![
    "base.css",
    "console/console.css",
    "console/console.js",
    "console/graph.js",
    "console/index.html",
    "console/model.js",
    "console/panels.js",
    "icon.svg",
    "theme.js",
    "play/index.html",
    "play/play.css",
    "play/play.js",
    "play/controls.js",
    "play/graphs.js",
    "play/watch.js",
    "play/hls.js",
    "play/dash.js",
    "vendor/LICENSE.dagre.txt",
    "vendor/LICENSE.hls.js.txt",
    "vendor/LICENSE.shaka-player.txt",
    "vendor/SHA256SUMS",
    "vendor/dagre.esm.js",
    "vendor/hls.min.mjs",
    "vendor/shaka-player.dash-es2021.js",
];

/// A file by its path below `scripts/reelsmith/web`.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let (path, bytes) = FILES.iter().find(|(name, _)| *name == path)?;
    Some(Asset {
        content_type: content_type(path),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn vendored_files_are_those_of_their_packages() {
        let sums = asset("vendor/SHA256SUMS").unwrap();
        let sums = std::str::from_utf8(sums.bytes).unwrap();
        let mut seen = 0;
        for line in sums.lines() {
            let (sum, name) = line.split_once("  ").unwrap();
            let file = std::fs::read(
                std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("web/vendor")
                    .join(name),
            );
            assert_eq!(hex::encode(Sha256::digest(file.unwrap())), sum, "{name}");
            seen += 1;
        }
        assert!(seen >= 6, "{sums}");
    }
}
