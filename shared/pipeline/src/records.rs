//! Reading the JSON objects that the states of a job have written.

use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_contract::payload::Claim;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKey, JobKeys};
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::Inspection;
use serde::de::DeserializeOwned;

/// Concurrent reads of records.
pub const READS: usize = 32;

/// Reads `job.json`.
pub async fn job(outputs: &Objects, job_key: &JobKey) -> Result<Job, Failure> {
    outputs.read(&JobKeys(job_key).job()).await
}

/// Reads `probe.json`.
pub async fn inspection(outputs: &Objects, job_key: &JobKey) -> Result<Inspection, Failure> {
    outputs.read(&JobKeys(job_key).probe()).await
}

/// Reads `plan.json`.
pub async fn plan(outputs: &Objects, keys: &GenerationKeys) -> Result<Plan, Failure> {
    outputs.read(&keys.plan()).await
}

/// What an encode follows from: the job, its mezzanine, and the plan.
pub struct JobFiles {
    pub job: Job,
    pub inspection: Inspection,
    pub plan: Plan,
}

impl JobFiles {
    /// Reads all three.
    pub async fn read(outputs: &Objects, claim: &Claim) -> Result<Self, Failure> {
        Ok(Self {
            plan: plan(outputs, &claim.keys()).await?,
            job: job(outputs, &claim.job_key).await?,
            inspection: inspection(outputs, &claim.job_key).await?,
        })
    }
}

/// Reads all records under a prefix, in the order of their keys.
pub async fn all<T: DeserializeOwned>(outputs: &Objects, prefix: &str) -> Result<Vec<T>, Failure> {
    let listed = outputs.list(prefix).await?;
    concurrently(READS, listed.iter().map(|o| outputs.read(&o.key))).await
}

/// Awaits futures, at most `limit` of them at the same time. Returns their results in order, or the first error.
pub async fn concurrently<T, F>(
    limit: usize,
    futures: impl Iterator<Item = F>,
) -> Result<Vec<T>, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    // A stream over a collection is `Send` for futures that borrow; a stream over the iterator is not.
    let futures: Vec<F> = futures.collect();
    let results = futures::stream::iter(futures).buffered(limit);
    results.try_collect().await
}
