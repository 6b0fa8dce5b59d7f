//! Completes the job and moves the pointer `current.json` to its outputs.
//!
//! Reads `job.json` and `report.json`. Writes the row COMPLETE together with the success message, in one transaction, and then
//! `outputs/{asset}/current.json`. Returns the outputs and the outbox of the message. A crash between the two writes is healed
//! by the retry, which finds the row complete under its own hold and moves the pointer. Errors: `SubmissionLost` if another
//! execution holds the job, and those of storage and table.

use std::sync::Arc;

use reelsmith_conformance::Report;
use reelsmith_contract::notice::{Event, JobPublished, Notice};
use reelsmith_contract::payload::{ClaimInput, PublishJobOutput};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::keys::{MPD, MULTIVARIANT};
use reelsmith_core::record::Current;
use reelsmith_core::submission::{Outputs, Step};
use reelsmith_pipeline::submission::Submissions;
use reelsmith_pipeline::{Invocation, publication, records};

pub struct Ports {
    pub outputs: Objects,
    pub submissions: Submissions,
}

/// Publishes the job.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<PublishJobOutput, Failure> {
    let claim = &input.claim;
    let keys = claim.keys();
    let job = records::job(&ports.outputs, &claim.job_key).await?;
    let report: Report = ports.outputs.read(&keys.report()).await?;
    let outputs = Outputs {
        bucket: ports.outputs.bucket().to_owned(),
        prefix: keys.output_prefix().to_owned(),
        hls: keys.output(MULTIVARIANT),
        dash: job.options.dash.then(|| keys.output(MPD)),
        report: keys.report(),
        mock: job.options.mock,
    };
    let outbox = claim.job_key.to_string();
    let episode = job.manifest.episode;
    let published = JobPublished {
        job_key: claim.job_key.clone(),
        asset: claim.asset.clone(),
        manifest_id: job.manifest.manifest_id,
        title: episode.episode_title,
        series: episode.series_title,
        generation: claim.generation(),
        attempt: claim.fence.attempt,
        execution: claim.fence.owner.clone(),
        outputs: outputs.clone(),
        summary: report.summary(),
    };
    let notice = Notice::new(Event::Success(published));
    let entry = notice.entry(&outbox, ports.submissions.now());
    let step = Step::Complete {
        fence: claim.fence.clone(),
        outputs: outputs.clone(),
    };
    let row = ports.submissions.advance(claim, step, Some(entry)).await?;
    let current = Current {
        job_key: claim.job_key.clone(),
        generation: claim.generation(),
        outputs: outputs.clone(),
        published: row.updated,
    };
    publication::move_pointer(&ports.outputs, &keys.current(), &current).await?;
    tracing::info!(hls = %outputs.hls, "published");
    Ok(PublishJobOutput { outputs, outbox })
}
