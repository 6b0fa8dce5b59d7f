use std::io::Write as _;
use std::sync::Arc;

use crate::proof::measure;
use flate2::Compression;
use flate2::write::GzEncoder;
use reelsmith_conformance::testing::ValidOutput;
use reelsmith_conformance::{Delivery, Part, Profiles, Report, Verdict, check};
use reelsmith_contract::Objects;
use reelsmith_core::keys::{Generation, GenerationKeys};
use reelsmith_core::ports::{ObjectStore, PutOptions};
use reelsmith_testkit::fakes::MemoryStore;

use super::gather::{KnownMeasurements, ReadBudget, RealNames};
use super::*;

const PREFIX: &str =
    "outputs/show-s01e01/abababababababababababababababababababababababababababababababab/";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Stores an output as the pipeline does: manifests gzipped, every object with its type.
async fn stored(good: &ValidOutput) -> Objects {
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
        let at = reelsmith_core::object::ObjectRef::new("out", format!("{PREFIX}{path}"));
        let body = if gzipped { gzip(&bytes) } else { bytes };
        store.put(&at, body.into(), &options).await.unwrap();
    }
    Objects::new(Arc::new(store), "out")
}

async fn gathered(outputs: &Objects, known: KnownMeasurements) -> Delivery {
    let (budget, names) = (ReadBudget::default(), RealNames::default());
    let gathered = gather::gather(outputs, PREFIX, budget, known, &names).await;
    gathered.unwrap()
}

async fn report(good: &ValidOutput) -> Report {
    let outputs = stored(good).await;
    let delivery = gathered(&outputs, KnownMeasurements::default()).await;
    check(&delivery, None, Profiles::FORMATS)
}

#[tokio::test]
async fn a_good_output_in_storage_follows_every_rule() {
    let report = report(&ValidOutput::new()).await;
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.summary());
    assert!(report.renditions.iter().all(|r| r.segments > 0));
}

#[tokio::test]
async fn a_missing_segment_is_found() {
    let good = ValidOutput::new();
    let outputs = stored(&good).await;
    let segment = good.segments.keys().next().unwrap();
    outputs
        .store()
        .delete("out", &[format!("{PREFIX}{segment}")])
        .await
        .unwrap();
    let delivery = gathered(&outputs, KnownMeasurements::default()).await;
    let report = check(&delivery, None, Profiles::REELSMITH);
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
    let delivery = gathered(&outputs, KnownMeasurements::default()).await;
    let report = check(&delivery, None, Profiles::REELSMITH);
    assert_eq!(report.verdict, Verdict::Fail, "{}", report.summary());
}

fn keys() -> GenerationKeys {
    let key = "ab".repeat(32).parse().unwrap();
    let keys = GenerationKeys::new(&"show-s01e01".parse().unwrap(), &key, Generation::FIRST);
    assert_eq!(keys.output_prefix(), PREFIX);
    keys
}

/// The measurements that assembling the renditions makes.
async fn measured_before(outputs: &Objects, good: &ValidOutput) -> KnownMeasurements {
    let (keys, expected) = (keys(), good.expected.as_ref().unwrap());
    for output in &expected.recorded {
        measure::measure_rendition(outputs, &keys, output)
            .await
            .unwrap();
    }
    KnownMeasurements::read(outputs, expected, &keys)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_earlier_measurement_equals_a_new_one() {
    let good = ValidOutput::long(3, 1);
    let outputs = stored(&good).await;
    let known = measured_before(&outputs, &good).await;
    assert_eq!(known.len(), good.segments.len());
    let (before, now) = (
        gathered(&outputs, known).await,
        gathered(&outputs, KnownMeasurements::default()).await,
    );
    for (path, object) in &now.objects {
        let part = Part::whole(path);
        assert_eq!(before.segment(&part), now.segment(&part), "{path}");
        assert_eq!(before.objects[path].sha256, object.sha256, "{path}");
    }
}

#[tokio::test]
async fn an_earlier_measurement_is_not_repeated() {
    let good = ValidOutput::long(3, 1);
    let outputs = stored(&good).await;
    measured_before(&outputs, &good).await;
    let rendition = &good.expected.as_ref().unwrap().video[0].path;
    let key = keys().measurements(rendition);
    let mut found: measure::RenditionMeasurements = outputs.read(&key).await.unwrap();
    for (_, measured) in &mut found.segments {
        measured.sha256 = Some("as it was stored".into());
    }
    let paths: Vec<String> = found
        .segments
        .iter()
        .map(|(pin, _)| pin.object.key.replacen(PREFIX, "", 1))
        .collect();
    let mut known = KnownMeasurements::default();
    known.add(found);
    let delivery = gathered(&outputs, known).await;
    assert!(!paths.is_empty());
    for path in paths {
        let stored = delivery.objects[&path].sha256.as_deref();
        assert_eq!(stored, Some("as it was stored"), "{path}");
    }
}

#[tokio::test]
async fn a_replaced_segment_is_measured_again() {
    let mut good = ValidOutput::long(3, 1);
    let outputs = stored(&good).await;
    let known = measured_before(&outputs, &good).await;
    let path = good.segments.keys().next().unwrap().clone();
    good.segment(&path, |fragments| {
        fragments[0].samples.pop();
    });
    let at = outputs.at(&format!("{PREFIX}{path}"));
    let body = good.bytes()[&path].clone();
    let options = PutOptions::default();
    let put = outputs.store().put(&at, body.into(), &options).await;
    put.unwrap();
    let (before, now) = (
        gathered(&outputs, known).await,
        gathered(&outputs, KnownMeasurements::default()).await,
    );
    let part = Part::whole(&path);
    assert_eq!(before.segment(&part), now.segment(&part));
    assert_eq!(before.objects[&path].sha256, now.objects[&path].sha256);
}
