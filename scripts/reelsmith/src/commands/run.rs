//! A job from the manifest to the outputs on disk.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::error::Trouble;
use crate::job::deliver::{self, started, submit};
use crate::job::fetch::{Fetched, fetch};
use crate::job::outcome::{Failed, Outcome, Published};
use crate::job::target::Target;
use crate::job::workers::Workers;
use crate::view::follow::{Display, Follower};

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is delivered.
    pub delivery: deliver::Request,
    /// Where the outputs go.
    pub out: PathBuf,
}

/// A job that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// COMPLETE, and fetched.
    Complete {
        /// What is published.
        published: Box<Published>,
        /// What is on disk.
        fetched: Fetched,
        /// How parallel the encode was.
        workers: Workers,
        /// Name of the execution.
        execution: String,
        /// From dropping the manifest to the end of the execution.
        took: Duration,
    },
    /// Failed.
    Failed {
        /// Why.
        failed: Failed,
        /// Name of the execution.
        execution: String,
    },
}

/// Delivers, follows and fetches.
///
/// # Errors
/// Where a file cannot be read or the deployment does not do its part. A failed job is not an error here.
pub async fn run(
    target: &Target,
    request: &Request,
    display: &mut Display,
) -> Result<Ended, Trouble> {
    let began = Instant::now();
    let mut view = submit(target, &request.delivery, display).await?;
    display.line(&format!("execution {}", view.summary.name));
    loop {
        let ended = Follower::new(target, &view).to_the_end(display).await?;
        match Outcome::of(&ended)? {
            Outcome::Failed(failed) => {
                return Ok(Ended::Failed {
                    failed,
                    execution: ended.summary.name,
                });
            }
            Outcome::Elsewhere(other) => {
                display.line(&format!(
                    "the same job is running already: following {other}"
                ));
                view = started(target, &other).await?;
            }
            Outcome::Complete(published) => {
                let fetched = fetch(target, &published.outputs, &request.out).await?;
                let workers = Workers::of_job(&target.store, &published.outputs).await?;
                let execution = ended.summary.name;
                return Ok(Ended::Complete {
                    published: Box::new(published),
                    fetched,
                    workers,
                    execution,
                    took: began.elapsed(),
                });
            }
        }
    }
}
