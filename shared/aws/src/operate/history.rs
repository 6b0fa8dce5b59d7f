//! The history of an execution, reduced to what the command line shows.

use aws_sdk_sfn::types::{HistoryEvent as SdkEvent, HistoryEventType as Type};
use serde::Serialize;

use super::execution::millis;
use crate::cloud::{Cloud, CloudResult, Doing};

/// One event of a history. `id` counts from 1; `at_ms` is in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryEvent {
    pub id: i64,
    pub at_ms: i64,
    #[serde(flatten)]
    pub kind: HistoryKind,
}

/// The length of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All events, also those that [`HistoryKind`] leaves out.
    pub events: u64,
    /// When `RedriveExecution` resumed the execution, in milliseconds since the epoch, oldest first.
    pub resumed_ms: Vec<i64>,
}

/// What happened. A history contains only these kinds of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum HistoryKind {
    Entered {
        state: String,
    },
    Exited {
        state: String,
        /// The state data that the next state gets, as JSON.
        output: String,
    },
    /// A function failed or timed out; the state may retry it.
    #[serde(rename = "failed")]
    TaskFailed {
        error: String,
        cause: String,
    },
}

impl Cloud {
    /// All events of an execution after the event with the id `after`, oldest first.
    pub async fn history(&self, execution: &str, after: i64) -> CloudResult<Vec<HistoryEvent>> {
        let mut pages = self
            .sfn
            .get_execution_history()
            .execution_arn(execution)
            .max_results(1000)
            .into_paginator()
            .send();
        let mut events = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.doing(format!("read the history of {execution}"))?;
            events.extend(
                page.events()
                    .iter()
                    .filter(|e| e.id() > after)
                    .filter_map(event),
            );
        }
        events.sort_by_key(|e: &HistoryEvent| e.id);
        Ok(events)
    }

    /// Counts the events of an execution, without reading their data.
    pub async fn tally(&self, execution: &str) -> CloudResult<Tally> {
        let mut pages = self
            .sfn
            .get_execution_history()
            .execution_arn(execution)
            .include_execution_data(false)
            .max_results(1000)
            .into_paginator()
            .send();
        let mut tally = Tally::default();
        while let Some(page) = pages.next().await {
            let page = page.doing(format!("count the history of {execution}"))?;
            tally.events += page.events().len() as u64;
            let resumed = page.events().iter();
            let resumed = resumed.filter(|e| e.r#type() == &Type::ExecutionRedriven);
            tally
                .resumed_ms
                .extend(resumed.map(|e| millis(e.timestamp())));
        }
        tally.resumed_ms.sort_unstable();
        Ok(tally)
    }
}

fn event(event: &SdkEvent) -> Option<HistoryEvent> {
    Some(HistoryEvent {
        id: event.id(),
        at_ms: millis(event.timestamp()),
        kind: kind(event)?,
    })
}

fn kind(event: &SdkEvent) -> Option<HistoryKind> {
    if let Some(details) = event.state_entered_event_details() {
        let state = details.name().to_owned();
        return Some(HistoryKind::Entered { state });
    }
    if let Some(details) = event.state_exited_event_details() {
        return Some(HistoryKind::Exited {
            state: details.name().to_owned(),
            output: details.output().unwrap_or_default().to_owned(),
        });
    }
    let (error, cause) = if let Some(d) = event.lambda_function_failed_event_details() {
        (d.error(), d.cause())
    } else if let Some(d) = event.lambda_function_timed_out_event_details() {
        (d.error(), d.cause())
    } else if let Some(d) = event.task_failed_event_details() {
        (d.error(), d.cause())
    } else {
        let d = event.task_timed_out_event_details()?;
        (d.error(), d.cause())
    };
    Some(HistoryKind::TaskFailed {
        error: error.unwrap_or("States.TaskFailed").to_owned(),
        cause: cause.unwrap_or_default().to_owned(),
    })
}
