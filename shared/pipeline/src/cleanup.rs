//! Deleting the files that a job needs only until it is published.

use reelsmith_contract::{Failure, Objects, PortResultExt as _};
use reelsmith_core::keys::GenerationKeys;

/// Deletes the item lists of the Maps, failure notes, measurements, and MediaConvert's own files. Records, plan and report
/// remain: they are the evidence of the job. Returns the number of deleted objects.
///
/// Safe to repeat, and safe as soon as the job is complete, because only Maps that have ended and a failed job read any of it.
pub async fn delete_working_files(
    outputs: &Objects,
    keys: &GenerationKeys,
) -> Result<u32, Failure> {
    delete_prefix(outputs, keys.working_prefix()).await
}

/// Deletes all objects under a prefix. Returns their number.
pub async fn delete_prefix(outputs: &Objects, prefix: &str) -> Result<u32, Failure> {
    let listed = outputs.list(prefix).await?;
    let keys: Vec<String> = listed.into_iter().map(|o| o.key).collect();
    let deleted = outputs.store().delete(outputs.bucket(), &keys).await;
    deleted.on_object(outputs.at(prefix))?;
    Ok(u32::try_from(keys.len()).unwrap_or(u32::MAX))
}
