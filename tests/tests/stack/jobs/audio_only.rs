//! Titles of audio alone.

use reelsmith_conformance::{Report, Verdict};
use reelsmith_core::plan::Plan;
use reelsmith_core::warning::WarningName;
use reelsmith_tests::delivery::Delivery;
use reelsmith_tests::media;
use reelsmith_tests::world::World;

use super::{decoded, keys_of};

/// Frames of 1,024 samples in two seconds, with a frame of priming and a shorter last one.
const FRAMES: std::ops::RangeInclusive<u64> = 94..=96;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_pictures_becomes_hls_and_dash_of_audio_alone() {
    let world = World::join("jobs").await;
    let delivery = Delivery {
        settings: "<EnableProgressive>true</EnableProgressive>".into(),
        languages: vec!["ja"],
        ..Delivery::of("audio-only", &std::fs::read(media::audio_only()).unwrap())
    };
    let output = world.succeeded(&world.deliver(&delivery).await).await;
    let keys = keys_of(&output);
    for kind in ["hls", "dash"] {
        let file = output["outputs"][kind].as_str().unwrap();
        let (video, audio) = decoded(&world.url(file));
        assert!(video.is_empty() && !audio.is_empty(), "{file}: {video:?}");
        assert!(
            audio.iter().all(|n| FRAMES.contains(n)),
            "{file}: {audio:?}"
        );
    }
    for folder in ["video/", "images/", "progressive/"] {
        assert_eq!(world.keys(&keys.output(folder)).await, [""; 0]);
    }
    let plan: Plan = world.outputs().read(&keys.plan()).await.unwrap();
    assert_eq!((plan.chunks.len(), plan.audio[0].samples), (0, 96_000));
    let report: Report = world.outputs().read(&keys.report()).await.unwrap();
    let names: Vec<_> = report.warnings.iter().map(|w| (w.name, w.count)).collect();
    assert_eq!(names, [(WarningName::AudioOnly, 1)]);
    assert_eq!(report.verdict, Verdict::Pass);
}
