//! Checks the data flow between states: paths, payloads, and whether the data that a state reads exists.

use std::collections::{BTreeMap, BTreeSet};

use reelsmith_contract::payload::{
    CheckJobOutput, Claim, ClaimInput, Decision, FailJobInput, FailJobOutput, JobRef,
    ManifestObject, NotifyInput, PackageOutput, ParseManifestInput, PlanOutput, Progress,
    PublishJobOutput, RenditionInput, StartEncodeOutput, SubmitJobInput, SubmitJobOutput,
    TranscodeChunkInput, ValidateInputInput, ValidateInputOutput, ValidateOutputOutput,
    VerifyMezzanineOutput,
};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, Generation};
use reelsmith_core::submission::{Fence, Outputs};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use reelsmith_tests::asl;

fn claim() -> Claim {
    Claim {
        job_key: "ab".repeat(32).parse().expect("a job key"),
        asset: AssetId::of_episode("Series", 1, 2),
        fence: Fence {
            generation: Generation::FIRST,
            attempt: 1,
            owner: "arn:execution".to_owned(),
        },
    }
}

fn outputs() -> Outputs {
    let text = |t: &str| t.to_owned();
    Outputs {
        bucket: text("output"),
        prefix: text("p/"),
        hls: text("p/h"),
        dash: None,
        report: text("p/r"),
        mock: false,
    }
}

/// The state data of a successful execution, made with the types of the contract.
fn full_state() -> Value {
    let Claim { job_key, asset, .. } = claim();
    let source = ManifestObject {
        bucket: "input".into(),
        key: "manifests/a.xml".into(),
        version_id: None,
    };
    let submission = SubmitJobOutput {
        decision: Decision::Encode,
        encoder: EncoderKind::Lambda,
        claim: claim(),
        outputs: None,
        outbox: "outbox".into(),
    };
    let plan = PlanOutput {
        video_items: "v".into(),
        audio_items: "a".into(),
        text_items: "t".into(),
        rendition_items: "r".into(),
        video_count: 1,
        audio_count: 1,
        text_count: 1,
    };
    json!({
        "source": source,
        "job": JobRef { job_key, asset },
        "input": ValidateInputOutput { probe: "probe".into() },
        "submission": submission,
        "plan": plan,
        "encode": StartEncodeOutput { encode_id: "1-a".into() },
        "verification": VerifyMezzanineOutput { state: Progress::Running, percent: 1, checksums: String::new() },
        "check": CheckJobOutput { state: Progress::Running, percent: 1, wait_seconds: 5 },
        "package": PackageOutput { hls: "h".into(), dash: None },
        "validation": ValidateOutputOutput { report: "r".into(), rules: 1, warnings: 0 },
        "published": PublishJobOutput { outputs: outputs(), outbox: "outbox".into() },
        "error": {"Error": "Internal", "Cause": "{}"},
        "failure": FailJobOutput { error: "Internal".into(), cause: "c".into(), outbox: "outbox".into() },
    })
}

fn context() -> Value {
    json!({
        "Execution": {"Id": "arn", "Name": "name"},
        "State": {"EnteredTime": "2026-11-30T16:19:10.000Z"},
        "Map": {"Item": {"Value": {"chunk": 3, "group": 1, "rendition": "audio/en"}}},
    })
}

/// Resolves a reference path. Panics if it leads to nothing, because AWS fails the state.
fn resolve(path: &str, data: &Value) -> Value {
    let start = if path.starts_with("$$") {
        context()
    } else {
        data.clone()
    };
    let fields = path.trim_start_matches('$').split('.').skip(1);
    fields.fold(start, |at, field| {
        let found = at.get(field).cloned();
        found.unwrap_or_else(|| panic!("{path} leads to nothing at {field} of {at}"))
    })
}

