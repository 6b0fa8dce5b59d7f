//! Plans frame-exact chunks from the index alone; no media is copied.
//!
//! The first plan of a generation stands. A later attempt reads it instead of planning anew, so that the records of
//! finished chunks keep their meaning even where settings changed in between.

use std::sync::Arc;

use reelsmith_contract::payload::{Claim, ClaimInput, PlanOutput};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys};
use reelsmith_core::object::ObjectPin;
use reelsmith_core::plan::{Plan, RenditionItem};
use reelsmith_core::ports::{ObjectStore, PortErrorKind};
use reelsmith_core::probe::{Inspection, PacketIndex};
use reelsmith_lambda::Clients;
use reelsmith_media::{OnSource as _, Tools, read_index};
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::checksums::or_damaged;
use reelsmith_pipeline::worker::stand_by_first;

/// What this function works with.
pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    /// The output bucket.
    pub outputs: Objects,
    /// ffprobe.
    pub tools: Tools,
    /// Workers of a job at once.
    pub workers: u32,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting or a tool is missing.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            store: clients.store(),
            outputs: clients.outputs()?,
            tools: clients.tools()?,
            workers: clients.settings().number(Setting::MAX_CONCURRENCY)?,
        })
    }
}

/// Plans, and writes the lists that the Maps read.
///
/// # Errors
/// `PlanImpossible`, `MezzanineChanged`, or those of storage and ffprobe.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<PlanOutput, Failure> {
    let keys = input.claim.keys();
    let plan = match ports.outputs.find::<Plan>(&keys.plan()).await? {
        Some(plan) => plan,
        None => new_plan(&ports, &input, &keys).await?,
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
) -> Result<Plan, Failure> {
    let claim = &input.claim;
    let job_keys = JobKeys(&claim.job_key);
    let job: Job = ports.outputs.read(&job_keys.job()).await?;
    let inspection: Inspection = ports.outputs.read(&job_keys.probe()).await?;
    require_current(ports, &inspection.mezzanine).await?;
    let plan = match made(ports, claim, &job, &inspection).await {
        Ok(plan) => plan,
        Err(refusal) => {
            let (store, pin) = (&ports.store, &inspection.mezzanine);
            return Err(or_damaged(store, pin, &job.manifest.mezzanine, refusal).await);
        }
    };
    let (plan, _) = stand_by_first(&ports.outputs, &keys.plan(), plan).await?;
    Ok(plan)
}

async fn made(
    ports: &Ports,
    claim: &Claim,
    job: &Job,
    inspection: &Inspection,
) -> Result<Plan, Failure> {
    let index = index(ports, inspection).await?;
    let plan = Plan::new(job, inspection, &index, claim.generation(), ports.workers);
    plan.map_err(|e| {
        Failure::new(
            ErrorName::PlanImpossible,
            "an index from which exact chunks can be cut",
            e.to_string(),
            inspection.mezzanine.object.to_string(),
            "remux the mezzanine so that every frame has a timestamp, or deliver it in another container",
        )
    })
}

/// A mezzanine that was replaced since its validation was withdrawn: nothing is spent on what its sender no longer means.
/// Whoever replaces it later, while workers run, changes nothing: they read the validated version or fail.
async fn require_current(ports: &Ports, pin: &ObjectPin) -> Result<(), Failure> {
    let found = match ports.store.head(&pin.object).await {
        Ok(meta) if meta.pin == *pin => return Ok(()),
        Ok(meta) => described(&meta.pin),
        Err(e) if e.kind() == PortErrorKind::NotFound => "no object".to_owned(),
        Err(e) => return Err(Failure::storage(&e, &pin.object)),
    };
    Err(Failure::new(
        ErrorName::MezzanineChanged,
        format!("what was validated: {}", described(pin)),
        found,
        pin.object.to_string(),
        "drop the manifest of the new file; do not replace files while a job runs",
    ))
}

fn described(pin: &ObjectPin) -> String {
    let version = pin.version_id.as_deref().unwrap_or("none");
    format!("version {version}, ETag {}, {} bytes", pin.etag, pin.size)
}

async fn index(ports: &Ports, inspection: &Inspection) -> Result<PacketIndex, Failure> {
    let pin = &inspection.mezzanine;
    let store = Arc::clone(&ports.store);
    let indexed = read_index(&ports.tools, store, pin, &inspection.probe)
        .await
        .on_source(&pin.object)?;
    tracing::info!(
        packets = indexed.index.packets.len(),
        bytes_read = indexed.bytes_read,
        read = ?indexed.index.read,
        "indexed"
    );
    Ok(indexed.index)
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
