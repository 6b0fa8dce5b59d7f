//! Proves that the records of a rendition tile the timeline, and measures its segments for the proof of the output; takes over
//! what MediaConvert made; joins a progressive MP4 where asked.

mod progressive;
mod takeover;

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_contract::payload::{RenditionInput, WorkerOutput};
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::assembly::{self, AssemblyError};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys};
use reelsmith_core::plan::{Chunk, Plan};
use reelsmith_core::ports::Clock;
use reelsmith_core::record::{ChunkRecord, RenditionRecord, RungOutput, TrackRecord};
use reelsmith_core::time::{Ticks, Timescale};
use reelsmith_lambda::Clients;
use reelsmith_media::Tools;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::proof::measure;
use reelsmith_pipeline::worker::{Piece, noted};

/// What this function works with.
pub struct Ports {
    /// The output bucket.
    pub outputs: Objects,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// ffmpeg, for the progressive MP4.
    pub tools: Tools,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting or a tool is missing.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            outputs: clients.outputs()?,
            clock: clients.clock(),
            tools: clients.tools()?,
        })
    }
}

/// Records read at once.
const READS: usize = 16;
/// Samples of an AAC frame: audio ends on a whole one.
const AAC_FRAME: i64 = 1_024;

/// Assembles one rendition.
///
/// # Errors
/// `RecordsIncomplete`, `InitSegmentMismatch`, or those of storage and the encoder.
pub async fn handle(
    ports: Arc<Ports>,
    input: RenditionInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let keys = input.claim.keys();
    let piece = Piece::assembly(&keys, &input.item.rendition);
    let work = assemble(&ports, &input, &keys, &invocation);
    noted(&ports.outputs, ports.clock.as_ref(), &piece, work).await?;
    Ok(WorkerOutput {
        record: piece.record,
        encoded: true,
    })
}

async fn assemble(
    ports: &Ports,
    input: &RenditionInput,
    keys: &GenerationKeys,
    invocation: &Invocation,
) -> Result<(), Failure> {
    let plan: Plan = ports.outputs.read(&keys.plan()).await?;
    let rendition = &input.item.rendition;
    let video = plan.video.iter().position(|r| r.path == *rendition);
    let job: Job = ports
        .outputs
        .read(&JobKeys(&input.claim.job_key).job())
        .await?;
    let taken = match job.encoder {
        EncoderKind::Lambda => None,
        EncoderKind::MediaConvert => taken_over(ports, &plan, keys, rendition).await?,
    };
    let output = match (taken, video) {
        (Some(output), _) => output,
        (None, Some(index)) => video_output(ports, &plan, keys, index).await?,
        (None, None) => track_output(ports, &plan, keys, rendition).await?,
    };
    measure::rendition(&ports.outputs, keys, &output).await?;
    let progressive = match video {
        Some(_) if job.options.progressive => {
            Some(progressive::join(ports, &plan, keys, &output, invocation).await?)
        }
        _ => None,
    };
    let record = RenditionRecord {
        output,
        progressive,
    };
    ports
        .outputs
        .write(&keys.rendition_record(rendition), &record)
        .await
}

/// What MediaConvert made of a rendition, held against the plan; `None` where it is text, which is always converted here.
async fn taken_over(
    ports: &Ports,
    plan: &Plan,
    keys: &GenerationKeys,
    rendition: &str,
) -> Result<Option<RungOutput>, Failure> {
    let violation = |error: AssemblyError| incomplete(&error, rendition);
    if let Some(planned) = plan.video.iter().find(|r| r.path == rendition) {
        let output = takeover::video(ports, plan, keys, planned).await?;
        assembly::check_video(plan, &output).map_err(violation)?;
        return Ok(Some(output));
    }
    let Some(planned) = plan.audio.iter().find(|r| r.path == rendition) else {
        return Ok(None);
    };
    let output = takeover::audio(ports, plan, keys, planned).await?;
    assembly::check_track(plan, &output, Ticks(3 * AAC_FRAME)).map_err(violation)?;
    Ok(Some(output))
}

async fn video_output(
    ports: &Ports,
    plan: &Plan,
    keys: &GenerationKeys,
    index: usize,
) -> Result<RungOutput, Failure> {
    let group = plan.groups.iter().position(|g| g.contains(&index));
    let group = group.and_then(|g| u32::try_from(g).ok());
    let group = group.ok_or_else(|| Failure::internal("a rendition in no group", keys.plan()))?;
    let key = |chunk: &Chunk| keys.chunk_record(chunk.index, group);
    let reads: Vec<_> = plan
        .chunks
        .iter()
        .map(|c| read_record(&ports.outputs, key(c)))
        .collect();
    let records: Vec<ChunkRecord> = futures::stream::iter(reads)
        .buffered(READS)
        .try_collect()
        .await?;
    let rendition = &plan.video[index].path;
    assembly::join_video(plan, rendition, &records).map_err(|e| incomplete(&e, rendition))
}

async fn read_record(outputs: &Objects, key: String) -> Result<ChunkRecord, Failure> {
    outputs.read(&key).await
}

async fn track_output(
    ports: &Ports,
    plan: &Plan,
    keys: &GenerationKeys,
    rendition: &str,
) -> Result<RungOutput, Failure> {
    let record: TrackRecord = ports.outputs.read(&keys.track_record(rendition)).await?;
    // Audio starts with priming and ends with the rest of a frame; text ends exactly, to the millisecond it is written in.
    let tolerance = if rendition.starts_with("audio/") {
        Ticks(3 * AAC_FRAME)
    } else {
        Ticks(1).rescale(Timescale(1_000), record.output.timescale)
    };
    assembly::check_track(plan, &record.output, tolerance)
        .map_err(|e| incomplete(&e, rendition))?;
    Ok(record.output)
}

fn incomplete(error: &AssemblyError, rendition: &str) -> Failure {
    let (name, remedy) = match error {
        AssemblyError::Init { .. } => (
            ErrorName::InitSegmentMismatch,
            "deploy one encoder build to all workers, then force a new generation",
        ),
        _ => (
            ErrorName::RecordsIncomplete,
            "drop the manifest again: chunks whose records are sound are not encoded again",
        ),
    };
    Failure::new(
        name,
        "records that tile the timeline",
        error.to_string(),
        rendition,
        remedy,
    )
}
