//! Proves that the records of a rendition tile the timeline, measures its segments for the proof of the output, and joins a
//! progressive MP4 if the manifest asks for one.
//!
//! Reads `plan.json`, `job.json` and the records of the chunks or of the track; for MediaConvert it reads the service's own
//! segments instead, compares its sound with the source, and writes them again in our container. Writes the measurements, the progressive MP4 and the record of the
//! rendition. Returns the key of the record. Errors: `RecordsIncomplete`, `InitSegmentMismatch`, and those of storage and of
//! the encoder.

mod progressive;
mod takeover;

use std::sync::Arc;

use reelsmith_contract::payload::{RenditionInput, WorkerOutput};
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::assembly::{self, AssemblyError};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::plan::{Chunk, Plan};
use reelsmith_core::record::{ChunkRecord, RenditionRecord, RungOutput, TrackRecord};
use reelsmith_core::sound::SoundComparison;
use reelsmith_core::time::{Ticks, Timescale};
use reelsmith_pipeline::proof::measure::measure_rendition;
use reelsmith_pipeline::records::concurrently;
use reelsmith_pipeline::worker::{EncoderPorts, WorkUnit};
use reelsmith_pipeline::{Invocation, records};

const READS: usize = 16;
/// Samples of an AAC frame: audio ends with a whole frame.
const AAC_FRAME: i64 = 1_024;

/// Assembles one rendition.
pub async fn handle(
    ports: Arc<EncoderPorts>,
    input: RenditionInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let keys = input.claim.keys();
    let unit = WorkUnit::assembly(&keys, &input.item.rendition);
    let work = assemble(&ports, &input, &keys, &invocation);
    ports.with_failure_note(&unit, work).await?;
    Ok(WorkerOutput {
        record: unit.record,
        encoded: true,
    })
}

async fn assemble(
    ports: &EncoderPorts,
    input: &RenditionInput,
    keys: &GenerationKeys,
    invocation: &Invocation,
) -> Result<(), Failure> {
    let outputs = &ports.outputs;
    let plan = records::plan(outputs, keys).await?;
    let job = records::job(outputs, &input.claim.job_key).await?;
    let rendition = &input.item.rendition;
    let video = plan.video.iter().position(|r| r.path == *rendition);
    let taken_over = match job.encoder {
        EncoderKind::Lambda => None,
        EncoderKind::MediaConvert => {
            take_over(ports, &plan, &job, keys, rendition, invocation).await?
        }
    };
    let (output, sound) = match (taken_over, video) {
        (Some(taken_over), _) => taken_over,
        (None, Some(index)) => (video_output(outputs, &plan, keys, index).await?, None),
        (None, None) => (track_output(outputs, &plan, keys, rendition).await?, None),
    };
    measure_rendition(outputs, keys, &output).await?;
    let progressive = match video {
        Some(_) if job.options.progressive => {
            Some(progressive::join(ports, &plan, keys, &output, invocation).await?)
        }
        _ => None,
    };
    let record = RenditionRecord {
        output,
        progressive,
        sound,
    };
    outputs
        .write(&keys.rendition_record(rendition), &record)
        .await
}

/// Takes over MediaConvert's output of a rendition and compares it with the plan. `None` for text, which our own workers
/// convert. Audio is compared with its source.
async fn take_over(
    ports: &EncoderPorts,
    plan: &Plan,
    job: &Job,
    keys: &GenerationKeys,
    rendition: &str,
    invocation: &Invocation,
) -> Result<Option<(RungOutput, Option<SoundComparison>)>, Failure> {
    let outputs = &ports.outputs;
    let violation = |error: AssemblyError| incomplete(&error, rendition);
    if let Some(planned) = plan.video.iter().find(|r| r.path == rendition) {
        let output = takeover::video(outputs, plan, keys, planned).await?;
        assembly::check_video(plan, &output).map_err(violation)?;
        return Ok(Some((output, None)));
    }
    let Some(planned) = plan.audio.iter().find(|r| r.path == rendition) else {
        return Ok(None);
    };
    let taken = takeover::audio(ports, plan, job, keys, planned, invocation).await?;
    let (output, sound) = taken;
    assembly::check_track(plan, &output, Ticks(3 * AAC_FRAME)).map_err(violation)?;
    Ok(Some((output, sound)))
}

async fn video_output(
    outputs: &Objects,
    plan: &Plan,
    keys: &GenerationKeys,
    index: usize,
) -> Result<RungOutput, Failure> {
    let group = plan.groups.iter().position(|g| g.contains(&index));
    let group = group.and_then(|g| u32::try_from(g).ok());
    let group = group.ok_or_else(|| Failure::internal("a rendition in no group", keys.plan()))?;
    let key = |chunk: &Chunk| keys.chunk_record(chunk.index, group);
    let reads = plan.chunks.iter().map(|c| {
        let key = key(c);
        async move { outputs.read::<ChunkRecord>(&key).await }
    });
    let records = concurrently(READS, reads).await?;
    let rendition = &plan.video[index].path;
    assembly::join_video(plan, rendition, &records).map_err(|e| incomplete(&e, rendition))
}

async fn track_output(
    outputs: &Objects,
    plan: &Plan,
    keys: &GenerationKeys,
    rendition: &str,
) -> Result<RungOutput, Failure> {
    let record: TrackRecord = outputs.read(&keys.track_record(rendition)).await?;
    // Captions without a cue are not published.
    if record.output.segments.is_empty() && plan.text.iter().any(|t| t.path == rendition) {
        return Ok(record.output);
    }
    // Audio starts with priming and ends with a whole frame. Text ends exactly, to the millisecond.
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
            "drop the manifest again; chunks with a valid record are not encoded again",
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
