//! Admission: which of the manifests that arrived is worked on next.
//!
//! A deployment runs a limited number of jobs at once (`MAX_RUNNING_JOBS` slots). A manifest that arrives becomes a
//! [`Ticket`] in a queue; the first ticket takes a slot as soon as one is free, and the execution gives the slot back when
//! it ends. The queue is a partition of the submission table, and each move is one transaction, so the number of taken
//! slots is exact after any crash (see [`AdmissionStore`](crate::ports::AdmissionStore)).
//!
//! The order is arrival time minus priority: each step of priority counts as [`PRIORITY_STEP_MS`] (ten minutes) of earlier
//! arrival. An urgent delivery overtakes others, but a ticket can be overtaken only by deliveries of the next 100 minutes,
//! so none waits forever.
//!
//! For example, a ticket of priority 6 overtakes those of priority 5 that arrived less than ten minutes before it.
//! [`Ticket::sort_key`] is the order as text, because DynamoDB sorts a partition by the bytes of its keys.

use serde::{Deserialize, Serialize};

use crate::time::UnixMillis;

/// The waiting time that one step of priority is worth, in milliseconds.
pub const PRIORITY_STEP_MS: i64 = 600_000;

/// The priority of a manifest that does not state one, or that cannot be read.
pub const DEFAULT_PRIORITY: u8 = 5;

/// A manifest that waits for a slot, or holds one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Name of the execution that it starts.
    pub execution: String,
    /// JSON input of the execution.
    pub input: String,
    /// The manifest's priority, 0 to 10; higher goes first.
    pub priority: u8,
    pub arrived: UnixMillis,
}

impl Ticket {
    /// A text that sorts as the tickets are served.
    pub fn sort_key(&self) -> String {
        let earlier = i64::from(self.priority).saturating_mul(PRIORITY_STEP_MS);
        // Times before the epoch do not occur; a clock that is wrong that far is served first.
        let rank = self.arrived.0.saturating_sub(earlier).max(0);
        format!("{rank:015}#{}", self.execution)
    }
}

/// The result of asking for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// The ticket now holds a slot.
    Yes,
    /// All slots are taken; the ticket keeps waiting.
    Full,
    /// The ticket is no longer in the queue: another call admitted it.
    Gone,
}

/// The state of a ticket after it joined the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketState {
    /// It waits in the queue, by this call or by an earlier one.
    Waiting,
    /// It already holds a slot.
    Holding,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(execution: &str, priority: u8, minute: i64) -> Ticket {
        Ticket {
            execution: execution.into(),
            input: "{}".into(),
            priority,
            arrived: UnixMillis(1_767_225_600_000 + minute * 60_000),
        }
    }

    #[test]
    fn tickets_are_served_by_arrival_and_a_step_of_priority_is_ten_minutes() {
        let mut queue = [
            ticket("late", 5, 3),
            ticket("urgent", 9, 35),
            ticket("first", 5, 0),
            ticket("lowest", 0, 1),
            ticket("too-late-to-overtake", 9, 41),
        ];
        queue.sort_by_key(Ticket::sort_key);
        let order: Vec<_> = queue.iter().map(|t| t.execution.as_str()).collect();
        assert_eq!(
            order,
            ["urgent", "first", "too-late-to-overtake", "late", "lowest"]
        );
    }

    #[test]
    fn the_lowest_priority_is_served_after_a_bounded_wait() {
        let lowest = ticket("lowest", 0, 0);
        let stream = (0..1_000).map(|minute| ticket("urgent", 10, minute));
        let before = stream.filter(|t| t.sort_key() < lowest.sort_key()).count();
        assert_eq!(before, 100, "ten steps of ten minutes");
    }
}
