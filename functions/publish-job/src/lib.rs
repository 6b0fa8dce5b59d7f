//! Completes the job and moves the stable pointer.
//!
//! COMPLETE and the success message are one transaction. The pointer `current.json` moves after it: a crash between the
//! two is healed by the retry, which finds the row complete under its own hold and writes the same pointer again.

use std::sync::Arc;

use reelsmith_conformance::Report;
use reelsmith_contract::payload::{ClaimInput, PublishJobOutput};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{JobKeys, MPD, MULTIVARIANT};
use reelsmith_core::ports::{Clock, SubmissionStore};
use reelsmith_core::record::Current;
use reelsmith_core::submission::{NoticeKind, OutboxEntry, Outputs, Step};
use reelsmith_lambda::Clients;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::publication;
use reelsmith_pipeline::submission::advance;

/// What this function works with.
pub struct Ports {
    /// The output bucket.
    pub outputs: Objects,
    /// The submission table.
    pub submissions: Arc<dyn SubmissionStore>,
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
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            clock: clients.clock(),
        })
    }
}

/// Publishes.
///
/// # Errors
/// `SubmissionLost` where another execution holds the job by now, or those of storage and table.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<PublishJobOutput, Failure> {
    let claim = &input.claim;
    let keys = claim.keys();
    let job: Job = ports.outputs.read(&JobKeys(&claim.job_key).job()).await?;
    let report: Report = ports.outputs.read(&keys.report()).await?;
    let outputs = Outputs {
        bucket: ports.outputs.bucket().to_owned(),
        prefix: keys.output_prefix().to_owned(),
        hls: keys.output(MULTIVARIANT),
        dash: job.options.dash.then(|| keys.output(MPD)),
        report: keys.report(),
        mock: job.options.mock,
    };
    let step = Step::Complete {
        fence: claim.fence.clone(),
        outputs: outputs.clone(),
    };
    let notice = notice(&ports, &input, &job, &outputs, &report);
    let row = advance(
        ports.submissions.as_ref(),
        ports.clock.as_ref(),
        claim,
        step,
        Some(notice),
    )
    .await?;
    let current = Current {
        job_key: claim.job_key.clone(),
        generation: claim.generation(),
        outputs: outputs.clone(),
        published: row.updated,
    };
    publication::point(&ports.outputs, &keys.current(), &current).await?;
    tracing::info!(hls = %outputs.hls, "published");
    Ok(PublishJobOutput {
        outputs,
        outbox: claim.job_key.to_string(),
    })
}

fn notice(
    ports: &Ports,
    input: &ClaimInput,
    job: &Job,
    outputs: &Outputs,
    report: &Report,
) -> OutboxEntry {
    let claim = &input.claim;
    let episode = &job.manifest.episode;
    let body = serde_json::json!({
        "kind": NoticeKind::Success, "job_key": claim.job_key, "asset": claim.asset,
        "manifest_id": job.manifest.manifest_id, "title": episode.episode_title, "series": episode.series_title,
        "generation": claim.generation(), "attempt": claim.fence.attempt, "execution": claim.fence.owner,
        "outputs": outputs, "summary": report.summary(),
    });
    OutboxEntry {
        outbox: claim.job_key.to_string(),
        id: format!("success#g{}", claim.generation().0),
        kind: NoticeKind::Success,
        subject: format!("reelsmith published: {}", claim.asset),
        body: body.to_string(),
        created: ports.clock.now(),
    }
}
