//! Compares the state machine with the contract: steps, error names, payloads, time limits.

mod flow;

use std::collections::{BTreeMap, BTreeSet};

use reelsmith_contract::error::{ErrorName, Retry};
use reelsmith_contract::payload::ARRIVAL_WAIT_SECONDS;
use reelsmith_contract::setting::Setting;
use reelsmith_contract::step::STEPS;
use reelsmith_core::encode::TOKEN_SECONDS;
use serde_json::Value;

use reelsmith_tests::asl::{self, State};

/// Error names of AWS, which MiniStack uses as well. All others must be in the contract.
const PLATFORM_ERRORS: &[&str] = &[
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Sandbox.Timedout",
    "States.ItemReaderFailed",
    "States.Timeout",
];

fn error_names(entry: &Value) -> BTreeSet<&str> {
    let names = entry["ErrorEquals"].as_array().expect("ErrorEquals");
    names
        .iter()
        .map(|n| n.as_str().expect("an error name"))
        .collect()
}

fn retried<'a>(state: &State<'a>) -> BTreeSet<&'a str> {
    let retriers = state.json["Retry"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    retriers.iter().flat_map(error_names).collect()
}

fn names_with(retry: Retry) -> BTreeSet<&'static str> {
    let all = ErrorName::ALL.iter().filter(|n| n.retry() == retry);
    all.map(|n| n.as_str()).collect()
}

fn function_of<'a>(task: &State<'a>) -> &'a str {
    let resource = task.json["Resource"].as_str().expect("a Resource");
    resource
        .strip_prefix("arn:")
        .expect("a Resource that is a placeholder")
}

