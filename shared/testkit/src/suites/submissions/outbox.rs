//! The outbox: an entry is written with its transition or not at all, and is never lost.

use std::sync::Arc;

use reelsmith_core::ports::{PortErrorKind, SubmissionStore};
use reelsmith_core::submission::{State, TransitionOutcome};

use super::{T0, after_seconds, applied, complete, entry, fence, job, lead, reserve, step};
use crate::suites::{race, refused};

pub(super) async fn a_transition_writes_its_outbox_entry(store: &dyn SubmissionStore) {
    let job_key = job("a_transition_writes_its_outbox_entry");
    let outbox = job_key.as_str();
    let row = lead(store, &job_key, "a", State::Validating).await;
    assert_eq!(store.pending(outbox).await.unwrap(), []);
    let notice = entry(outbox, "success#g1", "{\"title\":\"進撃の巨人\"}");
    let mut publish = step(&job_key, complete(fence(&row)));
    publish.notice = Some(notice.clone());
    applied(store.apply(&publish, T0).await.unwrap());
    assert_eq!(store.pending(outbox).await.unwrap(), vec![notice.clone()]);
    let again = store.apply(&publish, after_seconds(5)).await.unwrap();
    assert!(
        matches!(again, TransitionOutcome::AlreadyApplied(_)),
        "{again:?}"
    );
    assert_eq!(store.pending(outbox).await.unwrap(), [notice]);
    // The first write of a row may also have an entry.
    let fresh = job("a_transition_writes_its_outbox_entry, first write");
    let mut first = reserve(&fresh, "a", false);
    first.notice = Some(entry(fresh.as_str(), "started", "{}"));
    applied(store.apply(&first, T0).await.unwrap());
    assert_eq!(store.pending(fresh.as_str()).await.unwrap().len(), 1);
}

pub(super) async fn an_existing_entry_is_not_overwritten(store: &dyn SubmissionStore) {
    let job_key = job("an_existing_entry_is_not_overwritten");
    let outbox = job_key.as_str();
    let sent = entry(outbox, "success#g1", "the first");
    store.enqueue(&sent).await.unwrap();
    store.mark_sent(&sent, T0).await.unwrap();
    let row = lead(store, &job_key, "a", State::Validating).await;
    let mut publish = step(&job_key, complete(fence(&row)));
    publish.notice = Some(entry(outbox, "success#g1", "the second"));
    applied(store.apply(&publish, T0).await.unwrap());
    assert_eq!(store.pending(outbox).await.unwrap(), [], "it was sent");
}

pub(super) async fn a_complete_row_always_has_its_outbox_entry(store: &Arc<dyn SubmissionStore>) {
    for round in 0..4 {
        let job_key = job(&format!(
            "a_complete_row_always_has_its_outbox_entry {round}"
        ));
        let row = lead(&**store, &job_key, "a", State::Validating).await;
        let mut publish = step(&job_key, complete(fence(&row)));
        publish.notice = Some(entry(job_key.as_str(), "success#g1", "{}"));
        let applied = race(16, |i| {
            let (store, publish, job_key) = (Arc::clone(store), publish.clone(), job_key.clone());
            async move {
                if i % 2 == 0 {
                    let outcome = store.apply(&publish, T0).await.unwrap();
                    return usize::from(matches!(outcome, TransitionOutcome::Applied(_)));
                }
                while store.row(&job_key).await.unwrap().unwrap().state != State::Complete {
                    tokio::task::yield_now().await;
                }
                let pending = store.pending(job_key.as_str()).await.unwrap();
                assert_eq!(pending.len(), 1, "complete, but not in the outbox");
                0
            }
        })
        .await;
        assert_eq!(applied.iter().sum::<usize>(), 1, "publications");
    }
}

pub(super) async fn enqueue_and_mark_sent_are_idempotent(store: &dyn SubmissionStore) {
    let outbox = "execution#run 1/ünï";
    let (first, second) = (entry(outbox, "a", "first"), entry(outbox, "b", "{}"));
    store.enqueue(&second).await.unwrap();
    store.enqueue(&first).await.unwrap();
    store.enqueue(&entry(outbox, "a", "changed")).await.unwrap();
    store
        .enqueue(&entry("execution#run 1", "c", "{}"))
        .await
        .unwrap();
    let pending = store.pending(outbox).await.unwrap();
    assert_eq!(pending, [first.clone(), second.clone()]);
    store.mark_sent(&first, after_seconds(1)).await.unwrap();
    store.mark_sent(&first, after_seconds(2)).await.unwrap();
    assert_eq!(store.pending(outbox).await.unwrap(), vec![second.clone()]);
    store.enqueue(&first).await.unwrap();
    let pending = store.pending(outbox).await.unwrap();
    assert_eq!(pending, [second], "an entry that was sent stays sent");
    let never = entry(outbox, "never", "{}");
    let kind = refused(store.mark_sent(&never, T0).await);
    assert_eq!(kind, PortErrorKind::NotFound);
    assert_eq!(store.pending("execution#nobody").await.unwrap(), []);
}

/// A page of a query has at most 1 MB.
pub(super) async fn all_pages_of_an_outbox_are_read(store: &dyn SubmissionStore) {
    let outbox = "execution#large";
    let body = "x".repeat(40_000);
    let entries: Vec<_> = (0..60)
        .map(|i| entry(outbox, &format!("{i:03}"), &body))
        .collect();
    for entry in &entries {
        store.enqueue(entry).await.unwrap();
    }
    assert_eq!(store.pending(outbox).await.unwrap(), entries);
}
