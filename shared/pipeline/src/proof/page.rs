//! `report.html`: the report as a page for people. `validate-output` writes it for every job, and `reelsmith report` makes it for
//! any job that has a plan, together with facts from the execution's history.

use bytes::Bytes;
use reelsmith_conformance::{Report, Verdict};
use reelsmith_contract::payload::Claim;
use reelsmith_contract::{Failure, Objects, PortResultExt as _};
use reelsmith_core::cost::{CostModel, Estimate, Title, estimate};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys, REPORT_PAGE, sheet_path};
use reelsmith_core::plan::Plan;
use reelsmith_core::ports::PutOptions;
use reelsmith_core::probe::{Inspection, Verification};
use reelsmith_core::record::{
    ChunkRecord, FailureNote, ImagesRecord, RenditionRecord, TrackRecord,
};
use reelsmith_core::time::UnixMillis;
use reelsmith_report::metrics::Metrics;
use reelsmith_report::{Facts, Failed, StateRun, Storyboard, WorstPicture, html};

use crate::cost::ARCHITECTURE;
use crate::records;

/// Maximum size of a sheet of thumbnails in the page.
const MAX_SHEET: u64 = 8 << 20;
/// Maximum size of a picture of a comparison.
const MAX_PICTURE: u64 = 1 << 20;
/// Maximum size of all sheets in the page: enough for a film.
const MAX_SHEETS: usize = 4 << 20;

/// Everything that the states of a job have written so far.
pub struct JobRecords {
    pub job: Job,
    pub inspection: Inspection,
    pub verification: Option<Verification>,
    pub plan: Plan,
    pub renditions: Vec<RenditionRecord>,
    pub chunks: Vec<ChunkRecord>,
    pub tracks: Vec<TrackRecord>,
    /// The last failure note of each unit of work that failed.
    pub failures: Vec<FailureNote>,
    pub storyboard: Option<Storyboard>,
    /// The worst picture of each video rendition, as long as the working files exist.
    pub pictures: Vec<WorstPicture>,
    pub conformance: Option<Report>,
    pub estimate: Estimate,
}

/// Facts for the page that are not in the records.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageContext<'a> {
    pub states: &'a [StateRun],
    pub metrics: Option<&'a Metrics>,
    /// Why there is no output.
    pub failed: Option<&'a Failed>,
}

impl JobRecords {
    /// Reads the records. `None` if the job has no plan yet.
    pub async fn read(
        outputs: &Objects,
        job_keys: &JobKeys<'_>,
        keys: &GenerationKeys,
    ) -> Result<Option<Self>, Failure> {
        let Some(plan) = outputs.find::<Plan>(&keys.plan()).await? else {
            return Ok(None);
        };
        let job = records::job(outputs, job_keys.0).await?;
        let inspection = records::inspection(outputs, job_keys.0).await?;
        let work = |folder: &str| format!("{}{folder}/", keys.work_prefix());
        let mut chunks: Vec<ChunkRecord> = records::all(outputs, &work("chunks")).await?;
        chunks.sort_by_key(|c| (c.chunk, c.group));
        let title = Title::planned(&job, &inspection, &plan);
        Ok(Some(Self {
            verification: outputs.find(&job_keys.checksums()).await?,
            renditions: records::all(outputs, &work("renditions")).await?,
            tracks: records::all(outputs, &work("tracks")).await?,
            failures: failures(outputs, keys).await?,
            storyboard: storyboard(outputs, keys).await?,
            pictures: worst_pictures(outputs, keys, &plan, &chunks).await,
            conformance: outputs.find(&keys.report()).await?,
            estimate: estimate(&title, &CostModel::new(ARCHITECTURE, job.encoder)),
            chunks,
            inspection,
            plan,
            job,
        }))
    }

