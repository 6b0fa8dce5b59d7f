//! Promises of the [`Workflow`] port.

use std::sync::Arc;

use reelsmith_core::ports::{PortErrorKind, Started, Workflow};

use super::{race, refused};

/// Asserts every promise of a [`Workflow`]. The state machine must accept any JSON object as its input.
pub async fn workflow(workflow: Arc<dyn Workflow>) {
    a_name_starts_once(&*workflow).await;
    of_many_starters_one_starts(&workflow).await;
    bad_names_are_refused(&*workflow).await;
    who_runs_and_who_is_unknown_is_told_apart(&*workflow).await;
}

async fn a_name_starts_once(workflow: &dyn Workflow) {
    let first = workflow.start("once", "{\"n\":1}").await.unwrap();
    let Started::New(arn) = &first else {
        panic!("a first start found an execution");
    };
    assert!(arn.ends_with(":once"), "{arn}");
    let other = workflow.start("once", "{\"n\":2}").await.unwrap();
    assert_eq!(other, Started::Existing);
    // While it runs, the service may answer an equal start with the execution that is there.
    let same = workflow.start("once", "{\"n\":1}").await.unwrap();
    assert!(same == first || same == Started::Existing, "{same:?}");
}

async fn who_runs_and_who_is_unknown_is_told_apart(workflow: &dyn Workflow) {
    assert_eq!(workflow.has_ended("once").await.unwrap(), Some(false));
    assert_eq!(workflow.has_ended("never-started").await.unwrap(), None);
    for name in ["once", "never-started"] {
        assert!(!workflow.has_timed_out(name).await.unwrap(), "{name}");
    }
}

async fn of_many_starters_one_starts(workflow: &Arc<dyn Workflow>) {
    let started = race(32, |i| {
        let workflow = Arc::clone(workflow);
        async move { workflow.start("race", &format!("{{\"n\":{i}}}")).await }
    })
    .await;
    let new = started
        .iter()
        .filter(|s| matches!(s.as_ref().unwrap(), Started::New(_)));
    assert_eq!(new.count(), 1, "executions of one name");
}

async fn bad_names_are_refused(workflow: &dyn Workflow) {
    for name in ["", "a b", "a/b", "ü", &"x".repeat(81)] {
        let kind = refused(workflow.start(name, "{}").await);
        assert_eq!(kind, PortErrorKind::Invalid, "{name:?}");
    }
    let kind = refused(workflow.start("not-json", "{").await);
    assert_eq!(kind, PortErrorKind::Invalid);
}