fn function_yaml(function: &str) -> Value {
    let path = asl::root()
        .join("functions")
        .join(function)
        .join("function.yaml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_norway::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_tasks_are_the_states_of_the_steps_and_call_their_functions() {
    let machine = asl::machine();
    let found: BTreeMap<_, _> = asl::tasks(&machine)
        .iter()
        .map(|t| (t.name.to_owned(), function_of(t).to_owned()))
        .collect();
    let expected: BTreeMap<_, _> = STEPS
        .iter()
        .flat_map(|s| {
            s.states
                .iter()
                .map(|state| ((*state).to_owned(), s.function.to_owned()))
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_placeholders_are_the_functions_in_use_the_bucket_and_the_concurrency() {
    let used = STEPS.iter().filter(|s| !s.states.is_empty());
    let mut expected: BTreeSet<_> = used.map(|s| asl::placeholder(s.function)).collect();
    expected.extend(["output_bucket".to_owned(), "max_concurrency".to_owned()]);
    assert_eq!(asl::placeholders(&asl::template()), expected);
}

#[test]
fn names_are_unique_at_every_depth_and_within_the_limits_of_aws() {
    let machine = asl::machine();
    let states = asl::states(&machine);
    let names: BTreeSet<_> = states.iter().map(|s| s.name).collect();
    assert_eq!(names.len(), states.len(), "two states share a name");
    for state in &states {
        assert!(state.name.len() <= 80, "{}", state.name);
    }
    let labels: Vec<_> = states
        .iter()
        .filter_map(|s| s.json["Label"].as_str())
        .collect();
    assert!(labels.iter().all(|l| l.len() <= 40), "{labels:?}");
    assert_eq!(labels.iter().collect::<BTreeSet<_>>().len(), labels.len());
    assert!(asl::template().len() < 1_000_000);
}

#[test]
fn every_state_is_reachable_and_every_path_ends() {
    let whole = asl::machine();
    for machine in asl::machines(&whole) {
        let states: BTreeMap<_, _> = asl::direct_states(machine).into_iter().collect();
        let mut reached = BTreeSet::new();
        let mut ahead = vec![machine["StartAt"].as_str().expect("StartAt")];
        while let Some(name) = ahead.pop() {
            let state = states
                .get(name)
                .unwrap_or_else(|| panic!("no state {name}"));
            if reached.insert(name) {
                ahead.extend(asl::successors(state));
            }
        }
        assert_eq!(reached, states.keys().copied().collect());
        for (name, state) in states {
            let ends =
                matches!(state["Type"].as_str(), Some("Succeed" | "Fail")) || state["End"] == true;
            let goes_on = state["Next"].is_string() || state["Type"] == "Choice";
            assert!(ends != goes_on, "{name} must either end or go on");
        }
    }
}

#[test]
fn every_choice_has_a_default() {
    for state in asl::states(&asl::machine())
        .iter()
        .filter(|s| s.kind() == "Choice")
    {
        assert!(state.json["Default"].is_string(), "{}", state.name);
    }
}

#[test]
fn error_names_belong_to_the_contract_or_to_aws() {
    let ours: BTreeSet<_> = ErrorName::ALL.iter().map(|n| n.as_str()).collect();
    for state in asl::states(&asl::machine()) {
        for name in retried(&state) {
            assert!(
                ours.contains(name) || PLATFORM_ERRORS.contains(&name),
                "{}: {name}",
                state.name
            );
        }
        for catcher in state.list("Catch") {
            assert_eq!(
                error_names(catcher),
                BTreeSet::from(["States.ALL"]),
                "{}",
                state.name
            );
        }
    }
}

#[test]
fn every_task_retries_transient_errors_and_no_final_ones() {
    let machine = asl::machine();
    let transient = names_with(Retry::Transient);
    let platform = [
        "Lambda.TooManyRequestsException",
        "Lambda.ServiceException",
        "Runtime.ExitError",
    ];
    for task in asl::tasks(&machine) {
        let retried = retried(&task);
        assert!(
            retried.is_superset(&transient),
            "{}: {retried:?}",
            task.name
        );
        assert!(
            platform.iter().all(|p| retried.contains(p)),
            "{}: {retried:?}",
            task.name
        );
        assert!(
            retried.is_disjoint(&names_with(Retry::Never)),
            "{}: {retried:?}",
            task.name
        );
    }
}

/// The tasks that retry errors of a kind, with the errors.
fn who_retries(machine: &Value, kind: Retry) -> BTreeMap<String, BTreeSet<String>> {
    let named = names_with(kind);
    let of = |t: &State<'_>| -> BTreeSet<_> {
        retried(t)
            .intersection(&named)
            .map(|n| (*n).to_owned())
            .collect()
    };
    let tasks = asl::tasks(machine);
    let all = tasks.iter().map(|t| (t.name.to_owned(), of(t)));
    all.filter(|(_, names)| !names.is_empty()).collect()
}

fn all_of(kind: Retry) -> BTreeSet<String> {
    names_with(kind).into_iter().map(str::to_owned).collect()
}

#[test]
fn only_states_that_run_ffmpeg_retry_encoder_errors() {
    let machine = asl::machine();
    let tasks = asl::tasks(&machine);
    let media = tasks
        .iter()
        .filter(|t| function_yaml(function_of(t))["media"] == true);
    let expected: BTreeMap<_, _> = media
        .map(|t| (t.name.to_owned(), all_of(Retry::Encoder)))
        .collect();
    assert!(expected.contains_key("TranscodeChunk"));
    assert_eq!(who_retries(&machine, Retry::Encoder), expected);
}

#[test]
fn only_validation_waits_for_files() {
    let expected = BTreeMap::from([("ValidateInput".to_owned(), all_of(Retry::Arrival))]);
    assert_eq!(who_retries(&asl::machine(), Retry::Arrival), expected);
}

#[test]
fn an_encode_is_attempted_three_times_and_a_late_mezzanine_is_awaited_as_long_as_stated() {
    let machine = asl::machine();
    let retrier_of = |state: &str, error: &str| {
        let state = asl::states(&machine)
            .into_iter()
            .find(|s| s.name == state)
            .expect("the state");
        let found = state
            .list("Retry")
            .iter()
            .find(|r| error_names(r).contains(error));
        found.expect("a retrier").clone()
    };
    for state in ["TranscodeChunk", "EncodeAudio"] {
        assert_eq!(
            retrier_of(state, "EncoderFailed")["MaxAttempts"],
            2,
            "{state}"
        );
    }
    let arrival = retrier_of("ValidateInput", "MezzanineMissing");
    let wait = longest_wait(&arrival);
    assert!(
        (wait - f64::from(ARRIVAL_WAIT_SECONDS)).abs() <= 1.0,
        "{wait} s"
    );
}

fn longest_wait(retrier: &Value) -> f64 {
    let number = |field: &str| retrier[field].as_f64().expect(field);
    let attempts = retrier["MaxAttempts"].as_i64().expect("MaxAttempts") as i32;
    (0..attempts)
        .map(|n| {
            (number("IntervalSeconds") * number("BackoffRate").powi(n))
                .min(number("MaxDelaySeconds"))
        })
        .sum()
}

#[test]
fn every_retrier_backs_off_up_to_a_limit_and_with_full_jitter_unless_it_states_the_wait() {
    for state in asl::states(&asl::machine()) {
        for retrier in state.list("Retry") {
            let awaits = error_names(retrier).contains("MezzanineMissing");
            let jitter = if awaits { "NONE" } else { "FULL" };
            assert_eq!(retrier["JitterStrategy"], jitter, "{}", state.name);
            let number = |field: &str| {
                retrier[field]
                    .as_f64()
                    .unwrap_or_else(|| panic!("{}: no {field}", state.name))
            };
            assert!(number("BackoffRate") > 1.0, "{}", state.name);
            assert!(
                number("MaxDelaySeconds") > number("IntervalSeconds"),
                "{}",
                state.name
            );
            assert!(
                (1.0..=40.0).contains(&number("MaxAttempts")),
                "{}",
                state.name
            );
        }
    }
}

#[test]
fn every_task_has_a_time_limit_slightly_above_that_of_its_function() {
    for task in asl::tasks(&asl::machine()) {
        let limit = task.json["TimeoutSeconds"]
            .as_u64()
            .unwrap_or_else(|| panic!("{}: no TimeoutSeconds", task.name));
        let function = function_yaml(function_of(&task))["timeout_s"]
            .as_u64()
            .expect("timeout_s");
        assert!(
            limit > function && limit <= function + 60,
            "{}: the state's limit is {limit} s, its function's {function} s",
            task.name
        );
    }
}

/// A late call of start-encode that outlives its execution finds its token remembered only within this time.
#[test]
fn start_encode_ends_before_mediaconvert_forgets_its_token() {
    let limit = function_yaml("start-encode")["timeout_s"].as_u64();
    assert!(limit.is_some_and(|seconds| seconds <= u64::from(TOKEN_SECONDS)));
}

#[test]
fn every_failure_is_caught_by_the_state_or_an_enclosing_one() {
    let machine = asl::machine();
    let failing = asl::states(&machine);
    for state in failing
        .iter()
        .filter(|s| matches!(s.kind(), "Task" | "Map" | "Parallel"))
    {
        let caught = [state]
            .into_iter()
            .chain(&state.around)
            .any(|s| !s.list("Catch").is_empty());
        assert!(caught, "{} fails the execution without a Catch", state.name);
        assert!(
            state.kind() == "Parallel" || !state.list("Retry").is_empty(),
            "{} has no Retry",
            state.name
        );
    }
}

#[test]
fn an_execution_ends_before_its_lease_expires() {
    let lease: u64 = Setting::LEASE_SECONDS
        .default()
        .expect("a default")
        .parse()
        .expect("seconds");
    let limit = asl::machine()["TimeoutSeconds"]
        .as_u64()
        .expect("a top-level TimeoutSeconds");
    assert!(
        limit <= lease,
        "the execution may run {limit} s, its lease holds {lease} s"
    );
}

#[test]
fn maps_read_their_items_from_s3_and_run_each_as_a_standard_child() {
    let machine = asl::machine();
    let states = asl::states(&machine);
    let maps: Vec<_> = states.iter().filter(|s| s.kind() == "Map").collect();
    assert_eq!(maps.len(), 4);
    for map in maps {
        let config = &map.json["ItemProcessor"]["ProcessorConfig"];
        assert_eq!(config["Mode"], "DISTRIBUTED", "{}", map.name);
        assert_eq!(config["ExecutionType"], "STANDARD", "{}", map.name);
        assert_eq!(
            map.json["ItemReader"]["Resource"], "arn:aws:states:::s3:getObject",
            "{}",
            map.name
        );
        assert!(
            map.json["MaxConcurrency"].is_u64(),
            "{}: MaxConcurrencyPath is ignored locally",
            map.name
        );
        assert_eq!(
            map.json.get("ResultPath"),
            Some(&Value::Null),
            "{}",
            map.name
        );
        for worker in asl::direct_states(&map.json["ItemProcessor"]) {
            let output = worker.1.get("OutputPath");
            assert_eq!(
                output,
                Some(&Value::Null),
                "{}: results are records in S3",
                worker.0
            );
        }
    }
}
