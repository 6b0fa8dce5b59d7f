//! Objects with unusual names.

use reelsmith_conformance::{Report, Verdict};
use reelsmith_tests::delivery::{Caption, Delivery};
use reelsmith_tests::media;
use reelsmith_tests::world::World;
use serde_json::Value;

use super::keys_of;

/// Everything that a file system, a URL, a shell or ffmpeg treats specially, besides letters of several scripts.
const HARD: &str = "[Group] Wow! #1 100% a+b %2B ~;:?*\"<'>|{$`}^@=& 進撃 👨\u{200D}👩 caf";

/// Runs a delivery whose mezzanine and captions are stored in the other Unicode form than the manifest states.
async fn published(world: &World, id: &str, series: &str) -> Value {
    let named =
        |folder: &str, extension: &str, last: &str| format!("{folder}/{HARD}{last}.{extension}");
    let delivery = Delivery {
        series: series.to_owned(),
        languages: vec!["ja"],
        mezzanine_key: named("mezzanines/-rf ", "mp4", "\u{e9}"),
        captions: vec![Caption {
            language: "en",
            key: named("captions", "srt", "e\u{301}"),
            body: super::CAPTIONS,
        }],
        ..Delivery::of(id, &std::fs::read(media::small()).unwrap())
    };
    let mezzanine = delivery.mezzanine.clone().unwrap();
    world
        .put(&named("mezzanines/-rf ", "mp4", "e\u{301}"), mezzanine)
        .await;
    world
        .put(&named("captions", "srt", "\u{e9}"), super::CAPTIONS)
        .await;
    let manifest = named("manifests/-x", "xml", "\u{e9}");
    let execution = world.drop_manifest(&manifest, &delivery.manifest()).await;
    world.succeeded(&execution).await
}

#[tokio::test(flavor = "multi_thread")]
async fn any_name_is_accepted_in_both_unicode_forms_and_another_series_is_another_asset() {
    let world = World::join("jobs").await;
    let first = published(&world, "hard-name", "進撃の巨人").await;
    let keys = keys_of(&first);
    let report: Report = world.outputs().read(&keys.report()).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(!world.keys(&keys.output("text/en/")).await.is_empty());
    let page = world.get(&keys.output("report.html")).await;
    let page = String::from_utf8_lossy(&page);
    assert!(!page.contains("\"<'>|"), "the name is escaped");

    let second = published(&world, "hard-name", "呪術廻戦").await;
    assert_eq!(second["decision"], "ENCODE");
    assert_ne!(first["asset"], second["asset"]);
    assert_ne!(first["job_key"], second["job_key"]);
}
