//! Progressive files as a browser requests them, read packet by packet by ffprobe.

use std::path::{Path, PathBuf};
use std::process::Command;

use reelsmith_core::keys::GenerationKeys;
use reelsmith_tests::delivery::Delivery;
use reelsmith_tests::media;
use reelsmith_tests::world::World;
use serde_json::Value;

use super::{AUDIO_FRAMES, decoded, keys_of, standard};

#[tokio::test(flavor = "multi_thread")]
async fn a_progressive_file_contains_the_packets_of_the_segments() {
    let world = World::join("jobs").await;
    let mut delivery = Delivery::of("progressive", &standard());
    delivery.settings =
        "<EnableProgressive>true</EnableProgressive><EnableDASH>false</EnableDASH>".into();
    let output = world.succeeded(&world.deliver(&delivery).await).await;
    let keys = keys_of(&output);
    assert!(output["outputs"].get("dash").is_none());
    let files = world.keys(&keys.output("progressive/")).await;
    assert_eq!(files.len(), 2);
    let folder = tempfile::tempdir().unwrap();
    let japanese = packets(
        &track(&world, &keys, "audio/ja", folder.path()).await,
        "a:0",
    );
    let english = packets(
        &track(&world, &keys, "audio/en", folder.path()).await,
        "a:0",
    );
    assert_ne!(japanese, english, "the tones are of different pitch");
    for file in files {
        assert_eq!(
            decoded(&world.url(&file)),
            // The edit list removes the priming frame.
            (vec![media::FRAMES], vec![AUDIO_FRAMES - 1]),
            "{file}"
        );
        let name = file.rsplit('/').next().unwrap().trim_end_matches(".mp4");
        let bytes = world.get(&file).await;
        let place = |kind: &[u8]| bytes.windows(4).position(|w| w == kind).unwrap();
        assert!(
            place(b"moov") < place(b"mdat"),
            "{file} plays while it loads"
        );
        let joined = folder.path().join("joined.mp4");
        std::fs::write(&joined, &bytes).unwrap();
        let video = format!("video/{name}");
        let segments = track(&world, &keys, &video, folder.path()).await;
        let expected = packets(&segments, "v:0");
        assert_eq!(expected.len() as u64, media::FRAMES);
        assert_eq!(packets(&joined, "v:0"), expected, "{file}: pictures");
        assert_eq!(
            packets(&joined, "a:0"),
            japanese,
            "{file}: the default language"
        );
    }
}

/// The init segment and all segments of a rendition as one file.
async fn track(world: &World, keys: &GenerationKeys, rendition: &str, folder: &Path) -> PathBuf {
    let all = world.keys(&keys.output(&format!("{rendition}/"))).await;
    let mut media: Vec<_> = all
        .into_iter()
        .filter(|key| key.ends_with(".m4s"))
        .collect();
    media.sort();
    assert!(media.len() >= 3, "{media:?}");
    let mut bytes = world
        .get(&keys.output(&format!("{rendition}/init.mp4")))
        .await
        .to_vec();
    for key in media {
        bytes.extend_from_slice(&world.get(&key).await);
    }
    let file = folder.join(format!("{}.mp4", rendition.replace('/', "_")));
    std::fs::write(&file, bytes).unwrap();
    file
}

/// The presentation time and the SHA-256 of each packet of a stream.
fn packets(file: &Path, stream: &str) -> Vec<(String, String)> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_data_hash", "sha256", "-of", "json"])
        .args([
            "-show_entries",
            "packet=pts_time,data_hash",
            "-select_streams",
            stream,
        ])
        .arg(file)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.is_empty(),
        "{}: {stderr}",
        file.display()
    );
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |packet: &Value, name: &str| packet[name].as_str().unwrap().to_owned();
    let packets = found["packets"].as_array().unwrap().iter();
    packets
        .map(|p| (text(p, "pts_time"), text(p, "data_hash")))
        .collect()
}