fn fill(template: &Value, data: &Value) -> Value {
    let Some(fields) = template.as_object() else {
        return template.clone();
    };
    let filled = fields
        .iter()
        .map(|(name, value)| match name.strip_suffix(".$") {
            Some(name) => (
                name.to_owned(),
                resolve(value.as_str().expect("a path"), data),
            ),
            None => (name.clone(), fill(value, data)),
        });
    Value::Object(filled.collect())
}

fn reads<T: DeserializeOwned>(state: &str, payload: &Value) {
    if let Err(e) = serde_json::from_value::<T>(payload.clone()) {
        panic!("{state}: its function does not take {payload}: {e}");
    }
}

#[test]
fn every_task_sends_what_its_function_takes() {
    let machine = asl::machine();
    for task in asl::tasks(&machine) {
        let data = match task.around.iter().rfind(|state| state.kind() == "Map") {
            Some(map) => fill(&map.json["ItemSelector"], &full_state()),
            None => full_state(),
        };
        let payload = fill(&task.json["Parameters"], &data);
        let check = match task.name {
            "ParseManifest" => reads::<ParseManifestInput>,
            "ValidateInput" => reads::<ValidateInputInput>,
            "SubmitJob" => reads::<SubmitJobInput>,
            "TranscodeChunk" => reads::<TranscodeChunkInput>,
            "EncodeAudio" | "ConvertCaptions" | "AssembleRendition" => reads::<RenditionInput>,
            "FailJob" => reads::<FailJobInput>,
            "NotifySuccess" | "NotifyFailure" | "NotifyDuplicate" => reads::<NotifyInput>,
            _ => reads::<ClaimInput>,
        };
        check(task.name, &payload);
    }
}

#[test]
fn choices_compare_with_names_in_the_contract() {
    let machine = asl::machine();
    let decide = &machine["States"]["Decide"];
    let compared: BTreeSet<_> = strings(decide, &|key| key == "StringEquals")
        .into_iter()
        .map(|(_, v)| v)
        .collect();
    let decisions = [
        Decision::Encode,
        Decision::DuplicateRunning,
        Decision::DuplicateComplete,
    ];
    let encoders = [EncoderKind::Lambda, EncoderKind::MediaConvert]
        .map(|encoder| serde_json::to_value(encoder).expect("a name"));
    let expected = decisions
        .map(Decision::as_str)
        .into_iter()
        .chain(encoders.iter().filter_map(Value::as_str));
    assert_eq!(compared, expected.map(str::to_owned).collect());
    assert_eq!(decide["Choices"][0]["Next"], "PlanChunks");
}

/// The string values of all keys that `wanted` selects, at any depth outside inner states.
fn strings(value: &Value, wanted: &dyn Fn(&str) -> bool) -> Vec<(String, String)> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "States" | "Comment"))
            .flat_map(|(key, value)| match value {
                Value::String(text) if wanted(key) => vec![(key.clone(), text.clone())],
                other => strings(other, wanted),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(|v| strings(v, wanted)).collect(),
        _ => Vec::new(),
    }
}

fn is_path(key: &str) -> bool {
    key.ends_with(".$") || key.ends_with("Path") || key == "Variable"
}

/// The reference paths in a path field: the value itself, or the arguments of an intrinsic function.
fn references(text: &str) -> Vec<&str> {
    match text
        .strip_prefix("States.JsonMerge(")
        .and_then(|rest| rest.strip_suffix(", false)"))
    {
        Some(arguments) => arguments.split(", ").collect(),
        None => vec![text],
    }
}

/// Only plain paths are allowed, because MiniStack evaluates filters, wildcards and variables to null without an error.
#[test]
fn paths_are_plain() {
    let plain = |path: &str| {
        let rest = path.strip_prefix("$$").or_else(|| path.strip_prefix('$'));
        let name =
            |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        rest.is_some_and(|rest| {
            rest.is_empty() || (rest.starts_with('.') && rest[1..].split('.').all(name))
        })
    };
    let machine = asl::machine();
    for state in asl::states(&machine) {
        assert!(
            state.json.get("Assign").is_none(),
            "{}: variables are null locally",
            state.name
        );
        for (key, text) in strings(state.json, &is_path) {
            for path in references(&text) {
                assert!(plain(path), "{}: {key} is {text}", state.name);
            }
        }
    }
}

