//! Orders the encode from MediaConvert, exactly once.
//!
//! The intent is written before the order is placed: it proves and prolongs the hold, and tells every later call that an
//! order may have been placed whose acknowledgement nobody heard. Such a call looks for it and adopts it. The service's own
//! token covers the moments in which a search may not show a job yet.

use std::sync::Arc;

use reelsmith_contract::payload::{Claim, ClaimInput, StartEncodeOutput};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure, Objects, PortResultExt as _};
use reelsmith_core::encode::{EncodeJob, EncodeOrder};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{Generation, JobKeys};
use reelsmith_core::plan::Plan;
use reelsmith_core::ports::{Clock, EncodeService, SubmissionStore};
use reelsmith_core::probe::Inspection;
use reelsmith_core::submission::{Row, Step, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;
use reelsmith_lambda::Clients;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::submission::{advance, lost};

/// What this function works with.
pub struct Ports {
    /// The output bucket.
    pub outputs: Objects,
    /// The submission table.
    pub submissions: Arc<dyn SubmissionStore>,
    /// MediaConvert.
    pub encodes: Arc<dyn EncodeService>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// How long a hold is respected, in seconds.
    pub lease_seconds: u32,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing or wrong.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            encodes: clients.encodes()?,
            clock: clients.clock(),
            lease_seconds: clients.settings().number(Setting::LEASE_SECONDS)?,
        })
    }
}

/// By how much the service's clock may be behind ours: a job is looked for from so long before its row was written.
const SKEW_MILLIS: i64 = 600_000;

/// Orders, or adopts what was ordered.
///
/// # Errors
/// `OrderImpossible`, `MediaConvertRefused`, `MediaConvertUnavailable`, `SubmissionLost`, or those of storage and table.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<StartEncodeOutput, Failure> {
    let claim = &input.claim;
    let order = order(&ports, claim).await?;
    let (row, first) = intend(&ports, claim).await?;
    if let Some(id) = row.encoder_ref {
        return Ok(StartEncodeOutput { encode_id: id });
    }
    let nothing_before = row.generation == Generation::FIRST && row.attempt == 1;
    let adopted = if first && nothing_before {
        None
    } else {
        adopt(&ports, &order, row.created).await?
    };
    let job = match adopted {
        Some(job) => job,
        None => ports.encodes.create(&order).await.on_encoder()?,
    };
    commit(&ports, claim, &job).await
}

async fn order(ports: &Ports, claim: &Claim) -> Result<EncodeOrder, Failure> {
    let job_keys = JobKeys(&claim.job_key);
    let job: Job = ports.outputs.read(&job_keys.job()).await?;
    let inspection: Inspection = ports.outputs.read(&job_keys.probe()).await?;
    let plan: Plan = ports.outputs.read(&claim.keys().plan()).await?;
    let bucket = ports.outputs.bucket();
    let order = EncodeOrder::new(&job, &inspection, &plan, &claim.fence, bucket);
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

/// The row, and whether nobody has written the intent of this attempt before.
async fn intend(ports: &Ports, claim: &Claim) -> Result<(Row, bool), Failure> {
    let transition = Transition {
        job_key: claim.job_key.clone(),
        step: Step::Intend {
            fence: claim.fence.clone(),
            lease_seconds: ports.lease_seconds,
        },
        notice: None,
    };
    let now = ports.clock.now();
    match ports.submissions.apply(&transition, now).await.on_table()? {
        TransitionOutcome::Applied(row) => Ok((row, true)),
        TransitionOutcome::AlreadyApplied(row) => Ok((row, false)),
        TransitionOutcome::Refused(found) => Err(lost(claim, found.as_ref())),
    }
}

/// The newest job of this generation that has outputs or may still make them, whichever attempt ordered it. Another at work,
/// of this generation or of one that was given up, would be paid for nothing.
async fn adopt(
    ports: &Ports,
    order: &EncodeOrder,
    since: UnixMillis,
) -> Result<Option<EncodeJob>, Failure> {
    let since = UnixMillis(since.0.saturating_sub(SKEW_MILLIS));
    let (tag, encodes) = (&order.tag, &ports.encodes);
    let found = encodes
        .find(&order.input, &tag.job_key, since)
        .await
        .on_encoder()?;
    let (ours, older): (Vec<_>, Vec<_>) = found
        .into_iter()
        .filter(|job| job.state.is_adoptable() && job.tag.generation <= tag.generation)
        .partition(|job| job.tag.generation == tag.generation);
    let mut ours = ours.into_iter();
    let adopted = ours.next();
    if let Some(job) = &adopted {
        tracing::info!(encode = %job.id, of_attempt = job.tag.attempt, "adopted");
    }
    for extra in ours.chain(older).filter(|job| job.state.is_open()) {
        tracing::warn!(encode = %extra.id, "called off: nobody waits for it");
        encodes.cancel(&extra.id).await.on_encoder()?;
    }
    Ok(adopted)
}

async fn commit(
    ports: &Ports,
    claim: &Claim,
    job: &EncodeJob,
) -> Result<StartEncodeOutput, Failure> {
    let step = Step::Commit {
        fence: claim.fence.clone(),
        encoder_ref: job.id.clone(),
        lease_seconds: ports.lease_seconds,
    };
    let (submissions, clock) = (ports.submissions.as_ref(), ports.clock.as_ref());
    let row = advance(submissions, clock, claim, step, None).await?;
    tracing::info!(encode = %job.id, attempt = row.attempt, "ordered");
    Ok(StartEncodeOutput {
        encode_id: row.encoder_ref.unwrap_or_else(|| job.id.clone()),
    })
}

#[cfg(test)]
mod tests;
