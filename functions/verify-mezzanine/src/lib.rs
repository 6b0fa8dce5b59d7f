//! Hashes the mezzanine in parallel with its encode, and compares the checksums with the manifest.
//!
//! Reads every byte of the pinned version once. This is the slowest single pass of a job, and nothing needs its result before
//! the proof of the output. A large file takes several invocations: each reads for `PASS_SECONDS`, writes the state of the
//! checksums to `checksums-so-far.json` and returns `RUNNING`, and the state machine calls the function again. The last one
//! writes `checksums.json`; if that file exists for the same version, nothing is read again. Errors:
//! `MezzanineChecksumMismatch`, `MezzanineChanged`, and those of storage.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reelsmith_contract::payload::{ClaimInput, Progress, VerifyMezzanineOutput};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::digest::Checksummer;
use reelsmith_core::keys::JobKeys;
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::{PartialVerification, Verification};
use reelsmith_pipeline::{Invocation, checksums, records};

pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    pub outputs: Objects,
    /// Longest time of reading in one invocation.
    pub pass: Duration,
}

/// The time that an invocation keeps for writing its state.
const RESERVE: Duration = Duration::from_secs(60);

/// Hashes the mezzanine, compares, and writes `checksums.json`.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    invocation: Invocation,
) -> Result<VerifyMezzanineOutput, Failure> {
    let (outputs, claim) = (&ports.outputs, &input.claim);
    let key = JobKeys(&claim.job_key).checksums();
    let job = records::job(outputs, &claim.job_key).await?;
    let pin = records::inspection(outputs, &claim.job_key)
        .await?
        .mezzanine;
    let known: Option<Verification> = outputs.find(&key).await?;
    if let Some(known) = known.filter(|known| known.mezzanine == pin) {
        checksums::verify(&pin, &job.manifest.mezzanine, &known.checksums)?;
        return Ok(done(key));
    }
    let so_far = claim.keys().partial_checksums();
    let mut sum = resumed(outputs, &so_far, &pin).await?;
    let time = ports.pass.min(invocation.remaining.saturating_sub(RESERVE));
    if !checksums::read_on(&ports.store, &pin, &mut sum, Instant::now() + time).await? {
        let percent = sum.length().saturating_mul(100) / pin.size.max(1);
        tracing::info!(bytes = sum.length(), of = pin.size, mezzanine = %pin.object, "to be continued");
        let partial = PartialVerification {
            mezzanine: pin,
            state: sum.state(),
        };
        outputs.write(&so_far, &partial).await?;
        return Ok(VerifyMezzanineOutput {
            state: Progress::Running,
            percent: u8::try_from(percent).unwrap_or(100),
            checksums: key,
        });
    }
    let found = sum.finish();
    checksums::verify(&pin, &job.manifest.mezzanine, &found)?;
    tracing::info!(sha256 = %found.sha256, mezzanine = %pin.object, "verified");
    let verification = Verification {
        mezzanine: pin,
        checksums: found,
    };
    outputs.write(&key, &verification).await?;
    Ok(done(key))
}

/// The checksums of the bytes that earlier invocations read. A state of another version, or of another release, is ignored.
async fn resumed(outputs: &Objects, key: &str, pin: &ObjectPin) -> Result<Checksummer, Failure> {
    let found: Option<PartialVerification> = outputs.find(key).await?;
    let found = found.filter(|found| found.mezzanine == *pin);
    Ok(found
        .and_then(|found| Checksummer::resume(&found.state))
        .unwrap_or_default())
}

fn done(checksums: String) -> VerifyMezzanineOutput {
    VerifyMezzanineOutput {
        state: Progress::Done,
        percent: 100,
        checksums,
    }
}

#[cfg(test)]
mod tests;
