//! Promises of the [`Workflow`] port.

use std::sync::Arc;

use reelsmith_core::ports::{PortErrorKind, Started, Workflow};

use super::{race, refused};

/// Asserts every promise of a [`Workflow`]. The state machine must accept any JSON object as its input.
pub async fn workflow(workflow: Arc<dyn Workflow>) {
    a_name_starts_one_execution(&*workflow).await;
    one_of_many_concurrent_starts_starts(&workflow).await;
    invalid_names_and_inputs_are_refused(&*workflow).await;
    running_and_unknown_executions_are_distinguished(&*workflow).await;
}

async fn a_name_starts_one_execution(workflow: &dyn Workflow) {
    let first = workflow.start("once", "{\"n\":1}").await.unwrap();
    let Started::New(arn) = &first else {
        panic!("a first start found an execution");
    };
    assert!(arn.ends_with(":once"), "{arn}");
    let other = workflow.start("once", "{\"n\":2}").await.unwrap();
    assert_eq!(other, Started::Existing);
    // For an equal start, the service may answer with the running execution.
    let same = workflow.start("once", "{\"n\":1}").await.unwrap();
    assert!(same == first || same == Started::Existing, "{same:?}");
}

async fn running_and_unknown_executions_are_distinguished(workflow: &dyn Workflow) {
    assert_eq!(workflow.has_ended("once").await.unwrap(), Some(false));
    assert_eq!(workflow.has_ended("never-started").await.unwrap(), None);
    for name in ["once", "never-started"] {
        assert!(!workflow.has_timed_out(name).await.unwrap(), "{name}");
    }
}

async fn one_of_many_concurrent_starts_starts(workflow: &Arc<dyn Workflow>) {
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

async fn invalid_names_and_inputs_are_refused(workflow: &dyn Workflow) {
    for name in ["", "a b", "a/b", "ü", &"x".repeat(81)] {
        let kind = refused(workflow.start(name, "{}").await);
        assert_eq!(kind, PortErrorKind::Invalid, "{name:?}");
    }
    let kind = refused(workflow.start("not-json", "{").await);
    assert_eq!(kind, PortErrorKind::Invalid);
}
