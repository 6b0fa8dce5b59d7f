use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use reelsmith_conformance::testing::Good;
use reelsmith_core::ports::{ObjectStore, PutOptions};
use reelsmith_testkit::fakes::MemoryStore;

use super::*;

const PREFIX: &str = "outputs/show-s01e01/key/";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Stores an output as the pipeline does: manifests gzipped, every object with its type.
async fn stored(good: &Good) -> Objects {
    let store = MemoryStore::with_buckets(["out"]);
    for (path, bytes) in good.bytes() {
        let object = &good.objects[&path];
        let gzipped = object.content_encoding.as_deref() == Some("gzip");
        let options = PutOptions {
            content_type: object.content_type.clone().unwrap_or_default(),
            cache_control: object.cache_control.clone(),
            content_encoding: object.content_encoding.clone(),
            create_only: false,
            replace: None,
        };
        let at = reelsmith_core::ports::ObjectRef::new("out", format!("{PREFIX}{path}"));
        let body = if gzipped { gzip(&bytes) } else { bytes };
        store.put(&at, body.into(), &options).await.unwrap();
    }
    Objects::new(Arc::new(store), "out")
}

async fn report(good: &Good) -> Report {
    let outputs = stored(good).await;
    let delivery = gather::gather(&outputs, PREFIX, Effort::default())
        .await
        .unwrap();
    check(&delivery, None, Sets::STANDARD)
}

#[tokio::test]
async fn a_good_output_read_from_storage_keeps_every_rule() {
    let report = report(&Good::new()).await;
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.summary());
    assert!(report.renditions.iter().all(|r| r.segments > 0));
}

#[tokio::test]
async fn a_missing_segment_is_found() {
    let good = Good::new();
    let outputs = stored(&good).await;
    let segment = good.segments.keys().next().unwrap();
    outputs
        .store()
        .delete("out", &[format!("{PREFIX}{segment}")])
        .await
        .unwrap();
    let delivery = gather::gather(&outputs, PREFIX, Effort::default())
        .await
        .unwrap();
    let report = check(&delivery, None, Sets::ALL);
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(
        report.violations.iter().any(|v| v.rule == "SEG-01"),
        "{}",
        report.summary()
    );
}

#[tokio::test]
async fn an_empty_prefix_is_a_failure_and_not_a_pass() {
    let outputs = Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out");
    let delivery = gather::gather(&outputs, PREFIX, Effort::default())
        .await
        .unwrap();
    let report = check(&delivery, None, Sets::ALL);
    assert_eq!(report.verdict, Verdict::Fail, "{}", report.summary());
}
