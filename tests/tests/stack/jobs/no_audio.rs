//! Titles without audio.

use reelsmith_conformance::{Report, Verdict};
use reelsmith_core::plan::Plan;
use reelsmith_core::warning::WarningName;
use reelsmith_tests::delivery::Delivery;
use reelsmith_tests::media;
use reelsmith_tests::world::World;

use super::{decoded, keys_of};

/// A delivery without an audio track.
fn without_tracks(id: &str, mezzanine: &std::path::Path) -> Delivery {
    Delivery {
        languages: vec![],
        ..Delivery::of(id, &std::fs::read(mezzanine).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_audio_becomes_hls_dash_and_progressive_files_without_audio() {
    let world = World::join("jobs").await;
    let delivery = Delivery {
        settings: "<EnableProgressive>true</EnableProgressive>".into(),
        ..without_tracks("no-audio", media::silent())
    };
    let output = world.succeeded(&world.deliver(&delivery).await).await;
    let keys = keys_of(&output);
    let (hls, dash) = (&output["outputs"]["hls"], &output["outputs"]["dash"]);
    let mut files = vec![
        hls.as_str().unwrap().to_owned(),
        dash.as_str().unwrap().to_owned(),
    ];
    let progressive = world.keys(&keys.output("progressive/")).await;
    assert!(!progressive.is_empty());
    files.extend(progressive);
    for file in &files {
        let (video, audio) = decoded(&world.url(file));
        assert!(!video.is_empty() && audio.is_empty(), "{file}: {audio:?}");
        assert!(
            video.iter().all(|n| *n == media::SILENT_FRAMES),
            "{file}: {video:?}"
        );
    }
    assert_eq!(world.keys(&keys.output("audio/")).await, [""; 0]);
    let report: Report = world.outputs().read(&keys.report()).await.unwrap();
    assert_eq!((report.verdict, report.warnings.len()), (Verdict::Pass, 0));
    assert!(report.not_judged().all(|(rule, _)| rule != "SEG-16"));
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_that_the_manifest_does_not_list_is_left_out_with_a_warning() {
    let world = World::join("jobs").await;
    let delivery = without_tracks("audio-left-out", media::short());
    let execution = world.deliver(&delivery).await;
    let output = world.succeeded(&execution).await;
    let keys = keys_of(&output);
    let plan: Plan = world.outputs().read(&keys.plan()).await.unwrap();
    assert_eq!(plan.audio, []);
    let report: Report = world.outputs().read(&keys.report()).await.unwrap();
    let names: Vec<_> = report.warnings.iter().map(|w| (w.name, w.count)).collect();
    assert_eq!(names, [(WarningName::AudioLeftOut, 1)]);
    assert_eq!(output["warnings"], 1);
}
