//! The fault injector follows its script.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{ObjectStore, PortErrorKind, Put, PutOptions, SubmissionStore};
use reelsmith_core::submission::{NoticeKind, OutboxEntry};
use reelsmith_core::time::UnixMillis;
use reelsmith_testkit::fakes::{MemoryStore, MemorySubmissions};
use reelsmith_testkit::faults::{Call, Effect, Faults, Faulty};
use reelsmith_testkit::suites;

fn object() -> ObjectRef {
    ObjectRef::new("b", "k")
}

fn create_only() -> PutOptions {
    PutOptions {
        create_only: true,
        ..PutOptions::default()
    }
}

#[tokio::test]
async fn a_failed_call_has_no_effect_and_a_lost_answer_has_its_full_effect() {
    let faults = Faults::none();
    faults.at_call(Call::Put, 1, Effect::Fail(PortErrorKind::Unavailable));
    faults.at_call(Call::Put, 2, Effect::LoseAnswer(PortErrorKind::Unavailable));
    let inner = Arc::new(MemoryStore::with_buckets(["b"]));
    let store = Faulty::new(inner.clone(), faults.clone());
    let (object, options) = (object(), PutOptions::default());
    let put = || store.put(&object, Bytes::from_static(b"x"), &options);
    let first = put().await.unwrap_err();
    assert_eq!(first.kind(), PortErrorKind::Unavailable);
    assert_eq!(inner.keys("b"), [""; 0]);
    put().await.unwrap_err();
    assert_eq!(inner.keys("b"), ["k"]);
    let again = store
        .put(&object, Bytes::from_static(b"x"), &create_only())
        .await;
    assert_eq!(again, Ok(Put::Exists));
    assert_eq!(
        faults.log(),
        [
            "call 1 (Put 1): failed with Unavailable",
            "call 2 (Put 2): done, but reported as Unavailable"
        ]
    );
}

#[tokio::test]
async fn a_delayed_call_ends_later_and_a_hung_call_never_ends() {
    let faults = Faults::none();
    let delay = Duration::from_millis(40);
    faults.at(1, Effect::Delay(delay));
    faults.at(2, Effect::Hang);
    let store = Faulty::new(Arc::new(MemoryStore::with_buckets(["b"])), faults);
    let begin = std::time::Instant::now();
    store.list("b", "").await.unwrap();
    assert!(begin.elapsed() >= delay);
    let hanging = tokio::time::timeout(delay, store.list("b", "")).await;
    assert!(hanging.is_err());
}

#[tokio::test]
async fn equal_seeds_give_equal_faults_at_the_requested_rate() {
    let mut logs = Vec::new();
    for seed in [7, 7, 8] {
        let effects = [
            Effect::Fail(PortErrorKind::Unavailable),
            Effect::LoseAnswer(PortErrorKind::Unavailable),
        ];
        let faults = Faults::seeded(seed, 250, &effects);
        let store = Faulty::new(Arc::new(MemorySubmissions::default()), faults.clone());
        for _ in 0..1_000 {
            let _ = store.pending("x").await;
        }
        assert!((180..320).contains(&faults.log().len()), "seed {seed}");
        logs.push(faults.log());
    }
    assert_eq!(logs[0], logs[1]);
    assert_ne!(logs[0], logs[2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wrapper_without_faults_passes_the_suites() {
    let store = MemoryStore::with_buckets(["plain"]);
    store.add_bucket("versioned", true);
    let store = Faulty::new(Arc::new(store), Faults::none());
    suites::object_store(Arc::new(store), "plain", "versioned").await;
    let rows = Faulty::new(Arc::new(MemorySubmissions::default()), Faults::none());
    suites::submissions(Arc::new(rows)).await;
}

#[tokio::test]
async fn repeating_an_outbox_call_after_a_lost_answer_is_harmless() {
    let faults = Faults::none();
    faults.at_call(
        Call::Enqueue,
        1,
        Effect::LoseAnswer(PortErrorKind::Unavailable),
    );
    faults.at_call(
        Call::MarkSent,
        1,
        Effect::LoseAnswer(PortErrorKind::Unavailable),
    );
    let store = Faulty::new(Arc::new(MemorySubmissions::default()), faults);
    let entry = OutboxEntry {
        outbox: "execution#x".into(),
        id: "failure".into(),
        kind: NoticeKind::Failure,
        subject: "s".into(),
        body: "{}".into(),
        created: UnixMillis(0),
    };
    store.enqueue(&entry).await.unwrap_err();
    store.enqueue(&entry).await.unwrap();
    assert_eq!(store.pending("execution#x").await.unwrap().len(), 1);
    store.mark_sent(&entry, UnixMillis(1)).await.unwrap_err();
    store.mark_sent(&entry, UnixMillis(2)).await.unwrap();
    assert_eq!(store.pending("execution#x").await.unwrap(), []);
}
