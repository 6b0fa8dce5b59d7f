//! Compares the grants of every function with its requests to AWS on the local stack: every request is granted, and every
//! grant is used. A proxy between the functions and the stack records the requests of each function.

mod asked;
mod scenes;

use std::collections::{BTreeMap, BTreeSet};

use asked::{Asked, asked, covers};
use reelsmith::project::Project;
use reelsmith::stack::resources::{Function, Grant};
use scenes::Stage;

/// Grants that the function's own requests do not use: function, action, resource, user of the grant.
const BEYOND: &[(&str, &str, &str, &str)] = &[
    (
        "start-execution",
        "sqs:ReceiveMessage",
        "manifest_queue",
        "Lambda's poller",
    ),
    (
        "start-execution",
        "sqs:DeleteMessage",
        "manifest_queue",
        "Lambda's poller",
    ),
    (
        "start-execution",
        "sqs:GetQueueAttributes",
        "manifest_queue",
        "Lambda's poller",
    ),
];

fn missing(name: &str, function: &Function, all: &BTreeSet<Asked>) -> Vec<String> {
    let ungranted = all
        .iter()
        .filter(|a| !function.grants.iter().any(|g| a.is_granted_by(g)));
    // One example of each kind is enough.
    let kinds: BTreeMap<_, _> = ungranted.map(|a| ((&a.action, a.resource), a)).collect();
    let told = kinds
        .values()
        .map(|a| format!("{name}: asks {a:?}, which is not granted"));
    told.collect()
}

fn idle(name: &str, function: &Function, all: &BTreeSet<Asked>) -> Vec<String> {
    let mut findings = Vec::new();
    for grant in &function.grants {
        for action in &grant.actions {
            let only = Grant {
                actions: vec![action.clone()],
                ..grant.clone()
            };
            let beyond = BEYOND
                .iter()
                .any(|b| (b.0, b.1, b.2) == (name, action, &grant.resource));
            let used = all.iter().any(|a| a.is_granted_by(&only));
            let what = match (used, beyond) {
                (false, false) => "is granted and never asked for",
                (true, true) => "is asked for after all: take it off BEYOND",
                _ => continue,
            };
            let path = grant.path.as_deref().unwrap_or_default();
            findings.push(format!(
                "{name}: {action} on {} {path} {what}",
                grant.resource
            ));
        }
    }
    findings
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_is_granted_and_every_grant_is_used() {
    let mut stage = Stage::set().await;
    let deployment = stage.world.deployment;
    let ended = stage.a_job_and_its_twin().await;
    stage.jobs_that_fail().await;
    stage.orders().await;
    stage.left_behind(&ended).await;

    let mut by_function: BTreeMap<String, BTreeSet<Asked>> = BTreeMap::new();
    let seen = stage.seen();
    for request in seen.iter().filter(|s| !s.function.is_empty()) {
        let all = by_function.entry(request.function.clone()).or_default();
        all.extend(asked(deployment, request));
    }
    let mut findings = Vec::new();
    let functions = Function::read_all(&Project::find().unwrap()).unwrap();
    let nothing = BTreeSet::new();
    let mut grants = 0;
    for (name, function) in &functions {
        let all = by_function.get(*name).unwrap_or(&nothing);
        findings.extend(missing(name, function, all));
        findings.extend(idle(name, function, all));
        grants += function
            .grants
            .iter()
            .map(|g| g.actions.len())
            .sum::<usize>();
    }
    println!(
        "grants: {} requests of {} functions against {grants} grants, {} findings",
        seen.len(),
        by_function.len(),
        findings.len()
    );
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn a_star_matches_any_part_of_a_path() {
    let pattern = "outputs/*/current.json";
    assert!(covers(pattern, "outputs/demo/current.json"));
    assert!(!covers(pattern, "outputs/demo/master.m3u8"));
    assert!(covers("", "") && !covers("", "x") && covers("*", "x"));
}
