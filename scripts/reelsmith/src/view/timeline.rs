//! An execution's history as the states it went through.

use reelsmith_aws::operate::{HistoryEvent, HistoryKind};
use serde::Serialize;

use crate::job::outcome::readable;
use crate::view::text;

/// One visit of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Name of the state.
    pub state: String,
    /// 0 for a state of the machine itself, 1 for one within a branch of a Parallel state.
    pub depth: usize,
    /// When it was entered, in milliseconds since the epoch.
    pub entered_ms: i64,
    /// When it was left.
    pub left_ms: Option<i64>,
    /// What failed in it, in order.
    pub failures: Vec<Failed>,
}

/// A function that failed; the state may have tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Error name.
    pub error: String,
    /// What it says, without the JSON that Lambda puts around it.
    pub cause: String,
}

impl Visit {
    /// Seconds in the state, until `now_ms` where it goes on.
    #[must_use]
    pub fn seconds(&self, now_ms: i64) -> f64 {
        text::seconds(self.left_ms.unwrap_or(now_ms) - self.entered_ms)
    }
}

/// Every visit, in the order of entering. Events may be added as they happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The visits.
    pub visits: Vec<Visit>,
}

impl Timeline {
    /// The timeline of a history.
    #[must_use]
    pub fn of(history: &[HistoryEvent]) -> Self {
        let mut timeline = Self::default();
        history.iter().for_each(|event| timeline.add(event));
        timeline
    }

    /// Takes the next event in.
    pub fn add(&mut self, event: &HistoryEvent) {
        match &event.kind {
            HistoryKind::Entered { state } => self.enter(state, event.at_ms),
            HistoryKind::Exited { state, .. } => {
                if let Some(visit) = self.open().find(|v| v.state == *state) {
                    visit.left_ms = Some(event.at_ms);
                }
            }
            HistoryKind::TaskFailed { error, cause } => self.fail(event.at_ms, error, cause),
        }
    }

    /// The visits that go on.
    pub fn open(&mut self) -> impl Iterator<Item = &mut Visit> {
        self.visits.iter_mut().filter(|v| v.left_ms.is_none())
    }

    /// Whether a state was left.
    #[must_use]
    pub fn has_left(&self, state: &str) -> bool {
        self.visits
            .iter()
            .any(|v| v.state == state && v.left_ms.is_some())
    }

    /// States follow each other: one that is entered while another goes on is in a branch of that one.
    fn enter(&mut self, state: &str, at_ms: i64) {
        let depth = usize::from(self.open().any(|v| v.depth == 0));
        self.visits.push(Visit {
            state: state.to_owned(),
            depth,
            entered_ms: at_ms,
            left_ms: None,
            failures: Vec::new(),
        });
    }

    fn fail(&mut self, at_ms: i64, error: &str, cause: &str) {
        // A Task has no branches, so the failure is of the state that was entered last.
        if let Some(visit) = self.open().last() {
            visit.failures.push(Failed {
                at_ms,
                error: error.to_owned(),
                cause: readable(cause),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::fake;

    #[test]
    fn branches_lie_below_their_state_and_retries_in_it() {
        let history = fake::history(&[
            (0, "+ParseManifest"),
            (100, "!StorageUnavailable"),
            (900, "-ParseManifest"),
            (900, "+Encode"),
            (910, "+TranscodeChunks"),
            (911, "+HasAudio"),
            (912, "-HasAudio"),
            (5_000, "-TranscodeChunks"),
            (5_001, "-Encode"),
            (5_001, "+PackageOutputs"),
        ]);
        let timeline = Timeline::of(&history);
        let told: Vec<_> = timeline
            .visits
            .iter()
            .map(|v| {
                (
                    v.depth,
                    v.state.as_str(),
                    v.seconds(6_001),
                    v.failures.len(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (0, "ParseManifest", 0.9, 1),
                (0, "Encode", 4.101, 0),
                (1, "TranscodeChunks", 4.09, 0),
                (1, "HasAudio", 0.001, 0),
                (0, "PackageOutputs", 1.0, 0),
            ]
        );
        assert!(timeline.has_left("Encode") && !timeline.has_left("PackageOutputs"));
    }
}
