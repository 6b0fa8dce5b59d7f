//! The page for people beside the report for machines: `report.html`. The operator's command makes it too, of any job that
//! has a plan, with what only the execution's history tells.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_conformance::{Quality, Report, Verdict};
use reelsmith_contract::payload::Claim;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::cost::{Architecture, CostModel, Estimate, Title, estimate};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{Generation, GenerationKeys, JobKeys, REPORT_PAGE, sheet_path};
use reelsmith_core::plan::Plan;
use reelsmith_core::ports::{Clock, PutOptions};
use reelsmith_core::probe::{Inspection, Verification};
use reelsmith_core::record::{
    ChunkRecord, FailureNote, ImagesRecord, RenditionRecord, TrackRecord,
};
use reelsmith_core::time::UnixMillis;
use reelsmith_report::metrics::Metrics;
use reelsmith_report::{Facts, Failed, StateRun, Storyboard, html};
use serde::de::DeserializeOwned;

/// Records read at once.
const READS: usize = 32;
/// Greatest sheet of thumbnails that is taken into the page.
const LARGEST_SHEET: u64 = 8 << 20;
/// Bytes of sheets that are taken into the page: a film's fit.
const SHEETS: usize = 4 << 20;

/// Everything that the states of a job have written, as far as they have got.
pub struct Material {
    /// The job.
    pub job: Job,
    /// Which deliberate re-encode.
    pub generation: Generation,
    /// The mezzanine as it was found.
    pub inspection: Inspection,
    /// Its checksums, once it is verified.
    pub verification: Option<Verification>,
    /// The plan.
    pub plan: Plan,
    /// Renditions that are assembled.
    pub renditions: Vec<RenditionRecord>,
    /// Chunks that are encoded, in order.
    pub chunks: Vec<ChunkRecord>,
    /// Tracks that are done.
    pub tracks: Vec<TrackRecord>,
    /// What workers noted that gave up, the last note of each piece.
    pub failures: Vec<FailureNote>,
    /// The thumbnails.
    pub storyboard: Option<Storyboard>,
    /// What was measured, and what breaks a rule.
    pub conformance: Option<Report>,
    /// The cost of the plan by the model.
    pub estimate: Estimate,
}

/// What the records do not tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// How good each chunk looks, where it was measured.
    pub quality: &'a [Quality],
    /// The states of the execution.
    pub states: &'a [StateRun],
    /// The numbers of the whole run.
    pub metrics: Option<&'a Metrics>,
    /// Why there is no output.
    pub failed: Option<&'a Failed>,
}

impl Material {
    /// Reads it; `None` where the job has no plan yet.
    ///
    /// # Errors
    /// Those of storage, or `StorageInconsistent` where a record is of another build.
    pub async fn read(
        outputs: &Objects,
        of_job: &JobKeys<'_>,
        keys: &GenerationKeys,
    ) -> Result<Option<Self>, Failure> {
        let Some(plan) = outputs.find::<Plan>(&keys.plan()).await? else {
            return Ok(None);
        };
        let (job, inspection, checksums) = (of_job.job(), of_job.probe(), of_job.checksums());
        let (job, inspection, verification): (Job, Inspection, Option<Verification>) = futures::try_join!(
            outputs.read(&job),
            outputs.read(&inspection),
            outputs.find(&checksums)
        )?;
        let work = |folder: &str| format!("{}{folder}/", keys.work_prefix());
        let mut chunks: Vec<ChunkRecord> = below(outputs, &work("chunks")).await?;
        chunks.sort_by_key(|c| (c.chunk, c.group));
        let title = Title::planned(&job, &inspection, &plan);
        Ok(Some(Self {
            generation: plan.generation,
            renditions: below(outputs, &work("renditions")).await?,
            tracks: below(outputs, &work("tracks")).await?,
            failures: failures(outputs, keys).await?,
            storyboard: storyboard(outputs, keys).await?,
            conformance: outputs.find(&keys.report()).await?,
            estimate: estimate(&title, &CostModel::new(architecture(), job.encoder)),
            chunks,
            inspection,
            verification,
            plan,
            job,
        }))
    }

    /// The page.
    #[must_use]
    pub fn page(&self, around: Around<'_>, made: UnixMillis) -> String {
        html(&Facts {
            job: &self.job,
            generation: self.generation,
            inspection: &self.inspection,
            verification: self.verification.as_ref(),
            plan: &self.plan,
            renditions: &self.renditions,
            chunks: &self.chunks,
            tracks: &self.tracks,
            failures: &self.failures,
            conformance: self.conformance.as_ref(),
            failed: around.failed,
            estimate: Some(&self.estimate),
            states: around.states,
            quality: around.quality,
            storyboard: self.storyboard.as_ref(),
            metrics: around.metrics,
            made,
        })
    }
}

/// Makes the page from what the states of the job have written, and stores it: with the deliverables where they are
/// good, else with the working files, because nothing of a bad output stays. What workers noted that gave up is kept
/// beside the records; the notes themselves are removed once the job is published.
///
/// # Errors
/// `StorageInconsistent` where a record is missing, or those of storage.
pub async fn write(
    outputs: &Objects,
    clock: &dyn Clock,
    claim: &Claim,
    quality: &[Quality],
    report: &Report,
) -> Result<(), Failure> {
    let keys = claim.keys();
    let material = Material::read(outputs, &JobKeys(&claim.job_key), &keys).await?;
    let material = material
        .ok_or_else(|| Failure::internal("a job that is validated and has no plan", keys.plan()))?;
    outputs.write(&keys.retries(), &material.failures).await?;
    let around = Around {
        quality,
        ..Around::default()
    };
    let page = material.page(around, clock.now());
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

/// The notes that are there, and those that were kept of earlier ones.
async fn failures(outputs: &Objects, keys: &GenerationKeys) -> Result<Vec<FailureNote>, Failure> {
    let mut notes: Vec<FailureNote> = below(outputs, &keys.failures_prefix()).await?;
    let kept: Option<Vec<FailureNote>> = outputs.find(&keys.retries()).await?;
    for note in kept.into_iter().flatten() {
        if !notes.iter().any(|n| n.record == note.record) {
            notes.push(note);
        }
    }
    notes.sort_by(|a, b| (a.at, &a.item).cmp(&(b.at, &b.item)));
    Ok(notes)
}

async fn storyboard(
    outputs: &Objects,
    keys: &GenerationKeys,
) -> Result<Option<Storyboard>, Failure> {
    let Some(record) = outputs.find::<ImagesRecord>(&keys.images_record()).await? else {
        return Ok(None);
    };
    let (mut sheets, mut size) = (Vec::<Bytes>::new(), 0);
    for number in 1..=record.sheets() {
        let at = outputs.at(&keys.output(&sheet_path(number)));
        // A failed job's deliverables may be gone while its records stay.
        let Ok(sheet) = outputs.store().get(&at, LARGEST_SHEET).await else {
            break;
        };
        size += sheet.len();
        if size > SHEETS && !sheets.is_empty() {
            break;
        }
        sheets.push(sheet);
    }
    Ok(Some(Storyboard { record, sheets }))
}

/// Every record below a prefix, in the order of their keys.
async fn below<T: DeserializeOwned>(outputs: &Objects, prefix: &str) -> Result<Vec<T>, Failure> {
    let listed = outputs.store().list(outputs.bucket(), prefix).await;
    let listed = listed.map_err(|e| Failure::storage(&e, outputs.at(prefix)))?;
    let reads = listed.iter().map(|o| outputs.read(&o.key));
    let reads = futures::stream::iter(reads.collect::<Vec<_>>()).buffered(READS);
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