    /// The page as HTML. `made` is the time that it shows.
    pub fn page(&self, context: PageContext<'_>, made: UnixMillis) -> String {
        html(&Facts {
            job: &self.job,
            generation: self.plan.generation,
            inspection: &self.inspection,
            verification: self.verification.as_ref(),
            plan: &self.plan,
            renditions: &self.renditions,
            chunks: &self.chunks,
            tracks: &self.tracks,
            failures: &self.failures,
            conformance: self.conformance.as_ref(),
            failed: context.failed,
            estimate: Some(&self.estimate),
            states: context.states,
            storyboard: self.storyboard.as_ref(),
            pictures: &self.pictures,
            metrics: context.metrics,
            made,
        })
    }
}

/// Makes the page from the job's records and stores it: with the deliverables if the verdict is good, otherwise with the
/// working files, because the output of a failed job is deleted. The failure notes are also stored with the records, because
/// the notes themselves are deleted after publication.
pub async fn write(
    outputs: &Objects,
    claim: &Claim,
    report: &Report,
    made: UnixMillis,
) -> Result<(), Failure> {
    let keys = claim.keys();
    let records = JobRecords::read(outputs, &JobKeys(&claim.job_key), &keys).await?;
    let records =
        records.ok_or_else(|| Failure::internal("a validated job without a plan", keys.plan()))?;
    outputs.write(&keys.retries(), &records.failures).await?;
    let page = records.page(PageContext::default(), made);
    store(outputs, &keys, report.verdict, page).await
}

/// The failure notes, and the ones that an earlier call stored with the records.
pub async fn failures(
    outputs: &Objects,
    keys: &GenerationKeys,
) -> Result<Vec<FailureNote>, Failure> {
    let mut notes: Vec<FailureNote> = records::all(outputs, &keys.failures_prefix()).await?;
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
        // The deliverables of a failed job may be deleted while its records remain.
        let Ok(sheet) = outputs.store().get(&at, MAX_SHEET).await else {
            break;
        };
        size += sheet.len();
        if size > MAX_SHEETS && !sheets.is_empty() {
            break;
        }
        sheets.push(sheet);
    }
    Ok(Some(Storyboard { record, sheets }))
}

async fn worst_pictures(
    outputs: &Objects,
    keys: &GenerationKeys,
    plan: &Plan,
    chunks: &[ChunkRecord],
) -> Vec<WorstPicture> {
    let mut pictures = Vec::new();
    for rendition in &plan.video {
        let of_rendition = chunks.iter().filter_map(|c| {
            let pairs = c.outputs.iter().zip(&c.pictures);
            let (_, compared) = pairs
                .into_iter()
                .find(|(o, _)| o.rendition == rendition.path)?;
            let samples = compared.samples.as_ref()?;
            let altered = samples.first_altered;
            let frame = altered.unwrap_or(samples.ssim.lowest.frame);
            Some((altered.is_none(), samples.ssim.lowest.value, frame, c.chunk))
        });
        let Some((_, _, frame, chunk)) = of_rendition.min() else {
            continue;
        };
        let at = outputs.at(&keys.picture(&rendition.path, chunk));
        // The working files are deleted after publication.
        if let Ok(jpeg) = outputs.store().get(&at, MAX_PICTURE).await {
            pictures.push(WorstPicture {
                rendition: rendition.path.clone(),
                frame,
                jpeg,
            });
        }
    }
    pictures
}

async fn store(
    outputs: &Objects,
    keys: &GenerationKeys,
    verdict: Verdict,
    page: String,
) -> Result<(), Failure> {
    let key = match verdict {
        Verdict::Pass => keys.output(REPORT_PAGE),
        Verdict::Fail | Verdict::Unsupported => format!("{}{REPORT_PAGE}", keys.work_prefix()),
    };
    let options = PutOptions {
        content_type: "text/html; charset=utf-8".to_owned(),
        cache_control: Some("no-cache".to_owned()),
        ..PutOptions::default()
    };
    let at = outputs.at(&key);
    let put = outputs.store().put(&at, page.into(), &options).await;
    put.map(drop).on_object(&at)
}
