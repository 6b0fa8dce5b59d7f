//! Encodes one chunk at every rung of one group into final CMAF segments.
//!
//! Reads `plan.json`, `job.json`, `probe.json` and only the bytes of the mezzanine that the chunk needs; decodes once and encodes
//! every rung. Writes the segments and init segments that do not exist yet, and then the record of the chunk. Returns the key
//! of the record, and whether this call made it: if the record exists, nothing is encoded. Errors: `EncoderFailed`,
//! `EncoderStalled`, `MezzanineDamaged`, `FrameCountMismatch`, `EncoderBuildMismatch`, `MezzanineChanged`, `OutputConflict`,
//! and those of storage.

use std::sync::Arc;

use bytes::Bytes;
use reelsmith_contract::payload::{TranscodeChunkInput, WorkerOutput};
use reelsmith_contract::{Failure, Objects, PortResultExt as _};
use reelsmith_core::plan::ChunkItem;
use reelsmith_core::ports::PutOptions;
use reelsmith_core::probe::Seconds;
use reelsmith_core::record::ChunkRecord;
use reelsmith_core::time::FrameCount;
use reelsmith_core::warning::Warning;
use reelsmith_media::{
    ChunkMedia, ChunkTask, MediaError, OnSource as _, ProxyOptions, RangeProxy, transcode,
};
use reelsmith_pipeline::records::JobFiles;
use reelsmith_pipeline::worker::{
    EncoderPorts, JPEG_TYPE, RunRecorder, WorkUnit, cmaf_outputs, create_or_read, encoder_limits,
    temporary_folder, write_once,
};
use reelsmith_pipeline::{Invocation, damage};

/// Encodes the chunk unless its record exists.
pub async fn handle(
    ports: Arc<EncoderPorts>,
    input: TranscodeChunkInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let unit = WorkUnit::chunk(&input.claim.keys(), input.item);
    let work = Box::pin(encode(&ports, &input, &unit.record, &invocation));
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
    let damaged = media.damage.count();
    damage::check(&files.job, &files.plan, &files.inspection, damaged, &chunk)?;
    let warnings = damage_warning(&files, input.item, &media);
    let mut outputs = Vec::new();
    let mut pictures = Vec::new();
    for (rung, compared) in media.rungs.iter().zip(media.comparisons) {
        let key = input
            .claim
            .keys()
            .picture(&rung.rendition, input.item.chunk);
        if let Some(picture) = compared.picture {
            write_picture(&ports.outputs, &key, picture).await?;
        }
        pictures.push(compared.comparison);
    }
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
        pictures,
        warnings,
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

/// Stores the worst picture of a chunk for the report. A retry may find other bytes there if it ran on another processor.
async fn write_picture(outputs: &Objects, key: &str, picture: Bytes) -> Result<(), Failure> {
    let object = outputs.at(key);
    let options = PutOptions {
        content_type: JPEG_TYPE.to_owned(),
        ..PutOptions::default()
    };
    let put = outputs.store().put(&object, picture, &options).await;
    put.on_object(&object).map(|_| ())
}

/// The warning about damaged pictures. Every group of rungs decodes the same pictures, so only the first one reports them.
fn damage_warning(files: &JobFiles, item: ChunkItem, media: &ChunkMedia) -> Vec<Warning> {
    let plan = &files.plan;
    let start = FrameCount(plan.chunks[item.chunk as usize].frames.start);
    let start = Seconds::of_frame(start, plan.frame_rate);
    let video = files.inspection.probe.video.as_ref();
    let video = video.filter(|_| item.group == 0);
    let at_millis = start.micros() / 1_000;
    let warning = video.and_then(|video| media.damage.warning(video.index, at_millis));
    warning.into_iter().collect()
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
    // A decode from further back may need what the chunk does not.
    let whole = ProxyOptions {
        reads: options.reads.clone(),
        ..ProxyOptions::default()
    };
    let start = |options| {
        let (store, pin) = (Arc::clone(&ports.store), inspection.mezzanine.clone());
        RangeProxy::start(store, pin, options)
    };
    let proxy = start(options).await?;
    let reference = start(whole).await?;
    let folder = temporary_folder()?;
    let task = ChunkTask::new(proxy.url(), &inspection.probe, plan, item, folder.path())?
        .compared(reference.url(), job.profile.proof)
        .mocked(job.options.mock);
    let media = transcode(&ports.tools, &task, &encoder_limits(invocation)).await;
    let media = reference.check(proxy.check(media))?;
    Ok((media, proxy.bytes_read() + reference.bytes_read()))
}
