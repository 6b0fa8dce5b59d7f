//! Working files: what a job needs until it is published, and nobody afterwards.

use reelsmith_contract::{Failure, Objects};
use reelsmith_core::keys::GenerationKeys;

/// Deletes the Maps' item lists, the notes of failed tries, measurements, and what MediaConvert wrote before it was taken over;
/// how many objects there were. Records, plan and report stay: they are the evidence, and what a later audit reads. Safe to
/// repeat, and safe as soon as the job is complete: only Maps that have ended and the failure of a job read any of it.
///
/// # Errors
/// Those of storage.
pub async fn delete_working_files(
    outputs: &Objects,
    keys: &GenerationKeys,
) -> Result<u32, Failure> {
    delete_under(outputs, keys.working_prefix()).await
}

/// Deletes everything under a prefix; how many objects there were.
///
/// # Errors
/// Those of storage.
pub async fn delete_under(outputs: &Objects, prefix: &str) -> Result<u32, Failure> {
    let failed = |e| Failure::storage(&e, outputs.at(prefix));
    let listed = outputs.store().list(outputs.bucket(), prefix).await;
    let keys: Vec<String> = listed.map_err(failed)?.into_iter().map(|o| o.key).collect();
    let gone = outputs.store().delete(outputs.bucket(), &keys).await;
    gone.map_err(failed)?;
    Ok(u32::try_from(keys.len()).unwrap_or(u32::MAX))
}