#[test]
fn states_write_the_parts_of_the_state_data_that_the_contract_names() {
    let mut named: BTreeSet<_> = full_state()
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    // The error of fail-job itself, which no state reads.
    named.insert("fail_job_error".to_owned());
    for state in asl::states(&asl::machine()) {
        for (_, path) in strings(state.json, &|key| key == "ResultPath") {
            let root = root_of(&path).unwrap_or_else(|| panic!("{}: {path}", state.name));
            assert!(named.contains(root), "{}: {path}", state.name);
        }
    }
}

fn root_of(path: &str) -> Option<&str> {
    path.strip_prefix("$.")
        .map(|rest| rest.split('.').next().unwrap_or(rest))
}

/// The parts of the state data that a state and its inner states read.
fn read_roots(state: &Value) -> BTreeSet<String> {
    let own = |key: &str| is_path(key) && !matches!(key, "ResultPath" | "OutputPath");
    let mut roots: BTreeSet<_> = strings(state, &own)
        .iter()
        .flat_map(|(_, text)| references(text))
        .filter_map(root_of)
        .map(str::to_owned)
        .collect();
    if state["Type"] == "Parallel" {
        for branch in asl::inner_machines(state) {
            // Data that a branch adds itself need not exist before.
            let own = certain(branch, BTreeSet::new());
            let inner = asl::direct_states(branch).into_iter();
            roots.extend(inner.flat_map(|(name, s)| &read_roots(s) - &own[name]));
        }
    }
    roots
}

/// The next states, with the part of the state data that each transition adds.
fn ways<'a>(state: &'a Value) -> Vec<(&'a str, Option<&'a str>)> {
    let adds = |at: &'a Value| at["ResultPath"].as_str().and_then(root_of);
    let catches = state["Catch"].as_array().map_or(&[][..], Vec::as_slice);
    let caught: Vec<_> = catches
        .iter()
        .map(|c| (c["Next"].as_str().expect("Next"), adds(c)))
        .collect();
    let only_caught: BTreeSet<_> = caught.iter().map(|(next, _)| *next).collect();
    let plain = asl::successors(state)
        .into_iter()
        .filter(|n| !only_caught.contains(n) || state["Next"] == **n);
    plain
        .map(|next| (next, adds(state)))
        .chain(caught)
        .collect()
}

/// The data that always exists when a state is entered: the intersection over all paths to it, computed to a fixed point.
fn certain(machine: &Value, given: BTreeSet<String>) -> BTreeMap<&str, BTreeSet<String>> {
    let start = machine["StartAt"].as_str().expect("StartAt");
    let mut known = BTreeMap::from([(start, given)]);
    let mut ahead = vec![start];
    while let Some(name) = ahead.pop() {
        let here = known[name].clone();
        for (next, added) in ways(&machine["States"][name]) {
            let mut there = here.clone();
            there.extend(added.map(str::to_owned));
            let merged = known.get(next).map_or(there.clone(), |old| old & &there);
            if known.get(next) != Some(&merged) {
                known.insert(next, merged);
                ahead.push(next);
            }
        }
    }
    known
}

/// AWS fails a state whose path leads to nothing, but MiniStack sends null.
#[test]
fn no_state_reads_data_that_may_be_absent() {
    let machine = asl::machine();
    let certain = certain(&machine, BTreeSet::from(["source".to_owned()]));
    for (name, state) in asl::direct_states(&machine) {
        let missing: Vec<_> = read_roots(state)
            .into_iter()
            .filter(|r| !certain[name].contains(r))
            .collect();
        assert!(
            missing.is_empty(),
            "{name} reads {missing:?}, certain are {:?}",
            certain[name]
        );
    }
    assert!(
        !certain["FailJob"].contains("submission"),
        "the analysis does not follow failures"
    );
    assert!(certain["FailJob"].contains("error"));
}
