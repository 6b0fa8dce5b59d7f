//! The page for people beside the report for machines: `report.html`.

use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_conformance::{Quality, Report, Verdict};
use reelsmith_contract::payload::Claim;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::cost::{Architecture, Deployment, Source, Title, estimate};
use reelsmith_core::job::{EncoderKind, Job};
use reelsmith_core::keys::{GenerationKeys, JobKeys, REPORT_PAGE};
use reelsmith_core::plan::Plan;
use reelsmith_core::ports::{Clock, PutOptions};
use reelsmith_core::probe::Inspection;
use reelsmith_core::record::{ChunkRecord, FailureNote, RenditionRecord, TrackRecord};
use reelsmith_report::{Facts, html};
use serde::de::DeserializeOwned;

/// Records read at once.
const READS: usize = 32;

/// Makes the page from what the states of the job have written, and stores it: with the deliverables where they are
/// good, else with the working files, because nothing of a bad output stays.
///
/// # Errors
/// `StorageInconsistent` where a record is missing, or those of storage.
pub async fn write(
    outputs: &Objects,
    clock: &dyn Clock,
    claim: &Claim,
    job: &Job,
    quality: &[Quality],
    report: &Report,
) -> Result<(), Failure> {
    let keys = claim.keys();
    let plan: Plan = outputs.read(&keys.plan()).await?;
    let inspection: Inspection = outputs.read(&JobKeys(&claim.job_key).probe()).await?;
    let renditions: Vec<String> = plan
        .renditions()
        .map(|r| keys.rendition_record(r))
        .collect();
    let renditions: Vec<RenditionRecord> = all(outputs, renditions).await?;
    let (chunks, tracks) = match job.encoder {
        EncoderKind::Lambda => workers(outputs, &plan, &keys).await?,
        EncoderKind::MediaConvert => Default::default(),
    };
    let failures: Vec<FailureNote> =
        all(outputs, listed(outputs, &keys.failures_prefix()).await?).await?;
    let title = Source::inspected(&inspection, job.profile.timing.max_frame_rate).map(|source| {
        let (audio, text) = (plan.audio.len() as u64, plan.text.len() as u64);
        Title::new(&job.profile, &job.options, source, audio, text)
    });
    let deployment = Deployment::new(architecture(), job.encoder);
    let estimate = title.map(|t| estimate(&t, &deployment));
    let page = html(&Facts {
        job,
        generation: claim.generation(),
        inspection: &inspection,
        plan: &plan,
        renditions: &renditions,
        chunks: &chunks,
        tracks: &tracks,
        failures: &failures,
        conformance: report,
        estimate: estimate.as_ref(),
        states: &[],
        quality,
        pictures: &[],
        made: clock.now(),
    });
    store(outputs, &keys, report.verdict, page).await
}

/// What this function runs on is what the workers of its deployment run on.
fn architecture() -> Architecture {
    if cfg!(target_arch = "aarch64") {
        Architecture::Arm64
    } else {
        Architecture::X86
    }
}

async fn workers(
    outputs: &Objects,
    plan: &Plan,
    keys: &GenerationKeys,
) -> Result<(Vec<ChunkRecord>, Vec<TrackRecord>), Failure> {
    let chunks = plan.chunk_items().into_iter();
    let chunks = chunks
        .map(|i| keys.chunk_record(i.chunk, i.group))
        .collect();
    let mut chunks: Vec<ChunkRecord> = all(outputs, chunks).await?;
    chunks.sort_by_key(|c| (c.chunk, c.group));
    let tracks = plan.audio.iter().map(|a| &a.path);
    let tracks = tracks.chain(plan.text.iter().map(|t| &t.path));
    let tracks = tracks.map(|path| keys.track_record(path)).collect();
    Ok((chunks, all(outputs, tracks).await?))
}

async fn listed(outputs: &Objects, prefix: &str) -> Result<Vec<String>, Failure> {
    let listed = outputs.store().list(outputs.bucket(), prefix).await;
    let listed = listed.map_err(|e| Failure::storage(&e, outputs.at(prefix)))?;
    Ok(listed.into_iter().map(|o| o.key).collect())
}

async fn all<T: DeserializeOwned>(outputs: &Objects, keys: Vec<String>) -> Result<Vec<T>, Failure> {
    let reads: Vec<_> = keys.iter().map(|key| outputs.read(key)).collect();
    let reads = futures::stream::iter(reads).buffered(READS);
    reads.try_collect().await
}

async fn store(
    outputs: &Objects,
    keys: &GenerationKeys,
    verdict: Verdict,
    page: String,
) -> Result<(), Failure> {
    let key = match verdict {
        Verdict::Pass => keys.output(REPORT_PAGE),
        Verdict::Fail => format!("{}{REPORT_PAGE}", keys.work_prefix()),
    };
    let options = PutOptions {
        content_type: "text/html; charset=utf-8".to_owned(),
        cache_control: Some("no-cache".to_owned()),
        ..PutOptions::default()
    };
    let at = outputs.at(&key);
    let put = outputs.store().put(&at, page.into(), &options).await;
    put.map(|_| ()).map_err(|e| Failure::storage(&e, &at))
}
