//! Orders the encode from MediaConvert, exactly once.
//!
//! Reads `job.json`, `probe.json` and `plan.json`. Writes the intent to the row before the order: it proves and extends the
//! hold, and shows every later call that an order may exist whose id was lost. Such a call looks for the order and adopts it;
//! the service's own client token covers the moments in which a search does not show a new job yet. Then commits the row with
//! the id of the order, and returns the id. Errors: `OrderImpossible`, `MediaConvert…`, `SubmissionLost`, and those of storage
//! and table.

use std::sync::Arc;

use reelsmith_contract::payload::{Claim, ClaimInput, StartEncodeOutput};
use reelsmith_contract::{ErrorName, Failure, Objects, PortResultExt as _};
use reelsmith_core::encode::{EncodeJob, EncodeOrder};
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
    let order = order(&ports, claim).await?;
    let (row, first_intent) = intend(&ports, claim).await?;
    if let Some(id) = row.encoder_ref {
        return Ok(StartEncodeOutput { encode_id: id });
    }
    let first_attempt = row.generation == Generation::FIRST && row.attempt == 1;
    let adopted = if first_intent && first_attempt {
        None
    } else {
        adopt(&ports, &order, row.created).await?
    };
    let job = match adopted {
        Some(job) => job,
        None => ports.encodes.create(&order).await.on_encoder()?,
    };
    let id = job.id.clone();
    let row = ports
        .submissions
        .commit(claim, id, ports.lease_seconds)
        .await?;
    tracing::info!(encode = %job.id, attempt = row.attempt, "ordered");
    let encode_id = row.encoder_ref.unwrap_or(job.id);
    Ok(StartEncodeOutput { encode_id })
}

async fn order(ports: &Ports, claim: &Claim) -> Result<EncodeOrder, Failure> {
    let files = JobFiles::read(&ports.outputs, claim).await?;
    let (inspection, bucket) = (&files.inspection, ports.outputs.bucket());
    let order = EncodeOrder::new(&files.job, inspection, &files.plan, &claim.fence, bucket);
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

/// The newest job of this generation that has outputs or can still make them, whichever attempt ordered it. Any other running
/// job, of this generation or of one that was abandoned, is cancelled, because its outputs would not be used.
async fn adopt(
    ports: &Ports,
    order: &EncodeOrder,
    since: UnixMillis,
) -> Result<Option<EncodeJob>, Failure> {
    let since = UnixMillis(since.0.saturating_sub(SKEW_MILLIS));
    let (tag, encodes) = (&order.tag, &ports.encodes);
    let found = encodes.find(&order.input, &tag.job_key, since).await;
    let (ours, older): (Vec<_>, Vec<_>) = found
        .on_encoder()?
        .into_iter()
        .filter(|job| job.state.is_adoptable() && job.tag.generation <= tag.generation)
        .partition(|job| job.tag.generation == tag.generation);
    let mut ours = ours.into_iter();
    let adopted = ours.next();
    if let Some(job) = &adopted {
        tracing::info!(encode = %job.id, of_attempt = job.tag.attempt, "adopted");
    }
    for extra in ours.chain(older).filter(|job| job.state.is_open()) {
        tracing::warn!(encode = %extra.id, "cancelled an order whose outputs would not be used");
        encodes.cancel(&extra.id).await.on_encoder()?;
    }
    Ok(adopted)
}

#[cfg(test)]
mod tests;
