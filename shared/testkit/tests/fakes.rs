//! The fakes pass the suites of their ports.

use std::sync::Arc;

use reelsmith_testkit::fakes::{
    ManualClock, MemoryAdmissions, MemoryAnnouncer, MemoryEncodes, MemoryStore, MemorySubmissions,
    MemoryWorkflow,
};
use reelsmith_testkit::suites;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_store() {
    let store = MemoryStore::with_buckets(["plain"]);
    store.add_bucket("versioned", true);
    suites::object_store(Arc::new(store), "plain", "versioned").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_submissions() {
    suites::submissions(Arc::new(MemorySubmissions::default())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_workflow() {
    let workflow = Arc::new(MemoryWorkflow::default());
    suites::workflow(workflow.clone()).await;
    let names: Vec<_> = workflow.executions().into_iter().map(|e| e.0).collect();
    assert_eq!(names, ["once", "race"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_admissions() {
    suites::admissions(Arc::new(MemoryAdmissions::default())).await;
}

#[tokio::test]
async fn memory_announcer() {
    let announcer = MemoryAnnouncer::default();
    let announced = suites::announcer(&announcer).await;
    assert_eq!(announcer.messages(), announced);
}

#[tokio::test]
async fn memory_encodes() {
    let clock = Arc::new(ManualClock::default());
    let service = MemoryEncodes::new(clock.clone());
    suites::encode_service(&service, &|seconds| clock.advance_seconds(seconds)).await;
}
