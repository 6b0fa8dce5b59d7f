//! The queries of the reaper.

use reelsmith_core::keys::Generation;
use reelsmith_core::ports::SubmissionStore;
use reelsmith_core::submission::{State, Step, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

use super::{T0, after_seconds, applied, entry, fail, fence, job, lead, reserve, step};

pub(super) async fn old_rows_and_unsent_entries_are_found(store: &dyn SubmissionStore) {
    let job_key = job("old_rows_and_unsent_entries_are_found");
    let row = lead(store, &job_key, "a", State::Validating).await;
    let mine = async |state| {
        let rows = store.rows_in(state, UnixMillis(row.updated.0 + 1)).await;
        let mine = rows.unwrap().into_iter().filter(|r| r.job_key == job_key);
        mine.collect::<Vec<_>>()
    };
    assert_eq!(mine(State::Validating).await, std::slice::from_ref(&row));
    assert_eq!(mine(State::Reserved).await, []);
    let early = store.rows_in(State::Validating, row.updated).await.unwrap();
    assert!(
        early.iter().all(|r| r.job_key != job_key),
        "before is before"
    );

    let outbox = job_key.as_str();
    let message = entry(outbox, "left", "{}");
    store.enqueue(&message).await.unwrap();
    let later = UnixMillis(message.created.0 + 1);
    let left = async || {
        let unsent = store.unsent(later).await.unwrap();
        unsent
            .into_iter()
            .filter(|e| e.outbox == outbox)
            .collect::<Vec<_>>()
    };
    assert_eq!(left().await, std::slice::from_ref(&message));
    store.mark_sent(&message, T0).await.unwrap();
    assert_eq!(left().await, []);
    store.enqueue(&message).await.unwrap();
    assert_eq!(
        left().await,
        [],
        "it was sent, and queueing it again changes nothing"
    );

    let failed = step(&job_key, fail(fence(&row), "c"));
    let failed = applied(store.apply(&failed, after_seconds(1)).await.unwrap());
    let abandon = step(
        &job_key,
        Step::Abandon {
            generation: failed.generation,
            attempt: failed.attempt,
        },
    );
    let abandoned = applied(store.apply(&abandon, after_seconds(2)).await.unwrap());
    assert_eq!(
        (abandoned.generation, abandoned.attempt),
        (Generation(2), 0)
    );
    let again = store.apply(&abandon, after_seconds(3)).await.unwrap();
    assert_eq!(again, TransitionOutcome::AlreadyApplied(abandoned.clone()));
    let next = applied(
        store
            .apply(&reserve(&job_key, "b", false), after_seconds(4))
            .await
            .unwrap(),
    );
    assert_eq!((next.generation, next.attempt), (Generation(2), 1));
    let late = store.apply(&abandon, after_seconds(5)).await.unwrap();
    assert_eq!(
        late,
        TransitionOutcome::Refused(Some(next)),
        "nobody's work is abandoned"
    );
}
