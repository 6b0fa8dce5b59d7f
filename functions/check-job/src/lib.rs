//! Looks how far the encode of MediaConvert is, and records it once it is done.

use std::sync::Arc;

use reelsmith_contract::payload::{CheckJobOutput, Claim, ClaimInput, JobProgress};
use reelsmith_contract::{ErrorName, Failure, Objects, PortResultExt as _};
use reelsmith_core::encode::{EncodeJob, EncodeState, pause_seconds};
use reelsmith_core::keys::JobKeys;
use reelsmith_core::ports::{Clock, EncodeService, ObjectStore, SubmissionStore};
use reelsmith_core::probe::Inspection;
use reelsmith_core::record::EncodeRecord;
use reelsmith_core::submission::Row;
use reelsmith_lambda::Clients;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::submission::lost;

/// What this function works with.
pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    /// The output bucket.
    pub outputs: Objects,
    /// The submission table.
    pub submissions: Arc<dyn SubmissionStore>,
    /// MediaConvert.
    pub encodes: Arc<dyn EncodeService>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            store: clients.store(),
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            encodes: clients.encodes()?,
            clock: clients.clock(),
        })
    }
}

/// Looks once.
///
/// # Errors
/// `MediaConvertJobFailed`, `MediaConvertUnavailable`, `MezzanineChanged`, `SubmissionLost`, or those of storage and table.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<CheckJobOutput, Failure> {
    let claim = &input.claim;
    let id = reference(&ports, claim).await?;
    let job = ports.encodes.job(&id).await.on_encoder()?;
    let percent = match &job.state {
        EncodeState::Waiting => 0,
        EncodeState::Running { percent } => *percent,
        EncodeState::Done => return done(&ports, claim, job).await,
        EncodeState::Failed { code, message } => {
            return Err(failed(&job, format!("error {code}: {message}")));
        }
        EncodeState::Cancelled => return Err(failed(&job, "it was called off".to_owned())),
    };
    tracing::info!(encode = %job.id, percent, "under way");
    Ok(CheckJobOutput {
        state: JobProgress::Running,
        percent,
        wait_seconds: pause_seconds(job.created, ports.clock.now()),
    })
}

/// The service's name of the job that the row of this hold was committed with.
async fn reference(ports: &Ports, claim: &Claim) -> Result<String, Failure> {
    let row = ports.submissions.row(&claim.job_key).await.on_table()?;
    let held = |row: &&Row| claim.fence.holds(row) && row.state.is_live();
    let reference = row.as_ref().filter(held).map(|row| row.encoder_ref.clone());
    match reference {
        Some(Some(id)) => Ok(id),
        Some(None) => Err(Failure::internal(
            "a job that was never ordered",
            format!("submission {}", claim.job_key),
        )),
        None => Err(lost(claim, row.as_ref())),
    }
}

/// The service reads the newest version of the mezzanine; what it has read is known only if that is still the one that was
/// validated.
async fn done(ports: &Ports, claim: &Claim, job: EncodeJob) -> Result<CheckJobOutput, Failure> {
    let probe = JobKeys(&claim.job_key).probe();
    let inspection: Inspection = ports.outputs.read(&probe).await?;
    let pin = &inspection.mezzanine;
    let found = ports
        .store
        .head(&pin.object)
        .await
        .on_object(&pin.object)?
        .pin;
    if found != *pin {
        return Err(Failure::new(
            ErrorName::MezzanineChanged,
            format!("the version that was validated, ETag {}", pin.etag),
            format!("ETag {}", found.etag),
            pin.object.to_string(),
            "deliver again under a new key and do not replace files while a job runs",
        ));
    }
    let record = EncodeRecord {
        job,
        ended: ports.clock.now(),
    };
    let key = claim.keys().encode_record();
    ports.outputs.write(&key, &record).await?;
    tracing::info!(encode = %record.job.id, "encoded");
    Ok(CheckJobOutput {
        state: JobProgress::Done,
        percent: 100,
        wait_seconds: 0,
    })
}

fn failed(job: &EncodeJob, found: String) -> Failure {
    Failure::new(
        ErrorName::MediaConvertJobFailed,
        "MediaConvert to complete the job",
        found,
        format!("MediaConvert job {}", job.id),
        "look the code up in MediaConvert's documentation; drop the manifest again once its cause is gone",
    )
}

#[cfg(test)]
mod tests;
