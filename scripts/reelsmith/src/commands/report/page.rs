//! The report as a page for a browser.

use std::path::{Path, PathBuf};

use reelsmith_core::keys::JobKeys;
use reelsmith_core::time::UnixMillis;
use reelsmith_pipeline::proof::page::{JobRecords, PageContext};
use reelsmith_report::metrics::Metrics;
use reelsmith_report::{Failed, StateRun};

use super::keys_of;
use crate::error::{CallExt, CliError, ErrorCode, ResultExt};
use crate::job::connection::Connection;
use crate::job::outcome::ExecutionFailure;
use crate::job::resolve::ResolvedJob;
use crate::view::timeline::Timeline;

/// The page of a job; `end` is the end of its execution, or now.
pub(super) async fn page(
    connection: &Connection,
    job: &ResolvedJob,
    timeline: &Timeline,
    metrics: &Metrics,
    end: i64,
) -> Result<String, CliError> {
    let records = match &job.row {
        Some(row) => JobRecords::read(&connection.outputs(), &JobKeys(&row.job_key), &keys_of(row))
            .await
            .on_call("read what the job has written")?,
        None => None,
    };
    let records = records.ok_or_else(unplanned)?;
    let states: Vec<StateRun> = timeline
        .visits
        .iter()
        .map(|visit| StateRun {
            name: visit.state.clone(),
            depth: visit.depth,
            entered: UnixMillis(visit.entered_ms),
            left: UnixMillis(visit.left_ms.unwrap_or(end)),
            errors: visit.failures.iter().map(|f| f.error.clone()).collect(),
        })
        .collect();
    let failed = job.execution.as_ref().and_then(ExecutionFailure::of);
    let failed = failed.map(|f| Failed {
        error: f.error,
        cause: f.cause,
    });
    let context = PageContext {
        states: &states,
        metrics: Some(metrics),
        failed: failed.as_ref(),
    };
    Ok(records.page(context, connection.clock.now()))
}

/// Writes the page and returns its path; for the file `-`, returns the page.
pub(super) fn write(
    file: Option<&Path>,
    execution: &str,
    page: String,
) -> Result<String, CliError> {
    if file == Some(Path::new("-")) {
        return Ok(page);
    }
    let default = PathBuf::from(format!("{execution}.html"));
    let path = file.map_or(default, Path::to_owned);
    std::fs::write(&path, page).on_file("write the page", &path)?;
    Ok(path.display().to_string())
}

fn unplanned() -> CliError {
    CliError::new(
        "make the page of the job",
        "expected a plan, found none: the job has not been planned, or failed before",
        "see `reelsmith show` for the state of the job, or use `reelsmith report` without --html",
    )
    .with_code(ErrorCode::NothingPlanned)
}
