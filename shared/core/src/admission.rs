//! Admission: which of the manifests that arrived is worked on next.
//!
//! A deployment runs so many jobs at once; the others wait in a line. The line is ordered by arrival, and each step of
//! priority counts as [`STEP_MS`] of earlier arrival: an urgent delivery overtakes, and nobody waits for ever.

use serde::{Deserialize, Serialize};

use crate::time::UnixMillis;

/// What one step of priority is worth, in milliseconds of waiting.
pub const STEP_MS: i64 = 600_000;

/// Priority where a manifest does not say, or cannot be read.
pub const USUAL_PRIORITY: u8 = 5;

/// A manifest's place in the line, and later its slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Name of the execution that it will start.
    pub execution: String,
    /// JSON that the execution is started with.
    pub input: String,
    /// From the manifest; more is more urgent.
    pub priority: u8,
    /// When the manifest arrived.
    pub arrived: UnixMillis,
}

impl Ticket {
    /// Place in the line: texts that sort as the tickets are served.
    #[must_use]
    pub fn place(&self) -> String {
        let earlier = i64::from(self.priority).saturating_mul(STEP_MS);
        // Times before the epoch do not occur; a clock that is wrong that far is served first.
        let rank = self.arrived.0.saturating_sub(earlier).max(0);
        format!("{rank:015}#{}", self.execution)
    }
}

/// What came of asking for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// The ticket holds a slot now.
    Yes,
    /// All slots are taken; the ticket waits on.
    Full,
    /// The ticket does not wait any more: another call admitted it.
    Gone,
}

/// Where a manifest stands after it joined the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It waits, by this call or by an earlier one.
    Waiting,
    /// It holds a slot already.
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
    fn the_line_is_served_by_arrival_and_a_step_of_priority_is_ten_minutes() {
        let mut line = [
            ticket("late", 5, 3),
            ticket("urgent", 9, 35),
            ticket("first", 5, 0),
            ticket("humble", 0, 1),
            ticket("too-late-to-overtake", 9, 41),
        ];
        line.sort_by_key(Ticket::place);
        let order: Vec<_> = line.iter().map(|t| t.execution.as_str()).collect();
        assert_eq!(
            order,
            ["urgent", "first", "too-late-to-overtake", "late", "humble"]
        );
    }

    #[test]
    fn nobody_waits_for_ever() {
        let humble = ticket("humble", 0, 0);
        let stream = (0..1_000).map(|minute| ticket("urgent", 10, minute));
        let before = stream.filter(|t| t.place() < humble.place()).count();
        assert_eq!(before, 100, "the head start of ten steps, and no more");
    }
}
