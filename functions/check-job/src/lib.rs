//! Polls the encode of MediaConvert, and records it once it is done.
//!
//! Reads the row for the id of the order, asks MediaConvert, and at the end compares the newest version of the mezzanine with
//! the validated one: the service reads the newest version, so only equality shows which version it encoded. Writes the encode
//! record. Returns the progress and how long to wait before the next poll. Errors: `MediaConvertJobFailed`, `MezzanineChanged`,
//! `SubmissionLost`, and those of MediaConvert, storage and table.

use std::sync::Arc;

use reelsmith_contract::payload::{CheckJobOutput, Claim, ClaimInput, Progress};
use reelsmith_contract::{ErrorName, Failure, Objects, PortResultExt as _};
use reelsmith_core::encode::{EncodeJob, EncodeState, pause_seconds};
use reelsmith_core::ports::{EncodeService, ObjectStore};
use reelsmith_core::record::EncodeRecord;
use reelsmith_core::submission::Row;
use reelsmith_pipeline::submission::{Submissions, lost};
use reelsmith_pipeline::{Invocation, records};

pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    pub outputs: Objects,
    pub submissions: Submissions,
    pub encodes: Arc<dyn EncodeService>,
}

/// Polls once.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<CheckJobOutput, Failure> {
    let claim = &input.claim;
    let id = order_id(&ports, claim).await?;
    let job = ports.encodes.job(&id).await.on_encoder()?;
    let percent = match &job.state {
        EncodeState::Waiting => 0,
        EncodeState::Running { percent } => *percent,
        EncodeState::Done => return done(&ports, claim, job).await,
        EncodeState::Failed { code, message } => {
            return Err(failed(&job, format!("error {code}: {message}")));
        }
        EncodeState::Cancelled => return Err(failed(&job, "it was cancelled".to_owned())),
    };
    tracing::info!(encode = %job.id, percent, "running");
    Ok(CheckJobOutput {
        state: Progress::Running,
        percent,
        wait_seconds: pause_seconds(job.created, ports.submissions.now()),
    })
}

/// The id of the order with which the row of this hold was committed.
async fn order_id(ports: &Ports, claim: &Claim) -> Result<String, Failure> {
    let row = ports.submissions.table().row(&claim.job_key).await;
    let row = row.on_table()?;
    let held = |row: &&Row| claim.fence.holds(row) && row.state.is_live();
    match row.as_ref().filter(held).map(|row| &row.encoder_ref) {
        Some(Some(id)) => Ok(id.clone()),
        Some(None) => Err(Failure::internal(
            "a job that was never ordered",
            format!("submission {}", claim.job_key),
        )),
        None => Err(lost(claim, row.as_ref())),
    }
}

async fn done(ports: &Ports, claim: &Claim, job: EncodeJob) -> Result<CheckJobOutput, Failure> {
    let pin = records::inspection(&ports.outputs, &claim.job_key)
        .await?
        .mezzanine;
    let found = ports.store.head(&pin.object).await;
    let found = found.on_object(&pin.object)?.pin;
    if found != pin {
        return Err(Failure::new(
            ErrorName::MezzanineChanged,
            format!("the version that was validated, ETag {}", pin.etag),
            format!("ETag {}", found.etag),
            pin.object.to_string(),
            "deliver the file again under a new key, and do not replace files while a job runs",
        ));
    }
    let record = EncodeRecord {
        job,
        ended: ports.submissions.now(),
    };
    let key = claim.keys().encode_record();
    ports.outputs.write(&key, &record).await?;
    tracing::info!(encode = %record.job.id, "encoded");
    Ok(CheckJobOutput {
        state: Progress::Done,
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
        "look up the code in MediaConvert's documentation, remove the cause, and drop the manifest again",
    )
}

#[cfg(test)]
mod tests;
