//! The state machine for tests: the template, the template with placeholder values, and its states at every depth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use reelsmith_contract::step::STEPS;
use serde_json::Value;

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests have a parent folder")
        .to_owned()
}

/// The committed template.
pub fn template() -> String {
    let path = root().join("statemachine/transcode.asl.json");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The placeholder of a function in the template: its folder name in snake case.
pub fn placeholder(function: &str) -> String {
    function.replace('-', "_")
}

/// The distinct names between `${` and `}`.
pub fn placeholders(template: &str) -> BTreeSet<String> {
    template
        .split("${")
        .skip(1)
        .map(|rest| {
            rest.split_once('}')
                .expect("a closed placeholder")
                .0
                .to_owned()
        })
        .collect()
}

/// Renders the template with values for all placeholders.
pub fn render(values: &BTreeMap<String, String>) -> Value {
    let mut text = template();
    for (name, value) in values {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    assert_eq!(
        placeholders(&text),
        BTreeSet::new(),
        "left-over placeholders"
    );
    serde_json::from_str(&text).expect("the rendered template to be JSON")
}

/// The template with test values; the ARN of a function is `arn:FOLDER`.
pub fn machine() -> Value {
    let functions = STEPS
        .iter()
        .map(|s| (placeholder(s.function), format!("arn:{}", s.function)));
    let settings = [("output_bucket", "output"), ("max_concurrency", "40")];
    let settings = settings.map(|(n, v)| (n.to_owned(), v.to_owned()));
    render(&functions.chain(settings).collect())
}

/// A state and its position.
#[derive(Clone, Debug)]
pub struct State<'a> {
    pub name: &'a str,
    pub json: &'a Value,
    /// The enclosing Map and Parallel states, outermost first.
    pub around: Vec<State<'a>>,
}

impl State<'_> {
    /// The `Type` of the state.
    pub fn kind(&self) -> &str {
        self.json["Type"].as_str().expect("a Type")
    }

    /// A list field of the definition; empty if the field is missing.
    pub fn list(&self, field: &str) -> &[Value] {
        self.json[field].as_array().map_or(&[], Vec::as_slice)
    }
}

/// The state machines directly inside a Map or Parallel state: objects with `StartAt` and `States`.
pub fn inner_machines(state: &Value) -> Vec<&Value> {
    let branches = state["Branches"].as_array().map_or(&[][..], Vec::as_slice);
    branches.iter().chain(state.get("ItemProcessor")).collect()
}

/// Every state machine: the outer one, and those inside Map and Parallel states.
pub fn machines(machine: &Value) -> Vec<&Value> {
    let inner = direct_states(machine)
        .into_iter()
        .flat_map(|(_, s)| inner_machines(s));
    std::iter::once(machine)
        .chain(inner.flat_map(machines))
        .collect()
}

/// The states of one state machine, without those inside Map and Parallel states.
pub fn direct_states(machine: &Value) -> Vec<(&str, &Value)> {
    let states = machine["States"].as_object().expect("States");
    states
        .iter()
        .map(|(name, json)| (name.as_str(), json))
        .collect()
}

/// Every state at every depth.
pub fn states(machine: &Value) -> Vec<State<'_>> {
    states_within(machine, &[])
}

fn states_within<'a>(machine: &'a Value, around: &[State<'a>]) -> Vec<State<'a>> {
    let mut all = Vec::new();
    for (name, json) in direct_states(machine) {
        let state = State {
            name,
            json,
            around: around.to_vec(),
        };
        let inside: Vec<_> = around.iter().cloned().chain([state.clone()]).collect();
        all.push(state);
        for inner in inner_machines(json) {
            all.extend(states_within(inner, &inside));
        }
    }
    all
}

/// The Task states.
pub fn tasks(machine: &Value) -> Vec<State<'_>> {
    states(machine)
        .into_iter()
        .filter(|s| s.kind() == "Task")
        .collect()
}

/// The possible next states: `Next`, `Default`, `Choices` and `Catch`.
pub fn successors(state: &Value) -> BTreeSet<&str> {
    let lists = ["Choices", "Catch"]
        .into_iter()
        .filter_map(|f| state[f].as_array());
    let nested = lists.flatten().map(|entry| &entry["Next"]);
    [&state["Next"], &state["Default"]]
        .into_iter()
        .chain(nested)
        .filter_map(Value::as_str)
        .collect()
}
