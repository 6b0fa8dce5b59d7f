//! Encodes one audio track whole, loudness-normalised, and cuts it on the video's grid.
//!
//! Never per video chunk: AAC adds its priming to every piece it is given, and a title would drift by it at each join.

use std::sync::Arc;

use reelsmith_contract::Failure;
use reelsmith_contract::payload::{RenditionInput, WorkerOutput};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys};
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::Inspection;
use reelsmith_core::record::TrackRecord;
use reelsmith_media::{
    AudioMedia, AudioTask, MediaError, OnSource as _, ProxyOptions, ProxyStats, RangeProxy,
    encode_audio, track_reads,
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
    input: RenditionInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let keys = input.claim.keys();
    let piece = Piece::track(&keys, &input.item.rendition);
    let work = encode(&ports, &input, &keys, &piece.record, &invocation);
    once(&ports.outputs, ports.clock.as_ref(), &piece, work).await
}

async fn encode(
    ports: &Ports,
    input: &RenditionInput,
    keys: &GenerationKeys,
    record: &str,
    invocation: &Invocation,
) -> Result<bool, Failure> {
    let started = ports.clock.now();
    let plan: Plan = ports.outputs.read(&keys.plan()).await?;
    let job_keys = JobKeys(&input.claim.job_key);
    let job: Job = ports.outputs.read(&job_keys.job()).await?;
    let inspection: Inspection = ports.outputs.read(&job_keys.probe()).await?;
    let rendition = &input.item.rendition;
    let source = &inspection.mezzanine.object;
    ports
        .tools
        .require_build(&job.encoder_build)
        .on_source_part(source, rendition)?;
    let (media, read) = run(ports, &plan, &job, &inspection, rendition, invocation)
        .await
        .on_source_part(source, rendition)?;
    let (files, output) =
        cmaf_outputs(keys, rendition, media.timescale, media.init, media.segments);
    write_once(&ports.outputs, files).await?;
    let run = Ran {
        clock: ports.clock.as_ref(),
        invocation,
        encoder_build: ports.tools.build(),
        started,
        cpu_ms: media.cpu_ms,
        bytes_read: read.bytes_read,
    };
    let made = TrackRecord {
        job_key: plan.job_key.clone(),
        generation: plan.generation,
        output,
        loudness: Some(media.loudness),
        run: run.record(),
    };
    let (_, ours) = stand_by_first(&ports.outputs, record, made).await?;
    tracing::info!(
        cpu_ms = media.cpu_ms,
        gain_db = media.loudness.gain_db,
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
    rendition: &str,
    invocation: &Invocation,
) -> Result<(AudioMedia, ProxyStats), MediaError> {
    let pin = inspection.mezzanine.clone();
    let (store, container) = (Arc::clone(&ports.store), inspection.probe.container);
    let stream = plan.audio.iter().find(|r| r.path == rendition);
    let reads = match stream {
        Some(track) if !job.options.mock => {
            track_reads(Arc::clone(&store), &pin, container, track.stream).await?
        }
        _ => ProxyOptions::default(),
    };
    let proxy = RangeProxy::start(store, pin, reads).await?;
    let directory = tempfile::tempdir().map_err(MediaError::io("making a temporary folder"))?;
    let task = AudioTask::new(
        proxy.url(),
        &inspection.probe,
        plan,
        rendition,
        &job.profile.audio,
        directory.path(),
    )?
    .mocked(job.options.mock);
    let media = encode_audio(&ports.tools, &task, &limits(invocation)).await;
    Ok((proxy.check(media)?, proxy.stats()))
}
