//! Encodes one chunk at every rung of one group into final CMAF segments.
//!
//! Reads `plan.json`, `job.json`, `probe.json` and only the bytes of the mezzanine that the chunk needs; decodes once and encodes
//! every rung. Writes the segments and init segments that do not exist yet, and then the record of the chunk. Returns the key
//! of the record, and whether this call made it: if the record exists, nothing is encoded. Errors: `EncoderFailed`,
//! `EncoderStalled`, `FrameCountMismatch`, `EncoderBuildMismatch`, `MezzanineChanged`, `OutputConflict`, and those of storage.

use std::sync::Arc;

use reelsmith_contract::Failure;
use reelsmith_contract::payload::{TranscodeChunkInput, WorkerOutput};
use reelsmith_core::plan::ChunkItem;
use reelsmith_core::record::ChunkRecord;
use reelsmith_media::{
    ChunkMedia, ChunkTask, MediaError, OnSource as _, ProxyOptions, RangeProxy, transcode,
};
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::records::JobFiles;
use reelsmith_pipeline::worker::{
    EncoderPorts, RunRecorder, WorkUnit, cmaf_outputs, create_or_read, encoder_limits,
    temporary_folder, write_once,
};

/// Encodes the chunk unless its record exists.
pub async fn handle(
    ports: Arc<EncoderPorts>,
    input: TranscodeChunkInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let unit = WorkUnit::chunk(&input.claim.keys(), input.item);
    let work = encode(&ports, &input, &unit.record, &invocation);
    ports.run_once(&unit, work).await
}

async fn encode(
    ports: &EncoderPorts,
    input: &TranscodeChunkInput,
    record: &str,
    invocation: &Invocation,
) -> Result<bool, Failure> {
    let run = RunRecorder::start(ports.clock.as_ref(), invocation);
    let files = JobFiles::read(&ports.outputs, &input.claim).await?;
    let chunk = format!("chunk {}", input.item.chunk);
    let (media, bytes_read) = run_encoder(ports, &files, input.item, invocation)
        .await
        .on_source_part(&files.inspection.mezzanine.object, &chunk)?;
    let mut outputs = Vec::new();
    for rung in media.rungs {
        let (deliverables, output) = cmaf_outputs(
            &input.claim.keys(),
            &rung.rendition,
            rung.timescale,
            rung.init,
            rung.segments,
        );
        write_once(&ports.outputs, deliverables).await?;
        outputs.push(output);
    }
    let plan = files.plan;
    let made = ChunkRecord {
        job_key: plan.job_key,
        generation: plan.generation,
        chunk: input.item.chunk,
        group: input.item.group,
        frames: plan.chunks[input.item.chunk as usize].frames,
        outputs,
        warnings: Vec::new(),
        run: run.finish(ports.tools.build(), media.cpu_ms, bytes_read),
    };
    let (recorded, created) = create_or_read(&ports.outputs, record, made).await?;
    tracing::info!(
        cpu_ms = media.cpu_ms,
        frames = recorded.frames.count().0,
        bytes_read,
        created,
        "encoded"
    );
    Ok(created)
}

async fn run_encoder(
    ports: &EncoderPorts,
    files: &JobFiles,
    item: ChunkItem,
    invocation: &Invocation,
) -> Result<(ChunkMedia, u64), MediaError> {
    let JobFiles {
        job,
        inspection,
        plan,
    } = files;
    ports.tools.require_build(&job.encoder_build)?;
    let cut = plan.cut(item).cloned().unwrap_or_default();
    let options = ProxyOptions {
        reads: cut.reads,
        hidden: cut.hidden,
        ..ProxyOptions::default()
    };
    let (store, pin) = (Arc::clone(&ports.store), inspection.mezzanine.clone());
    let proxy = RangeProxy::start(store, pin, options).await?;
    let folder = temporary_folder()?;
    let task = ChunkTask::new(proxy.url(), &inspection.probe, plan, item, folder.path())?
        .mocked(job.options.mock);
    let media = transcode(&ports.tools, &task, &encoder_limits(invocation)).await;
    Ok((proxy.check(media)?, proxy.bytes_read()))
}
