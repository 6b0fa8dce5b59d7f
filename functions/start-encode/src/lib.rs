//! Orders the encode from MediaConvert, exactly once.
//!
//! Reads `job.json`, `probe.json` and `plan.json`. Writes the intent to the row before the order: it proves and extends the
//! hold, and shows every later call that an order may exist whose id was lost. Such a call looks for the order and adopts it.
//! The service's own client token covers what a search cannot see: an order that it does not show yet, and one that an earlier
//! call has yet to place. So the token belongs to the number of the order, which attempts share. Then commits the row with the
//! id of the order, and returns the id. Errors: `OrderImpossible`, `MediaConvert…`, `SubmissionLost`, and those of storage
//! and table.

use std::sync::Arc;

use reelsmith_contract::payload::{Claim, ClaimInput, StartEncodeOutput};
use reelsmith_contract::{ErrorName, Failure, Objects, PortResultExt as _};
use reelsmith_core::encode::{EncodeJob, EncodeOrder, next_order};
use reelsmith_core::keys::Generation;
use reelsmith_core::ports::EncodeService;
use reelsmith_core::submission::{Row, Step, TransitionOutcome};
use reelsmith_core::time::UnixMillis;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::records::JobFiles;
use reelsmith_pipeline::submission::{Submissions, lost};

pub struct Ports {
    pub outputs: Objects,
    pub submissions: Submissions,
    pub encodes: Arc<dyn EncodeService>,
    pub lease_seconds: u32,
}

/// Maximum lag of the service's clock: the search for an order starts this long before the row was written.
const SKEW_MILLIS: i64 = 600_000;

/// Orders the encode, or adopts an earlier order.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<StartEncodeOutput, Failure> {
    let claim = &input.claim;
    let files = JobFiles::read(&ports.outputs, claim).await?;
    let order = order(&ports, &files, claim, next_order([]))?;
    let (row, first_intent) = intend(&ports, claim).await?;
    if let Some(id) = row.encoder_ref {
        return Ok(StartEncodeOutput { encode_id: id });
    }
    let first_attempt = row.generation == Generation::FIRST && row.attempt == 1;
    let found = if first_intent && first_attempt {
        Vec::new()
    } else {
        find(&ports, &order, row.created).await?
    };
    let job = match adopt(&ports, claim.fence.generation, &found).await? {
        Some(job) => job,
        None => place(&ports, &files, claim, &found).await?,
    };
    let id = job.id.clone();
    let row = ports
        .submissions
        .commit(claim, id, ports.lease_seconds)
        .await?;
    tracing::info!(encode = %job.id, order = job.tag.number, attempt = row.attempt, "ordered");
    let encode_id = row.encoder_ref.unwrap_or(job.id);
    Ok(StartEncodeOutput { encode_id })
}

fn order(
    ports: &Ports,
    files: &JobFiles,
    claim: &Claim,
    number: u32,
) -> Result<EncodeOrder, Failure> {
    let (inspection, bucket) = (&files.inspection, ports.outputs.bucket());
    let generation = claim.fence.generation;
    let order = EncodeOrder::new(
        &files.job,
        inspection,
        &files.plan,
        generation,
        number,
        bucket,
    );
    order.map_err(|e| {
        Failure::new(
            ErrorName::OrderImpossible,
            e.expected,
            e.found,
            inspection.mezzanine.object.to_string(),
            "choose the encoder lambda for this title, or another profile",
        )
    })
}

/// Writes the intent. Returns the row, and whether this is the first intent of this attempt.
async fn intend(ports: &Ports, claim: &Claim) -> Result<(Row, bool), Failure> {
    let step = Step::Intend {
        fence: claim.fence.clone(),
        lease_seconds: ports.lease_seconds,
    };
    match ports.submissions.apply(&claim.job_key, step, None).await? {
        TransitionOutcome::Applied(row) => Ok((row, true)),
        TransitionOutcome::AlreadyApplied(row) => Ok((row, false)),
        TransitionOutcome::Refused(found) => Err(lost(claim, found.as_ref())),
    }
}

/// The orders of this job, newest first, up to this generation.
async fn find(
    ports: &Ports,
    order: &EncodeOrder,
    since: UnixMillis,
) -> Result<Vec<EncodeJob>, Failure> {
    let since = UnixMillis(since.0.saturating_sub(SKEW_MILLIS));
    let found = ports.encodes.find(&order.input, &order.tag.job_key, since);
    let mut found = found.await.on_encoder()?;
    found.retain(|job| job.tag.generation <= order.tag.generation);
    Ok(found)
}

/// The newest order of this generation that has outputs or can still make them, whichever attempt placed it. Any other running
/// order, of this generation or of one that was abandoned, is cancelled, because its outputs would not be used.
async fn adopt(
    ports: &Ports,
    generation: Generation,
    found: &[EncodeJob],
) -> Result<Option<EncodeJob>, Failure> {
    let adoptable = |job: &&EncodeJob| job.tag.generation == generation && job.state.is_adoptable();
    let adopted = found.iter().find(adoptable);
    if let Some(job) = adopted {
        tracing::info!(encode = %job.id, order = job.tag.number, "adopted");
    }
    let open = found.iter().filter(|job| job.state.is_open());
    for extra in open.filter(|job| Some(&job.id) != adopted.map(|a| &a.id)) {
        tracing::warn!(encode = %extra.id, "cancelled an order whose outputs would not be used");
        ports.encodes.cancel(&extra.id).await.on_encoder()?;
    }
    Ok(adopted.cloned())
}

/// Places the next order. None of those that were found in this generation can be adopted.
async fn place(
    ports: &Ports,
    files: &JobFiles,
    claim: &Claim,
    found: &[EncodeJob],
) -> Result<EncodeJob, Failure> {
    let ours = found
        .iter()
        .filter(|job| job.tag.generation == claim.fence.generation);
    let mut number = next_order(ours.map(|job| job.tag.number));
    loop {
        let order = order(ports, files, claim, number)?;
        let job = ports.encodes.create(&order).await.on_encoder()?;
        if job.state.is_adoptable() {
            return Ok(job);
        }
        // The token has returned an order that had ended, and that the search did not show.
        number = next_order([number]);
    }
}

#[cfg(test)]
mod tests;
