//! The cap of what a job may cost, held against the estimate before anything is encoded.

use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::cost::{Architecture, CostModel, Source, Title, Usd, estimate};
use reelsmith_core::job::Job;
use reelsmith_core::keys::JobKeys;
use reelsmith_core::probe::Inspection;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::metrics::{Metric, emit};

/// Where the function itself runs is where the workers run.
const ARCHITECTURE: Architecture = if cfg!(target_arch = "aarch64") {
    Architecture::Arm64
} else {
    Architecture::X86
};

/// Refuses a job whose estimate is above the cap. Without a cap nothing is read.
pub(crate) async fn hold(
    outputs: &Objects,
    cap: Option<Usd>,
    job: &Job,
    invocation: &Invocation,
) -> Result<(), Failure> {
    let Some(cap) = cap else { return Ok(()) };
    let key = JobKeys(&job.job_key).probe();
    let inspection: Inspection = outputs.read(&key).await?;
    // Without a frame rate there is no plan either, which says so better.
    let Some(source) = Source::inspected(&inspection, job.profile.timing.max_frame_rate) else {
        return Ok(());
    };
    let title = Title::of_job(job, source);
    let estimate = estimate(&title, &CostModel::new(ARCHITECTURE, job.encoder));
    let metrics = [
        (Metric::EstimatedUsd, estimate.total.0),
        (Metric::EstimatedUsdPerMinute, estimate.total_minute.0),
    ];
    emit(invocation, &metrics, "");
    if estimate.total <= cap {
        return Ok(());
    }
    Err(Failure::new(
        ErrorName::CostLimitExceeded,
        format!("a job of at most {cap} (MAX_JOB_COST_USD)"),
        format!(
            "{} for {:.1} minutes in {} video renditions, {} a minute, at the list prices of {} of {}",
            estimate.total,
            estimate.minutes,
            estimate.rungs.len(),
            estimate.total_minute,
            estimate.region,
            estimate.as_of
        ),
        inspection.mezzanine.object.to_string(),
        "leave rungs out (ENABLE_H265, MaxBitrateKbps, PROFILE) or raise MAX_JOB_COST_USD, then drop the manifest again; `reelsmith estimate` tells the cost beforehand",
    ))
}
