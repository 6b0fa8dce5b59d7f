use reelsmith_aws::Sdk;
use reelsmith_core::ports::{EncodeService as _, PortErrorKind};
use reelsmith_core::time::UnixMillis;
use reelsmith_testkit::fakes::{ManualClock, MemoryStore};
use reelsmith_testkit::orders::Ordered;
use reelsmith_testkit::suites;

use super::*;

/// A stand-in whose jobs stay SUBMITTED.
async fn waiting(clock: Arc<ManualClock>) -> StandIn {
    let options = Options {
        clock,
        store: Arc::new(MemoryStore::with_buckets(["out"])),
        endpoint: "http://127.0.0.1:9".to_owned(),
        tools: None,
    };
    StandIn::start(0, options).await.unwrap()
}

async fn service(standin: &StandIn) -> reelsmith_aws::MediaConvert {
    let sdk = Sdk::emulator(&standin.endpoint()).await;
    sdk.encodes("arn:role", "arn:queue")
}

/// This is also the suite of the real adapter, which calls the SDK.
#[tokio::test]
async fn the_adapter_passes_the_suite_of_the_port() {
    let clock = Arc::new(ManualClock::default());
    let standin = waiting(clock.clone()).await;
    let service = service(&standin).await;
    suites::encode_service(&service, &|seconds| clock.advance_seconds(seconds)).await;
}

#[tokio::test]
async fn the_sdk_does_not_repeat_a_create_whose_answer_is_lost() {
    let standin = waiting(Arc::default()).await;
    let service = service(&standin).await;
    standin.inject(Fault::LoseAnswer {
        then_pass_seconds: 61,
    });
    let order = Ordered::usual().order().unwrap();
    let error = service.create(&order).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
    assert_eq!(standin.jobs().len(), 1, "accepted all the same");
    let found = service
        .find(&order.input, &order.tag.job_key, UnixMillis(0))
        .await
        .unwrap();
    assert_eq!(found[0].id, standin.jobs()[0].id);
    service.create(&order).await.unwrap();
    assert_eq!(standin.jobs().len(), 2, "the token is forgotten by now");
}

#[tokio::test]
async fn a_throttled_request_is_unavailable() {
    let standin = waiting(Arc::default()).await;
    let service = service(&standin).await;
    standin.inject(Fault::Throttle);
    let order = Ordered::usual().order().unwrap();
    let error = service.create(&order).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
    assert!(standin.jobs().is_empty());
}

#[test]
fn a_fault_has_the_documented_json() {
    let lost = r#"{"fault":"lose_answer","then_pass_seconds":61}"#;
    let fault: Fault = serde_json::from_str(lost).unwrap();
    assert_eq!(
        fault,
        Fault::LoseAnswer {
            then_pass_seconds: 61
        }
    );
}
