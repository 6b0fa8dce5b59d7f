//! The limit of damaged pictures in a mezzanine.

use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::job::Job;
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::Inspection;

/// Fails if more pictures are damaged than the job allows. A worker checks its own chunk, so that a damaged file ends its job
/// early, and validation checks the sum of all chunks.
///
/// # Errors
/// `MezzanineDamaged`.
pub fn check(
    job: &Job,
    plan: &Plan,
    inspection: &Inspection,
    damaged: u64,
    part: &str,
) -> Result<(), Failure> {
    let most = plan.most_damaged(job.manifest.settings.max_corrupt_frames);
    if damaged <= most {
        return Ok(());
    }
    let total = plan.total_frames.0;
    Err(Failure::new(
        ErrorName::MezzanineDamaged,
        format!("at most {most} damaged pictures among {total}"),
        format!("{damaged} in {part}"),
        inspection.mezzanine.object.to_string(),
        "export the mezzanine again, or raise MaxCorruptFrames in the manifest if the damage is acceptable",
    ))
}
