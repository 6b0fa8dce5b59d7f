//! The report as a page.

use std::path::{Path, PathBuf};

use reelsmith_aws::operate::ExecutionStatus;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::keys::JobKeys;
use reelsmith_core::time::UnixMillis;
use reelsmith_pipeline::proof::page::{JobRecords, PageContext};
use reelsmith_report::metrics::Metrics;
use reelsmith_report::{Failed, StateRun};

use super::keys_of;
use crate::error::{Name, Trouble};
use crate::job::outcome::Outcome;
use crate::job::subject::Subject;
use crate::job::target::Target;
use crate::view::timeline::Timeline;

/// The page of a job that has a plan; `end` is when its execution ended, or now.
pub(super) async fn page(
    target: &Target,
    subject: &Subject,
    timeline: &Timeline,
    metrics: &Metrics,
    end: i64,
) -> Result<String, Trouble> {
    let material = match &subject.row {
        Some(row) => JobRecords::read(&target.outputs(), &JobKeys(&row.job_key), &keys_of(row))
            .await
            .map_err(|e| unreadable(&e))?,
        None => None,
    };
    let material = material.ok_or_else(unplanned)?;
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
    let failed = failed(subject);
    let context = PageContext {
        states: &states,
        metrics: Some(metrics),
        failed: failed.as_ref(),
        ..PageContext::default()
    };
    Ok(material.page(context, target.clock.now()))
}

/// Why the execution failed, where it did.
fn failed(subject: &Subject) -> Option<Failed> {
    let view = subject.execution.as_ref()?;
    if view.summary.status == ExecutionStatus::Running {
        return None;
    }
    match Outcome::of(view).ok()? {
        Outcome::Failed(failed) => Some(Failed {
            error: failed.error,
            cause: failed.cause,
        }),
        _ => None,
    }
}

/// Writes the page; what is to be printed: where it is, or the page itself.
pub(super) fn put(file: Option<&Path>, execution: &str, page: String) -> Result<String, Trouble> {
    if file == Some(Path::new("-")) {
        return Ok(page);
    }
    let own = PathBuf::from(format!("{execution}.html"));
    let path = file.map_or(own, Path::to_owned);
    std::fs::write(&path, page).map_err(|e| Trouble::file("write the page", &path, &e))?;
    Ok(path.display().to_string())
}

fn unplanned() -> Trouble {
    Trouble::new(
        "make the page of the job",
        "expected a plan, found none: the job ended, or still is, before its chunks were planned",
        "`reelsmith show` tells how the job stands, `reelsmith report` without --html what there is",
    )
    .named(Name::NothingPlanned)
}

fn unreadable(failure: &Failure) -> Trouble {
    let name = match failure.name {
        ErrorName::StorageInconsistent => Name::RecordUnreadable,
        _ => Name::CallFailed,
    };
    Trouble::new(
        "read what the job has written",
        failure.to_string(),
        "use the version of reelsmith that made it",
    )
    .named(name)
}
