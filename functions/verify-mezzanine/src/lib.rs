//! Hashes the mezzanine beside its encode: nothing is published of a file that is not the one the manifest was made for.
//!
//! Every byte of the pinned version is read once. That is the slowest single pass of a job, and nothing needs its result
//! before the proof of the output, which demands it.

use std::sync::Arc;

use reelsmith_contract::payload::{ClaimInput, VerifyMezzanineOutput};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::digest::Checksums;
use reelsmith_core::job::Job;
use reelsmith_core::keys::JobKeys;
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::{Inspection, Verification};
use reelsmith_lambda::Clients;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::checksums::{checksums, expect_equal};

/// What this function works with.
pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    /// The output bucket.
    pub outputs: Objects,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing.
    pub fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            store: clients.store(),
            outputs: clients.outputs()?,
        })
    }
}

/// Hashes, compares and writes `checksums.json`; where that stands for the same version, nothing is read again.
///
/// # Errors
/// `MezzanineChecksumMismatch`, `MezzanineChanged`, or those of storage.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<VerifyMezzanineOutput, Failure> {
    let keys = JobKeys(&input.claim.job_key);
    let job: Job = ports.outputs.read(&keys.job()).await?;
    let inspection: Inspection = ports.outputs.read(&keys.probe()).await?;
    let pin = inspection.mezzanine;
    let known = known(&ports, &keys, &pin).await?;
    let hashed = known.is_none();
    let checksums = match known {
        Some(checksums) => checksums,
        None => checksums(&ports.store, &pin).await?,
    };
    expect_equal(&pin, &job.manifest.mezzanine, &checksums)?;
    tracing::info!(sha256 = %checksums.sha256, mezzanine = %pin.object, hashed, "verified");
    let verification = Verification {
        mezzanine: pin,
        checksums,
    };
    if hashed {
        ports
            .outputs
            .write(&keys.checksums(), &verification)
            .await?;
    }
    Ok(VerifyMezzanineOutput {
        checksums: keys.checksums(),
    })
}

/// What an earlier call found in the same version.
async fn known(
    ports: &Ports,
    keys: &JobKeys<'_>,
    pin: &ObjectPin,
) -> Result<Option<Checksums>, Failure> {
    let known: Option<Verification> = ports.outputs.find(&keys.checksums()).await?;
    let same = known.filter(|known| known.mezzanine == *pin);
    Ok(same.map(|known| known.checksums))
}

#[cfg(test)]
mod tests;
