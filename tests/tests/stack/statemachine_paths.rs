//! Every path through the state machine as a real execution: MiniStack runs the ASL and calls Lambda functions, which answer
//! as `statemachine/cases/*.json` states.

mod case;
mod evidence;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use reelsmith::stack::Stack;
use reelsmith::stack::package::Package;
use reelsmith::stack::render::{placeholder, render};
use reelsmith_aws::operate::{Cloud, ExecutionStatus};
use reelsmith_aws::provision::{FunctionSpec, WorkflowSpec};
use reelsmith_contract::step::STEPS;
use reelsmith_tests::asl;
use serde_json::{Value, json};
use tempfile::TempDir;

use case::{Case, ITEMS};
use evidence::Evidence;

const BUCKET: &str = "cases";
const ROLE: &str = "arn:aws:iam::000000000000:role/cases";
/// Concurrent executions. Each keeps several processes busy.
const AT_ONCE: usize = 4;

async fn deploy(cloud: &Cloud, folder: &Path) -> String {
    cloud
        .provision_bucket(BUCKET, false)
        .await
        .expect("a bucket");
    for (list, count) in ITEMS {
        let items: Vec<_> = (0..count)
            .map(|n| json!({"chunk": n, "group": 0, "rendition": format!("{list}/{n}")}))
            .collect();
        let file = folder.join(list);
        std::fs::write(&file, json!(items).to_string()).expect("a written list");
        cloud
            .upload(BUCKET, &format!("items/{list}.json"), &file)
            .await
            .expect("an uploaded list");
    }
    let mut values = BTreeMap::from([
        ("output_bucket".to_owned(), BUCKET.to_owned()),
        ("max_concurrency".to_owned(), "2".to_owned()),
    ]);
    for step in STEPS.iter().filter(|s| !s.states.is_empty()) {
        values.insert(
            placeholder(step.function),
            deploy_stub(cloud, step.function, folder).await,
        );
    }
    let definition = render(&asl::template(), &values).expect("a state machine");
    let spec = WorkflowSpec {
        name: "cases".into(),
        definition,
        role: ROLE.into(),
    };
    cloud
        .provision_workflow(&spec)
        .await
        .expect("a state machine")
        .0
}

async fn deploy_stub(cloud: &Cloud, function: &str, folder: &Path) -> String {
    let stub = asl::root().join("tests/tests/stack/statemachine_paths/stub.py");
    let package = Package::of(&stub, folder).expect("a package");
    let environment = [
        ("FOLDER", folder.to_str().expect("a path")),
        ("FUNCTION", function),
    ];
    let spec = FunctionSpec {
        name: format!("cases-{function}"),
        description: String::new(),
        memory_mb: 128,
        timeout_s: 60,
        tmp_mb: 512,
        environment: environment
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .into(),
        role: ROLE.into(),
    };
    let made = cloud
        .provision_function(&spec, &package.digest, || std::fs::read(&package.path))
        .await;
    made.expect("a function").arn
}

async fn run(cloud: &Cloud, machine: &str, case: &Case, folder: &Path) -> Evidence {
    let own = folder.join(&case.name);
    case.write_script(&own);
    let input =
        json!({"source": {"bucket": "input", "key": format!("manifests/{}.xml", case.name)}});
    let arn = cloud
        .start_execution(machine, &case.name, &input.to_string())
        .await
        .expect("an execution");
    Evidence::gather(cloud, &arn, &own).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_takes_its_path_and_together_they_reach_every_state() {
    let folder = TempDir::new().expect("a folder");
    let stack = Stack::with(&[("SFN_WAIT_SCALE", "0")])
        .await
        .expect("a local stack");
    let cloud = stack.cloud().await;
    let machine = deploy(&cloud, folder.path()).await;
    let cases = Case::all(&asl::root().join("statemachine/cases"));
    let definition = asl::machine();
    let (mut wrong, mut reached) = (Vec::new(), BTreeSet::new());
    for batch in cases.chunks(AT_ONCE) {
        let runs: Vec<_> = batch
            .iter()
            .cloned()
            .map(|case| {
                let (cloud, machine, folder) =
                    (cloud.clone(), machine.clone(), folder.path().to_owned());
                tokio::spawn(async move { (run(&cloud, &machine, &case, &folder).await, case) })
            })
            .collect();
        for run in runs {
            let (evidence, case) = run.await.expect("a run");
            reached.extend(evidence.reached(&definition));
            wrong.extend(findings(&case, &evidence));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), stack.log());
    let all: BTreeSet<_> = asl::states(&definition)
        .iter()
        .map(|s| s.name.to_owned())
        .collect();
    assert_eq!(
        reached, all,
        "states that no case reaches, or that are not there"
    );
}

fn findings(case: &Case, evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |what: &str, expected: Value, is: Value| {
        if expected != is {
            found.push(format!(
                "{} ({}): {what}: expected {expected}, found {is}",
                case.name, case.description
            ));
        }
    };
    let (wanted, view) = (&case.expect, &evidence.view);
    expect("states", json!(wanted.states), json!(evidence.states));
    expect("error", json!(wanted.error), json!(view.error));
    let succeeded = view.summary.status == ExecutionStatus::Succeeded;
    expect("success", json!(wanted.error.is_none()), json!(succeeded));
    let output: Value = view
        .output
        .as_deref()
        .map_or(Value::Null, |o| serde_json::from_str(o).unwrap_or_default());
    for (field, value) in &wanted.output {
        expect(field, value.clone(), output[field].clone());
    }
    for field in &wanted.absent {
        expect(
            field,
            json!(null),
            output.get(field).cloned().unwrap_or_default(),
        );
    }
    let reported = evidence.calls["fail-job"]
        .first()
        .map(|call| call["state"]["error"]["Error"].clone());
    expect(
        "reported to fail-job",
        json!(wanted.reported),
        json!(reported),
    );
    for step in STEPS {
        let entered = evidence
            .states
            .iter()
            .filter(|s| step.states.contains(&s.as_str()))
            .count();
        let expected = wanted.calls.get(step.function).copied();
        let expected = expected.unwrap_or_else(|| entered + items_of(step.function, evidence));
        expect(
            step.function,
            json!(expected),
            json!(evidence.count(step.function)),
        );
    }
    found
}

/// How often the mezzanine is hashed: once during the encode, or never if another branch fails at once.
fn verifications(evidence: &Evidence) -> usize {
    let after = |state: &str| evidence.states.iter().any(|s| s == state);
    match after("Encode") {
        true if after("AssembleRenditions") => 1,
        true => evidence.count("verify-mezzanine").min(1),
        false => 0,
    }
}

/// The number of items of a worker if its Map ran.
fn items_of(function: &str, evidence: &Evidence) -> usize {
    if function == "verify-mezzanine" {
        return verifications(evidence);
    }
    let (map, list) = match function {
        "transcode-chunk" => ("TranscodeChunks", "video"),
        "encode-audio" => ("EncodeAudioTracks", "audio"),
        "convert-captions" => ("ConvertCaptionTracks", "text"),
        "assemble-rendition" => ("AssembleRenditions", "renditions"),
        _ => return 0,
    };
    let count = ITEMS
        .iter()
        .find(|(name, _)| *name == list)
        .map_or(0, |(_, count)| *count);
    if evidence.maps.contains(map) {
        count
    } else {
        0
    }
}
