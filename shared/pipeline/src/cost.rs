//! The cost cap of a deployment.

use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::cost::{Architecture, CostModel, Source, Title, Usd, estimate};
use reelsmith_core::job::Job;

use crate::metrics::{Metric, emit};
use crate::{Invocation, records};

/// The processor architecture of the workers, which is that of this build.
pub const ARCHITECTURE: Architecture = if cfg!(target_arch = "aarch64") {
    Architecture::Arm64
} else {
    Architecture::X86
};

/// Compares the estimated cost of a job with the cap, before anything is encoded. Does nothing without a cap.
///
/// # Errors
/// `CostLimitExceeded`, or the errors of storage.
pub async fn check_cap(
    outputs: &Objects,
    cap: Option<Usd>,
    job: &Job,
    invocation: &Invocation,
) -> Result<(), Failure> {
    let Some(cap) = cap else { return Ok(()) };
    let inspection = records::inspection(outputs, &job.job_key).await?;
    // Without a frame rate planning fails, with a better error.
    let Some(source) = Source::inspected(&inspection, job.profile.timing.max_frame_rate) else {
        return Ok(());
    };
    let start = inspection.probe.start_timecode;
    let source = source.clipped(&job.manifest.mezzanine, start);
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
        "encode fewer rungs (ENABLE_H265, MaxBitrateKbps, PROFILE) or raise MAX_JOB_COST_USD, then drop the manifest again; `reelsmith estimate` shows the cost in advance",
    ))
}
