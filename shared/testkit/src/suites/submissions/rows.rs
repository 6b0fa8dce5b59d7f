//! One writer at a time: a row is read as written, and only its owner changes it.

use reelsmith_core::ports::SubmissionStore;
use reelsmith_core::submission::{MAX_FAILURES, State, TransitionOutcome};

use super::{
    LEASE_SECONDS, T0, after_seconds, applied, commit, complete, entry, fail, fence, job, lead,
    reserve, step, validate,
};

pub(super) async fn a_row_is_read_as_it_was_written(store: &dyn SubmissionStore) {
    let job_key = job("a_row_is_read_as_it_was_written");
    assert_eq!(store.row(&job_key).await.unwrap(), None);
    let refused = step(
        &job_key,
        commit(super::Fence {
            generation: reelsmith_core::keys::Generation::FIRST,
            attempt: 1,
            owner: "nobody".to_owned(),
        }),
    );
    let outcome = store.apply(&refused, T0).await.unwrap();
    assert_eq!(outcome, TransitionOutcome::Refused(None));
    let first = reserve(&job_key, "a", false);
    let mut row = applied(store.apply(&first, T0).await.unwrap());
    for (seconds, next) in [(1, commit as fn(_) -> _), (2, validate), (3, complete)] {
        assert_eq!(store.row(&job_key).await.unwrap().as_ref(), Some(&row));
        let (now, transition) = (after_seconds(seconds), step(&job_key, next(fence(&row))));
        let expected = transition.decide(Some(&row), now);
        let outcome = store.apply(&transition, now).await.unwrap();
        assert_eq!(outcome, expected);
        row = applied(outcome);
        let again = store.apply(&transition, after_seconds(9)).await.unwrap();
        assert_eq!(
            again,
            TransitionOutcome::AlreadyApplied(row.clone()),
            "a retry"
        );
    }
    assert_eq!(row.state, State::Complete);
    assert_eq!(store.row(&job_key).await.unwrap(), Some(row.clone()));
    let duplicate = reserve(&job_key, "b", false);
    let outcome = store.apply(&duplicate, after_seconds(9)).await.unwrap();
    assert_eq!(outcome, TransitionOutcome::Refused(Some(row.clone())));
    let forced = reserve(&job_key, "b", true);
    let next = applied(store.apply(&forced, after_seconds(9)).await.unwrap());
    assert_eq!((next.generation.0, next.attempt), (2, 1));
    assert_eq!((next.outputs, next.created), (None, row.created));
}

pub(super) async fn a_row_keeps_its_latest_failures(store: &dyn SubmissionStore) {
    let job_key = job("a_row_keeps_its_latest_failures");
    for attempt in 1..=MAX_FAILURES as u32 + 2 {
        let owner = format!("owner-{attempt}");
        let take = reserve(&job_key, &owner, false);
        let row = applied(store.apply(&take, T0).await.unwrap());
        assert_eq!(row.attempt, attempt, "a failed job is retried at once");
        let cause = format!("attempt {attempt}: \"ünïcode\"\nnew line");
        let failing = step(&job_key, fail(fence(&row), &cause));
        applied(store.apply(&failing, T0).await.unwrap());
    }
    let row = store.row(&job_key).await.unwrap().unwrap();
    assert_eq!(row.state, State::Failed);
    assert_eq!(row.failures.len(), MAX_FAILURES);
    assert_eq!(row.failures[0].attempt, 3, "the oldest are dropped");
    let last = &row.failures[MAX_FAILURES - 1];
    assert_eq!(last.cause, "attempt 22: \"ünïcode\"\nnew line");
    assert_eq!(last.owner, "owner-22");
}

pub(super) async fn a_stale_owner_cannot_change_a_row(store: &dyn SubmissionStore) {
    for (name, state) in [
        ("zombie reserved", State::Reserved),
        ("zombie submitted", State::Submitted),
        ("zombie validating", State::Validating),
    ] {
        let job_key = job(name);
        let zombie = fence(&lead(store, &job_key, "zombie", state).await);
        let late = after_seconds(LEASE_SECONDS + 1);
        let heir = reserve(&job_key, "heir", false);
        let taken = applied(store.apply(&heir, late).await.unwrap());
        for write in [
            commit(zombie.clone()),
            validate(zombie.clone()),
            complete(zombie.clone()),
            fail(zombie.clone(), "late"),
        ] {
            let mut transition = step(&job_key, write);
            transition.notice = Some(entry(job_key.as_str(), "zombie", "{}"));
            let outcome = store.apply(&transition, late).await.unwrap();
            assert_eq!(
                outcome,
                TransitionOutcome::Refused(Some(taken.clone())),
                "{name}"
            );
        }
        assert_eq!(store.row(&job_key).await.unwrap(), Some(taken));
        let pending = store.pending(job_key.as_str()).await.unwrap();
        assert_eq!(pending, [], "{name}: a refused transition announced itself");
    }
}
