//! The files of the pages, compiled into this program so that they need neither a network nor a checkout.

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

/// The bytes of a file, by its path below `scripts/reelsmith/web`.
pub(super) fn asset(path: &str) -> Option<&'static [u8]> {
    let (_, bytes) = FILES.iter().find(|(name, _)| *name == path)?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn vendored_files_have_the_recorded_checksums() {
        let sums = asset("vendor/SHA256SUMS").unwrap();
        let sums = std::str::from_utf8(sums).unwrap();
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
