//! Jobs of AWS Elemental MediaConvert.
//!
//! MediaConvert remembers the token that makes a repeated `CreateJob` harmless for one minute only. A job therefore carries
//! its job key, generation and number as metadata, by which a job is found whose answer was lost.

mod audio;
mod settings;
mod video;

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_mediaconvert::Client;
use aws_sdk_mediaconvert::config::Config;
use aws_sdk_mediaconvert::types::{AccelerationMode, AccelerationSettings, Job, JobStatus, Order};
use aws_smithy_types::retry::RetryConfig;
use reelsmith_core::encode::{EncodeJob, EncodeOrder, EncodeState, EncodeTag};
use reelsmith_core::keys::{Generation, JobKey};
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{EncodeService, PortError, PortErrorKind, PortResult};
use reelsmith_core::time::UnixMillis;

use crate::error::port_error;

/// The names of the metadata of a job.
const JOB_KEY: &str = "job_key";
const GENERATION: &str = "generation";
const NUMBER: &str = "order";
/// The longest input URL that a search accepts; a longer one is compared here.
const MAX_SEARCH: usize = 300;

/// MediaConvert behind the [`EncodeService`] port.
#[derive(Clone, Debug)]
pub struct MediaConvert {
    client: Client,
    role: String,
    queue: String,
}

impl MediaConvert {
    /// Jobs in the queue with this ARN; the service assumes the role with this ARN.
    pub fn new(client: Client, role: impl Into<String>, queue: impl Into<String>) -> Self {
        Self {
            client,
            role: role.into(),
            queue: queue.into(),
        }
    }
}

#[async_trait]
impl EncodeService for MediaConvert {
    /// Sends the request once: the retries of the SDK may last longer than the minute for which the token protects. A caller
    /// that retries searches for the job first.
    async fn create(&self, order: &EncodeOrder) -> PortResult<EncodeJob> {
        let resource = format!("MediaConvert queue {}", self.queue);
        let mode = if order.accelerated {
            AccelerationMode::Preferred
        } else {
            AccelerationMode::Disabled
        };
        let answer = self
            .client
            .create_job()
            .role(&self.role)
            .queue(&self.queue)
            .client_request_token(order.tag.token())
            .set_user_metadata(Some(metadata(&order.tag)))
            .acceleration_settings(AccelerationSettings::builder().mode(mode).build())
            .priority(order.priority)
            .settings(settings::settings(order))
            .customize()
            .config_override(Config::builder().retry_config(RetryConfig::disabled()))
            .send()
            .await
            .map_err(|e| port_error(&resource, e))?;
        let job = answer.job.and_then(|job| job_of(&job));
        job.ok_or_else(|| foreign("CreateJob", &order.tag.token()))
    }

    async fn find(
        &self,
        input: &ObjectRef,
        job_key: &JobKey,
        since: UnixMillis,
    ) -> PortResult<Vec<EncodeJob>> {
        let url = input.to_string();
        let resource = format!("MediaConvert queue {} input {url}", self.queue);
        let searched = Some(url.clone()).filter(|url| url.len() <= MAX_SEARCH);
        let mut pages = self
            .client
            .search_jobs()
            .queue(&self.queue)
            .set_input_file(searched)
            .order(Order::Descending)
            .max_results(20)
            .into_paginator()
            .send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| port_error(&resource, e))?;
            let jobs = page.jobs.unwrap_or_default();
            found.extend(jobs.iter().filter(|j| reads(j, &url)).filter_map(job_of));
            // The newest jobs come first, so all that follow are older.
            if jobs.last().is_some_and(|job| created(job) < since) {
                break;
            }
        }
        found.retain(|job| job.tag.job_key == *job_key && job.created >= since);
        Ok(found)
    }

    async fn job(&self, id: &str) -> PortResult<EncodeJob> {
        let resource = format!("MediaConvert job {id}");
        let answer = self.client.get_job().id(id).send().await;
        let answer = answer.map_err(|e| port_error(&resource, e))?;
        let job = answer.job.and_then(|job| job_of(&job));
        job.ok_or_else(|| foreign("GetJob", id))
    }

    async fn cancel(&self, id: &str) -> PortResult<()> {
        let resource = format!("MediaConvert job {id}");
        let Err(error) = self.client.cancel_job().id(id).send().await else {
            return Ok(());
        };
        let error = port_error(&resource, error);
        // MediaConvert refuses to cancel a job that has ended.
        if error.kind() == PortErrorKind::Invalid && !self.job(id).await?.state.is_open() {
            return Ok(());
        }
        Err(error)
    }
}

/// A number as the SDK takes it.
fn int(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

fn metadata(tag: &EncodeTag) -> HashMap<String, String> {
    HashMap::from([
        (JOB_KEY.to_owned(), tag.job_key.to_string()),
        (GENERATION.to_owned(), tag.generation.0.to_string()),
        (NUMBER.to_owned(), tag.number.to_string()),
    ])
}

/// A job of this deployment; `None` for a job without its metadata.
fn job_of(job: &Job) -> Option<EncodeJob> {
    let metadata = job.user_metadata()?;
    Some(EncodeJob {
        id: job.id()?.to_owned(),
        tag: EncodeTag {
            job_key: metadata.get(JOB_KEY)?.parse().ok()?,
            generation: Generation(metadata.get(GENERATION)?.parse().ok()?),
            number: metadata.get(NUMBER)?.parse().ok()?,
        },
        state: state(job),
        created: created(job),
    })
}

fn created(job: &Job) -> UnixMillis {
    let seconds = job.created_at().map_or(0, |time| time.secs());
    UnixMillis(seconds.saturating_mul(1_000))
}

/// The state of a job. An unknown status counts as running.
fn state(job: &Job) -> EncodeState {
    let percent = job.job_percent_complete().unwrap_or(0).clamp(0, 100);
    match job.status() {
        Some(JobStatus::Submitted) => EncodeState::Waiting,
        Some(JobStatus::Complete) => EncodeState::Done,
        Some(JobStatus::Canceled) => EncodeState::Cancelled,
        Some(JobStatus::Error) => EncodeState::Failed {
            code: job.error_code().unwrap_or(0),
            message: job.error_message().unwrap_or("no message").to_owned(),
        },
        _ => EncodeState::Running {
            percent: u8::try_from(percent).unwrap_or(0),
        },
    }
}

/// Whether the input of the job is `url`. An answer without inputs is trusted: the search was for `url`.
fn reads(job: &Job, url: &str) -> bool {
    let inputs = job.settings().map(|s| s.inputs()).unwrap_or_default();
    let first = inputs.first().and_then(|input| input.file_input());
    first.is_none_or(|file| file == url)
}

fn foreign(operation: &str, id: &str) -> PortError {
    let detail = format!("{operation} {id}: expected the metadata of reelsmith, found none");
    PortError::new(PortErrorKind::Invalid, detail)
}

#[cfg(test)]
mod tests;
