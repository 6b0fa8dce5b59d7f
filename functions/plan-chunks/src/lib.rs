//! Indexes the mezzanine and plans frame-exact chunks.
//!
//! Reads `job.json`, `probe.json`, the timestamps of the mezzanine and the caption files. Writes `plan.json` and the
//! item lists of the Maps, and returns their keys and lengths. The first plan of a generation remains: a later attempt
//! reads it, so that finished chunks keep their meaning although settings may have changed. Errors: `PlanImpossible`,
//! `CaptionInvalid`, `MezzanineChanged`, and those of storage and of ffprobe. Before it refuses a file for its content
//! it computes the checksums, as `validate-input` does.

use std::sync::Arc;
use std::time::Duration;

use reelsmith_contract::payload::{ClaimInput, PlanOutput};
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::object::ObjectPin;
use reelsmith_core::plan::{Plan, RenditionItem};
use reelsmith_core::ports::{ObjectStore, PortErrorKind};
use reelsmith_media::Tools;
use reelsmith_pipeline::checksums::explain_refusal;
use reelsmith_pipeline::planning::make_plan;
use reelsmith_pipeline::worker::create_or_read;
use reelsmith_pipeline::{Invocation, captions, records};

pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    pub outputs: Objects,
    pub tools: Tools,
    pub workers: u32,
}

/// Plans the job, and writes the lists that the Maps read.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    invocation: Invocation,
) -> Result<PlanOutput, Failure> {
    let keys = input.claim.keys();
    let plan = match ports.outputs.find::<Plan>(&keys.plan()).await? {
        Some(plan) => plan,
        None => new_plan(&ports, &input, &keys, invocation.remaining).await?,
    };
    tracing::info!(
        chunks = plan.chunks.len(),
        groups = plan.groups.len(),
        frames = plan.total_frames.0,
        renditions = plan.renditions().count(),
        "planned"
    );
    write_items(&ports.outputs, &keys, &plan).await
}

async fn new_plan(
    ports: &Ports,
    input: &ClaimInput,
    keys: &GenerationKeys,
    remaining: Duration,
) -> Result<Plan, Failure> {
    let (outputs, job_key) = (&ports.outputs, &input.claim.job_key);
    let job = records::job(outputs, job_key).await?;
    let inspection = records::inspection(outputs, job_key).await?;
    check_version(ports, &inspection.mezzanine).await?;
    let generation = input.claim.generation();
    let made = make_plan(
        &ports.tools,
        &ports.store,
        &job,
        &inspection,
        generation,
        ports.workers,
    );
    let plan = match made.await {
        Ok(plan) => plan,
        Err(refusal) => {
            let (store, pin) = (&ports.store, &inspection.mezzanine);
            let declared = &job.manifest.mezzanine;
            return Err(explain_refusal(store, pin, declared, refusal, remaining).await);
        }
    };
    captions::check_files(ports.store.as_ref(), &job, &inspection, &plan).await?;
    let (plan, _) = create_or_read(outputs, &keys.plan(), plan).await?;
    Ok(plan)
}

/// Fails if the mezzanine was replaced since its validation, because its sender has withdrawn it. A replacement after this check
/// changes nothing: workers read the validated version or fail.
async fn check_version(ports: &Ports, pin: &ObjectPin) -> Result<(), Failure> {
    let found = match ports.store.head(&pin.object).await {
        Ok(meta) if meta.pin == *pin => return Ok(()),
        Ok(meta) => describe(&meta.pin),
        Err(e) if e.kind() == PortErrorKind::NotFound => "no object".to_owned(),
        Err(e) => return Err(Failure::storage(&e, &pin.object)),
    };
    Err(Failure::new(
        ErrorName::MezzanineChanged,
        format!("the validated file: {}", describe(pin)),
        found,
        pin.object.to_string(),
        "drop the manifest of the new file, and do not replace files while a job runs",
    ))
}

fn describe(pin: &ObjectPin) -> String {
    let version = pin.version_id.as_deref().unwrap_or("none");
    format!("version {version}, ETag {}, {} bytes", pin.etag, pin.size)
}

async fn write_items(
    outputs: &Objects,
    keys: &GenerationKeys,
    plan: &Plan,
) -> Result<PlanOutput, Failure> {
    let items = |paths: Vec<&str>| -> Vec<RenditionItem> {
        let item = |path: &str| RenditionItem {
            rendition: path.to_owned(),
        };
        paths.into_iter().map(item).collect()
    };
    let video = plan.chunk_items();
    let audio = items(plan.audio.iter().map(|a| a.path.as_str()).collect());
    let text = items(plan.text.iter().map(|t| t.path.as_str()).collect());
    let output = PlanOutput {
        video_items: keys.items("video"),
        audio_items: keys.items("audio"),
        text_items: keys.items("text"),
        rendition_items: keys.items("renditions"),
        video_count: count(&video),
        audio_count: count(&audio),
        text_count: count(&text),
    };
    outputs.write(&output.video_items, &video).await?;
    outputs.write(&output.audio_items, &audio).await?;
    outputs.write(&output.text_items, &text).await?;
    outputs
        .write(&output.rendition_items, &items(plan.renditions().collect()))
        .await?;
    Ok(output)
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
