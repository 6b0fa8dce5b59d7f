//! Concurrent writers: exactly one gets the job.

use std::sync::Arc;

use reelsmith_core::keys::JobKey;
use reelsmith_core::ports::SubmissionStore;
use reelsmith_core::submission::{Row, State, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

use super::{
    LEASE_SECONDS, T0, after_seconds, applied, complete, fail, fence, job, lead, reserve, step,
};
use crate::suites::race;

const OWNERS: usize = 32;

pub(super) async fn one_of_many_concurrent_owners_reserves(store: &Arc<dyn SubmissionStore>) {
    for round in 0..4 {
        let job_key = job(&format!("one_of_many_concurrent_owners_reserves {round}"));
        let outcomes = apply_concurrently(store, T0, |i| reserve(&job_key, &owner(i), false)).await;
        assert_one_applied(store, &job_key, &outcomes, 1).await;
    }
}

pub(super) async fn one_of_many_owners_takes_over_an_expired_lease(
    store: &Arc<dyn SubmissionStore>,
) {
    let job_key = job("one_of_many_owners_takes_over_an_expired_lease");
    lead(&**store, &job_key, "dead", State::Submitted).await;
    let early = after_seconds(LEASE_SECONDS - 1);
    let heirs = |i: usize| reserve(&job_key, &owner(i), false);
    for outcome in apply_concurrently(store, early, heirs).await {
        assert!(matches!(outcome, TransitionOutcome::Refused(Some(row)) if row.owner == "dead"));
    }
    let late = after_seconds(LEASE_SECONDS);
    let outcomes = apply_concurrently(store, late, heirs).await;
    assert_one_applied(store, &job_key, &outcomes, 2).await;
}

pub(super) async fn one_of_many_concurrent_retries_is_applied(store: &Arc<dyn SubmissionStore>) {
    let job_key = job("one_of_many_concurrent_retries_is_applied");
    let outcomes = apply_concurrently(store, T0, |_| reserve(&job_key, "same", false)).await;
    let row = store.row(&job_key).await.unwrap().unwrap();
    let (applied, again): (Vec<_>, Vec<_>) = outcomes
        .into_iter()
        .partition(|o| matches!(o, TransitionOutcome::Applied(_)));
    assert_eq!(applied, [TransitionOutcome::Applied(row.clone())]);
    assert_eq!(
        again,
        vec![TransitionOutcome::AlreadyApplied(row); OWNERS - 1]
    );
}

/// An owner completes or fails while others take its expired lease. The first one wins; the others are refused.
pub(super) async fn an_owner_and_its_successor_never_both_win(store: &Arc<dyn SubmissionStore>) {
    for round in 0..8 {
        let job_key = job(&format!(
            "an_owner_and_its_successor_never_both_win {round}"
        ));
        let held = lead(&**store, &job_key, "holder", State::Validating).await;
        let late = after_seconds(LEASE_SECONDS + 1);
        let end = match round % 2 {
            0 => complete(fence(&held)),
            _ => fail(fence(&held), "at the last moment"),
        };
        let outcomes = apply_concurrently(store, late, |i| match i % 8 {
            0 => step(&job_key, end.clone()),
            _ => reserve(&job_key, &owner(i), false),
        })
        .await;
        let row = store.row(&job_key).await.unwrap().unwrap();
        let wins = outcomes.iter().filter_map(|o| match o {
            TransitionOutcome::Applied(row) => Some(row.clone()),
            _ => None,
        });
        let mut wins: Vec<Row> = wins.collect();
        wins.sort_by_key(|row| row.attempt);
        assert_chain(&wins, &row, round);
    }
}

/// A failed job can be reserved at once, so one reservation may follow a failure. No other two steps can both be applied.
fn assert_chain(wins: &[Row], row: &Row, round: usize) {
    let states: Vec<State> = wins.iter().map(|w| w.state).collect();
    let allowed: &[&[State]] = &[
        &[State::Complete],
        &[State::Reserved],
        &[State::Failed, State::Reserved],
    ];
    assert!(allowed.contains(&&states[..]), "round {round}: {states:?}");
    assert_eq!(wins.last(), Some(row), "round {round}");
}

async fn apply_concurrently(
    store: &Arc<dyn SubmissionStore>,
    now: UnixMillis,
    transition: impl Fn(usize) -> Transition,
) -> Vec<TransitionOutcome> {
    let outcomes = race(OWNERS, |i| {
        let (store, transition) = (Arc::clone(store), transition(i));
        async move { store.apply(&transition, now).await }
    })
    .await;
    outcomes.into_iter().map(Result::unwrap).collect()
}

async fn assert_one_applied(
    store: &Arc<dyn SubmissionStore>,
    job_key: &JobKey,
    outcomes: &[TransitionOutcome],
    attempt: u32,
) {
    let won: Vec<&TransitionOutcome> = outcomes
        .iter()
        .filter(|o| matches!(o, TransitionOutcome::Applied(_)))
        .collect();
    assert_eq!(won.len(), 1, "{job_key} was reserved {} times", won.len());
    let winner = applied(won[0].clone());
    assert_eq!(winner.attempt, attempt);
    assert_eq!(store.row(job_key).await.unwrap().as_ref(), Some(&winner));
    let lost = TransitionOutcome::Refused(Some(winner));
    assert_eq!(outcomes.iter().filter(|o| **o == lost).count(), OWNERS - 1);
}

fn owner(i: usize) -> String {
    format!("arn:aws:states:us-east-1:000000000000:execution:transcode:run-{i}")
}
