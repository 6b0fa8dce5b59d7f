//! Encodes one chunk for one rung group into final CMAF segments.
//!
//! Reads only the bytes it needs, decodes once, encodes every rung of the group, writes the segments where they are not
//! there yet and then the record. A record that is there means that nothing is encoded.

use std::sync::Arc;

use reelsmith_contract::Failure;
use reelsmith_contract::payload::{TranscodeChunkInput, WorkerOutput};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys};
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::Inspection;
use reelsmith_core::record::ChunkRecord;
use reelsmith_media::{
    ChunkMedia, ChunkTask, MediaError, OnSource as _, ProxyOptions, ProxyStats, RangeProxy,
    transcode,
};
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::worker::{
    EncoderPorts as Ports, Piece, Ran, cmaf_outputs, limits, once, stand_by_first, write_once,
};

/// Encodes, unless the record is there.
///
/// # Errors
/// `EncoderFailed`, `EncoderStalled`, `FrameCountMismatch`, `EncoderBuildMismatch`, `MezzanineChanged`,
/// `OutputConflict`, or those of storage.
pub async fn handle(
    ports: Arc<Ports>,
    input: TranscodeChunkInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let keys = input.claim.keys();
    let piece = Piece::chunk(&keys, input.item);
    let work = encode(&ports, &input, &keys, &piece.record, &invocation);
    once(&ports.outputs, ports.clock.as_ref(), &piece, work).await
}

async fn encode(
    ports: &Ports,
    input: &TranscodeChunkInput,
    keys: &GenerationKeys,
    record: &str,
    invocation: &Invocation,
) -> Result<bool, Failure> {
    let started = ports.clock.now();
    let plan: Plan = ports.outputs.read(&keys.plan()).await?;
    let job_keys = JobKeys(&input.claim.job_key);
    let job: Job = ports.outputs.read(&job_keys.job()).await?;
    let inspection: Inspection = ports.outputs.read(&job_keys.probe()).await?;
    let source = &inspection.mezzanine.object;
    let chunk = format!("chunk {}", input.item.chunk);
    ports
        .tools
        .require_build(&job.encoder_build)
        .on_source_part(source, &chunk)?;
    let (media, read) = run(ports, &plan, &job, &inspection, input, invocation)
        .await
        .on_source_part(source, &chunk)?;
    let cpu_ms = media.cpu_ms;
    let mut outputs = Vec::new();
    for rung in media.rungs {
        let (files, output) = cmaf_outputs(
            keys,
            &rung.rendition,
            rung.timescale,
            rung.init,
            rung.segments,
        );
        write_once(&ports.outputs, files).await?;
        outputs.push(output);
    }
    let made = ChunkRecord {
        job_key: plan.job_key.clone(),
        generation: plan.generation,
        chunk: input.item.chunk,
        group: input.item.group,
        frames: plan.chunks[input.item.chunk as usize].frames,
        outputs,
        run: Ran {
            clock: ports.clock.as_ref(),
            invocation,
            encoder_build: ports.tools.build(),
            started,
            cpu_ms,
            bytes_read: read.bytes_read,
        }
        .record(),
    };
    let (stands, ours) = stand_by_first(&ports.outputs, record, made).await?;
    tracing::info!(
        cpu_ms,
        frames = stands.frames.count().0,
        bytes_read = read.bytes_read,
        ours,
        "encoded"
    );
    Ok(ours)
}

async fn run(
    ports: &Ports,
    plan: &Plan,
    job: &Job,
    inspection: &Inspection,
    input: &TranscodeChunkInput,
    invocation: &Invocation,
) -> Result<(ChunkMedia, ProxyStats), MediaError> {
    let pin = inspection.mezzanine.clone();
    let options = ProxyOptions {
        reads: plan.reads(input.item),
        hidden: plan.hidden(input.item),
        ..ProxyOptions::default()
    };
    let proxy = RangeProxy::start(Arc::clone(&ports.store), pin, options).await?;
    let directory = tempfile::tempdir().map_err(MediaError::io("making a temporary folder"))?;
    let task = ChunkTask::new(
        proxy.url(),
        &inspection.probe,
        plan,
        input.item,
        directory.path(),
    )?
    .mocked(job.options.mock);
    let media = transcode(&ports.tools, &task, &limits(invocation)).await;
    Ok((proxy.check(media)?, proxy.stats()))
}
