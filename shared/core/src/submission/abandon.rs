//! Giving up what a failed generation made.

use super::{Outcome, Row, State};
use crate::keys::Generation;
use crate::time::UnixMillis;

/// Attempt 0 of the next generation, still FAILED: reserving it is its attempt 1.
pub(super) fn decide_abandon(
    row: Option<&Row>,
    generation: Generation,
    attempt: u32,
    now: UnixMillis,
) -> Outcome {
    let next = Generation(generation.0.saturating_add(1));
    match row {
        Some(row)
            if row.state == State::Failed
                && row.attempt > 0
                && (row.generation, row.attempt) == (generation, attempt) =>
        {
            let mut row = row.clone();
            (row.generation, row.attempt, row.updated) = (next, 0, now);
            Outcome::Applied(row)
        }
        Some(row) if row.state == State::Failed && (row.generation, row.attempt) == (next, 0) => {
            Outcome::AlreadyApplied(row.clone())
        }
        other => Outcome::Refused(other.cloned()),
    }
}
