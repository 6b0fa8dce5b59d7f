//! `reelsmith report`: where the time of a job went, how its workers did, what was done twice, what it cost; as text, as JSON,
//! or as the page that the pipeline puts beside every output, with what only the history of the execution tells.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::submission::Row;
use reelsmith_report::metrics::Metrics;
use serde::Serialize;

use crate::commands::list::Status;
use crate::error::Trouble;
use crate::job::subject::{About, Subject};
use crate::job::target::Target;
use crate::view::text;
use crate::view::timeline::Timeline;

mod collect;
mod page;
mod print;

pub use collect::cost;
pub use print::print;

/// What is to be reported.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// Which job.
    #[command(flatten)]
    pub about: About,
    /// Writes a page for a browser that needs nothing else, and prints where it is: to FILE, to `{execution}.html` where none
    /// is given; `-` prints the page.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub html: Option<Option<PathBuf>>,
}

/// Facts of one execution.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Name of the execution.
    pub execution: String,
    /// How it stands.
    pub status: Status,
    /// Seconds from its start to its end, or until now.
    pub seconds: f64,
    /// Each state: visits, seconds in all of them, errors that were met.
    pub states: Vec<StateSum>,
    /// What docs/metrics.md lists.
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateSum {
    /// Name.
    pub state: String,
    /// Seconds in it.
    pub seconds: f64,
    /// Part of the execution's time, from 0 to 1. States in branches overlap.
    pub share: f64,
    /// How often a function failed in it, by error.
    pub errors: BTreeMap<String, usize>,
}

/// Collects; writes the page where one is asked for, and says where it is.
///
/// # Errors
/// `JobUnknown`, `NothingPlanned` where a page is asked for and there is nothing for it to tell, or those of the calls.
pub async fn report(
    target: &Target,
    request: &Request,
) -> Result<(Report, Option<String>), Trouble> {
    let subject = Subject::find(target, request.about.job.as_deref()).await?;
    let summary = &subject.execution()?.summary;
    let end = summary.stopped_ms.unwrap_or(target.clock.now().0);
    let seconds = text::seconds(end - summary.started_ms);
    let timeline = Timeline::of(&subject.history);
    let report = Report {
        execution: summary.name.clone(),
        status: summary.status.into(),
        seconds,
        states: states(&timeline, seconds, end),
        metrics: collect::metrics(target, &subject, end).await?,
    };
    let written = match &request.html {
        Some(file) => {
            let page = page::page(target, &subject, &timeline, &report.metrics, end).await?;
            Some(page::put(file.as_deref(), &report.execution, page)?)
        }
        None => None,
    };
    Ok((report, written))
}

fn keys_of(row: &Row) -> GenerationKeys {
    GenerationKeys::new(&row.asset, &row.job_key, row.generation)
}

fn states(timeline: &Timeline, whole: f64, end: i64) -> Vec<StateSum> {
    let mut sums: Vec<StateSum> = Vec::new();
    for visit in &timeline.visits {
        let found = sums.iter().position(|s| s.state == visit.state);
        let at = found.unwrap_or_else(|| {
            sums.push(StateSum {
                state: visit.state.clone(),
                seconds: 0.0,
                share: 0.0,
                errors: BTreeMap::new(),
            });
            sums.len() - 1
        });
        let sum = &mut sums[at];
        sum.seconds += visit.seconds(end);
        sum.share = if whole > 0.0 {
            sum.seconds / whole
        } else {
            0.0
        };
        for failure in &visit.failures {
            *sum.errors.entry(failure.error.clone()).or_default() += 1;
        }
    }
    sums
}

#[cfg(test)]
mod tests;
