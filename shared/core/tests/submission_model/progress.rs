//! A measure of progress that increases with every step without a fault.

use crate::program::{Call, Program};

impl Program {
    /// The progress of the execution.
    pub fn progress(&self) -> usize {
        let left = |n: usize| 100 - 2 * n;
        match self.call {
            Call::Delivery => 0,
            Call::Reserve => 1,
            Call::Commit | Call::PendingOfJob => 2,
            Call::Duplicate | Call::Plan => 3,
            Call::Intend => 4,
            Call::Find => 5,
            Call::Order(number) => 6 + usize::from(number),
            Call::CommitOrder => 18,
            Call::Collect => 19,
            Call::Look(c) => 4 + 3 * usize::from(c),
            Call::Segment(c) => 5 + 3 * usize::from(c),
            Call::Record(c) => 6 + 3 * usize::from(c),
            Call::Validate => 20,
            Call::Measure => 21,
            Call::Complete => 22,
            Call::SuccessApart => 23,
            Call::FindHold => 24,
            Call::Release => 25,
            Call::FindOrder => 26,
            Call::CancelOrder => 27,
            Call::FailureApart => 28,
            Call::Pending => 29,
            Call::Send => left(self.todo.len()),
            Call::Mark => left(self.todo.len()) + 1,
            Call::Ended(_) => 200,
        }
    }
}
