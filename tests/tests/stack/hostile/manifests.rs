//! Every hostile manifest through `parse-manifest`.

use std::time::Duration;

use reelsmith_contract::ErrorName;
use reelsmith_tests::hostile::{Bait, manifests};

use crate::hostile::line::{Line, Stage};
use crate::hostile::soon;
use crate::hostile::tally::document;

#[tokio::test]
async fn every_hostile_manifest_is_rejected_quickly_with_a_named_error() {
    let bait = Bait::lay();
    let line = Line::new();
    let cases = manifests::all(bait.path(), bait.port);
    let count = cases.len();
    assert!(count >= 100, "{count}");
    let mut slowest = (Duration::ZERO, String::new());
    for (number, case) in cases.into_iter().enumerate() {
        let key = format!("manifests/hostile-{number}.xml");
        let outcome = line.run(&key, case.xml).await;
        let failure = outcome.failure.as_ref();
        assert_eq!(
            failure.map(|f| f.name),
            Some(ErrorName::ManifestInvalid),
            "{}: {outcome:?}",
            case.name
        );
        let text = failure.unwrap().to_string();
        assert!(!bait.is_in(text.as_bytes()), "{}: {text}", case.name);
        assert!(text.len() < 16_000, "{}: {} bytes", case.name, text.len());
        assert!(outcome.took < soon(), "{}: {:?}", case.name, outcome.took);
        slowest = slowest.max((outcome.took, case.name));
    }
    assert_eq!(bait.knocks(), 0, "something was fetched");
    assert!(line.store.keys("out").is_empty(), "a job was written");
    let harmless = manifests::harmless().into_bytes();
    let next = line.run("manifests/harmless.xml", harmless).await;
    assert_eq!(next.stage, Stage::Validation, "{next:?}");
    let text = format!(
        "{count} manifests are refused as `ManifestInvalid`, the slowest within {:.2} s: {}. Nothing is fetched, no job is \
         written, and the next manifest is processed.\n",
        slowest.0.as_secs_f64(),
        slowest.1
    );
    println!("{text}");
    document("hostile manifests", &text);
}

#[tokio::test]
async fn a_key_that_looks_like_code_names_exactly_that_object() {
    let line = Line::new();
    for (number, key) in manifests::LITERAL_KEYS.into_iter().enumerate() {
        let manifest = format!("manifests/literal-{number}.xml");
        let outcome = line.run(&manifest, manifests::with_key(key)).await;
        let failure = outcome.failure.as_ref();
        assert_eq!(
            failure.map(|f| f.name),
            Some(ErrorName::MezzanineMissing),
            "{key}: {outcome:?}"
        );
        let location = &failure.unwrap().location;
        assert_eq!(location, &format!("s3://in/{key}"), "{key}");
    }
}
