//! The history of an execution, as far as an operator follows it.

use aws_sdk_sfn::types::{HistoryEvent as SdkEvent, HistoryEventType as Type};

use super::execution::millis;
use crate::provision::{Cloud, CloudResult, Doing};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEvent {
    /// Number within the history, from 1.
    pub id: i64,
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// What.
    pub kind: HistoryKind,
}

/// How long a history is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events, also those that tell an operator nothing.
    pub events: u64,
    /// When the execution was resumed by `RedriveExecution`, in milliseconds since the epoch, oldest first.
    pub resumed_ms: Vec<i64>,
}

/// What happened. Events that tell an operator nothing are left out of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryKind {
    /// A state was entered.
    Entered {
        /// Its name.
        state: String,
    },
    /// A state was left.
    Exited {
        /// Its name.
        state: String,
        /// JSON of the state data as the next state gets it.
        output: String,
    },
    /// A function failed or timed out; the state may try again.
    TaskFailed {
        /// Error name.
        error: String,
        /// What the error says.
        cause: String,
    },
}

impl Cloud {
    /// All events of an execution after a given one, oldest first. Pages are read to the end.
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
}

impl Cloud {
    /// Counts the events of an execution, without reading the data in them.
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
    let kind = entered(event)
        .or_else(|| exited(event))
        .or_else(|| failed(event))?;
    Some(HistoryEvent {
        id: event.id(),
        at_ms: millis(event.timestamp()),
        kind,
    })
}

fn entered(event: &SdkEvent) -> Option<HistoryKind> {
    let details = event.state_entered_event_details()?;
    Some(HistoryKind::Entered {
        state: details.name().to_owned(),
    })
}

fn exited(event: &SdkEvent) -> Option<HistoryKind> {
    let details = event.state_exited_event_details()?;
    Some(HistoryKind::Exited {
        state: details.name().to_owned(),
        output: details.output().unwrap_or_default().to_owned(),
    })
}

fn failed(event: &SdkEvent) -> Option<HistoryKind> {
    let (error, cause) = match event.r#type() {
        Type::LambdaFunctionFailed => {
            let d = event.lambda_function_failed_event_details()?;
            (d.error(), d.cause())
        }
        Type::LambdaFunctionTimedOut => {
            let d = event.lambda_function_timed_out_event_details()?;
            (d.error(), d.cause())
        }
        Type::TaskFailed => {
            let d = event.task_failed_event_details()?;
            (d.error(), d.cause())
        }
        Type::TaskTimedOut => {
            let d = event.task_timed_out_event_details()?;
            (d.error(), d.cause())
        }
        _ => return None,
    };
    Some(HistoryKind::TaskFailed {
        error: error.unwrap_or("States.TaskFailed").to_owned(),
        cause: cause.unwrap_or_default().to_owned(),
    })
}
