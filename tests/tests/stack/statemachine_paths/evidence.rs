//! What is known about an execution that has ended: its history, its map runs, and the calls that the functions recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use reelsmith_aws::operate::{Cloud, ExecutionStatus, ExecutionView, HistoryKind};
use reelsmith_contract::step::STEPS;
use serde_json::Value;

use reelsmith_tests::asl;

/// Everything known about one execution that has ended.
pub struct Evidence {
    pub view: ExecutionView,
    /// States of the outer state machine, in the order in which they were entered.
    pub states: Vec<String>,
    /// Labels of the Maps that ran.
    pub maps: BTreeSet<String>,
    /// The inputs of each function, in order.
    pub calls: BTreeMap<String, Vec<Value>>,
}

impl Evidence {
    /// Waits until an execution has ended, and collects the evidence.
    pub async fn gather(cloud: &Cloud, arn: &str, folder: &Path) -> Self {
        let view = ended(cloud, arn).await;
        let history = cloud.history(arn, 0).await.expect("a history");
        let states = history.into_iter().filter_map(|event| match event.kind {
            HistoryKind::Entered { state } => Some(state),
            _ => None,
        });
        let runs = cloud.map_runs(arn).await.expect("the map runs");
        let functions = STEPS.iter().map(|s| s.function.to_owned());
        Self {
            view,
            states: states.collect(),
            maps: runs.into_iter().map(|run| run.label).collect(),
            calls: functions.map(|f| (f.clone(), calls(folder, &f))).collect(),
        }
    }

    /// The number of calls of a function.
    pub fn count(&self, function: &str) -> usize {
        self.calls.get(function).map_or(0, Vec::len)
    }

    /// Every state that was reached, including those inside Parallel and Map states.
    ///
    /// MiniStack's histories have only the outermost states. The inner states follow from the map runs and the calls.
    pub fn reached(&self, machine: &Value) -> BTreeSet<String> {
        let mut reached: BTreeSet<String> = self.states.iter().cloned().collect();
        for name in &self.states {
            let state = &machine["States"][name];
            for branch in state["Branches"].as_array().into_iter().flatten() {
                self.walk(branch, &mut reached);
                self.called(branch, &mut reached);
            }
            self.workers(name, state, &mut reached);
        }
        reached
    }

    fn walk(&self, branch: &Value, reached: &mut BTreeSet<String>) {
        let mut next = branch["StartAt"].as_str();
        while let Some(name) = next {
            let state = &branch["States"][name];
            reached.insert(name.to_owned());
            self.workers(name, state, reached);
            let chosen = asl::successors(state)
                .into_iter()
                .find(|s| self.maps.contains(*s));
            next = chosen.or(state["Default"].as_str());
        }
    }

    /// The tasks directly in a branch that were called, and the next state of a choice after each: the first one at the end, and
    /// the other one if the task was called again.
    fn called(&self, branch: &Value, reached: &mut BTreeSet<String>) {
        for (name, state) in asl::direct_states(branch) {
            let step = STEPS.iter().find(|s| s.states.contains(&name));
            let count = step.map_or(0, |s| self.count(s.function));
            if count == 0 {
                continue;
            }
            reached.insert(name.to_owned());
            let next = state["Next"].as_str().unwrap_or_default();
            let ways = asl::successors(&branch["States"][next]);
            if branch["States"][next]["Type"] == "Choice" {
                reached.insert(next.to_owned());
                let taken = if count > 1 { ways.len() } else { 1 };
                reached.extend(ways.into_iter().take(taken).map(str::to_owned));
            }
        }
    }

    fn workers(&self, map: &str, state: &Value, reached: &mut BTreeSet<String>) {
        if !self.maps.contains(map) {
            return;
        }
        for (worker, _) in asl::direct_states(&state["ItemProcessor"]) {
            let step = STEPS
                .iter()
                .find(|s| s.states.contains(&worker))
                .expect("the step of a worker");
            if self.count(step.function) > 0 {
                reached.insert(worker.to_owned());
            }
        }
    }
}

fn calls(folder: &Path, function: &str) -> Vec<Value> {
    // A function that was not called has not recorded anything.
    let text =
        std::fs::read_to_string(folder.join(format!("{function}.calls"))).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a call"))
        .collect()
}

async fn ended(cloud: &Cloud, arn: &str) -> ExecutionView {
    let end = Instant::now() + Duration::from_secs(180);
    loop {
        let view = cloud
            .execution(arn)
            .await
            .expect("an answer")
            .expect("the execution");
        if view.summary.status != ExecutionStatus::Running {
            return view;
        }
        assert!(Instant::now() < end, "{arn} does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
