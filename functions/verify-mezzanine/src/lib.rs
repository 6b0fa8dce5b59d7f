//! Hashes the mezzanine in parallel with its encode, and compares the checksums with the manifest.
//!
//! Reads every byte of the pinned version once. This is the slowest single pass of a job, and nothing needs its result before
//! the proof of the output. Writes `checksums.json` and returns its key; if that file exists for the same version, nothing is
//! read again. Errors: `MezzanineChecksumMismatch`, `MezzanineChanged`, and those of storage.

use std::sync::Arc;

use reelsmith_contract::payload::{ClaimInput, VerifyMezzanineOutput};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::keys::JobKeys;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::Verification;
use reelsmith_pipeline::{Invocation, checksums, records};

pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    pub outputs: Objects,
}

/// Hashes the mezzanine, compares, and writes `checksums.json`.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<VerifyMezzanineOutput, Failure> {
    let (outputs, job_key) = (&ports.outputs, &input.claim.job_key);
    let key = JobKeys(job_key).checksums();
    let job = records::job(outputs, job_key).await?;
    let pin = records::inspection(outputs, job_key).await?.mezzanine;
    let known: Option<Verification> = outputs.find(&key).await?;
    let known = known.filter(|known| known.mezzanine == pin);
    let hashed = known.is_none();
    let found = match known {
        Some(known) => known.checksums,
        None => checksums::compute(&ports.store, &pin).await?,
    };
    checksums::verify(&pin, &job.manifest.mezzanine, &found)?;
    tracing::info!(sha256 = %found.sha256, mezzanine = %pin.object, hashed, "verified");
    if hashed {
        let verification = Verification {
            mezzanine: pin,
            checksums: found,
        };
        outputs.write(&key, &verification).await?;
    }
    Ok(VerifyMezzanineOutput { checksums: key })
}

#[cfg(test)]
mod tests;
