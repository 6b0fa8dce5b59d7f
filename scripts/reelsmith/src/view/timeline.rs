//! The states that an execution went through, from its history.

use reelsmith_aws::operate::{HistoryEvent, HistoryKind};
use reelsmith_contract::ErrorName;
use reelsmith_contract::payload::error_message;

use crate::job::outcome::ExecutionFailure;
use crate::view::text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    pub state: String,
    /// 0 for a state of the machine itself, 1 for a state in a branch of a Parallel state.
    pub depth: usize,
    /// Milliseconds since the epoch.
    pub entered_ms: i64,
    /// Milliseconds since the epoch; `None` while the execution is in the state.
    pub left_ms: Option<i64>,
    /// Failures in the state, in order. The state may have retried.
    pub failures: Vec<ExecutionFailure>,
}

impl Visit {
    /// Seconds in the state; until `now_ms` if the execution is still in it.
    pub fn seconds(&self, now_ms: i64) -> f64 {
        text::seconds(self.left_ms.unwrap_or(now_ms) - self.entered_ms)
    }

    /// The parts of the message about a missing file, if the execution waits for one in this state.
    pub fn awaited(&self) -> Option<impl Iterator<Item = &str>> {
        let last = self.failures.last().filter(|_| self.left_ms.is_none())?;
        let missing = [ErrorName::MezzanineMissing, ErrorName::CaptionMissing];
        let waits = missing.iter().any(|name| name.as_str() == last.error);
        waits.then(|| last.cause.split("; "))
    }
}

/// Every visit, in the order of entering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    pub visits: Vec<Visit>,
}

impl Timeline {
    pub fn of(history: &[HistoryEvent]) -> Self {
        let mut timeline = Self::default();
        history.iter().for_each(|event| timeline.add(event));
        timeline
    }

    pub fn add(&mut self, event: &HistoryEvent) {
        match &event.kind {
            HistoryKind::Entered { state } => self.enter(state, event.at_ms),
            HistoryKind::Exited { state, .. } => {
                if let Some(visit) = self.open().find(|v| v.state == *state) {
                    visit.left_ms = Some(event.at_ms);
                }
            }
            HistoryKind::TaskFailed { error, cause } => self.fail(error, cause),
        }
    }

    /// The visits of states that the execution is in.
    fn open(&mut self) -> impl Iterator<Item = &mut Visit> {
        self.visits.iter_mut().filter(|v| v.left_ms.is_none())
    }

    /// Top-level states follow each other, so a state that is entered during another one is in a branch of that one.
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

    fn fail(&mut self, error: &str, cause: &str) {
        // A Task has no branches, so the failure belongs to the state that was entered last.
        if let Some(visit) = self.open().last() {
            visit.failures.push(ExecutionFailure {
                error: error.to_owned(),
                cause: error_message(cause),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_missing_file_is_awaited_until_the_state_ends() {
        let mut history = testing::history(&[(0, "+ValidateInput"), (100, "!MezzanineMissing")]);
        if let HistoryKind::TaskFailed { cause, .. } = &mut history[1].kind {
            *cause = "found no object, until 16:45; at s3://in/a.mov".into();
        }
        let awaited = |timeline: &Timeline| {
            let parts = timeline.visits[0].awaited();
            parts.map(|parts| parts.map(str::to_owned).collect::<Vec<_>>())
        };
        let mut timeline = Timeline::of(&history);
        assert_eq!(
            awaited(&timeline).unwrap(),
            ["found no object, until 16:45", "at s3://in/a.mov"]
        );
        timeline.visits[0].left_ms = Some(9);
        assert_eq!(awaited(&timeline), None);
    }

    #[test]
    fn branches_are_nested_in_their_state_and_retries_counted_in_it() {
        let history = testing::history(&[
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
        let visits: Vec<_> = timeline
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
            visits,
            [
                (0, "ParseManifest", 0.9, 1),
                (0, "Encode", 4.101, 0),
                (1, "TranscodeChunks", 4.09, 0),
                (1, "HasAudio", 0.001, 0),
                (0, "PackageOutputs", 1.0, 0),
            ]
        );
        assert!(timeline.visits[4].left_ms.is_none());
    }
}
