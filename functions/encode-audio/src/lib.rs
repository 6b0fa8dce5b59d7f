//! Encodes one whole audio track, normalised in loudness, and cuts it on the grid of the video's segments.
//!
//! A track is never encoded in chunks: AAC adds its priming to every piece, and the sound would drift at each join. The result
//! is compared with another decode of the source; the rules SRC-03 to SRC-05 judge the comparison, which is in the record. Reads
//! `plan.json`, `job.json`, `probe.json` and the track's bytes of the mezzanine. Writes the segments and the init segment that
//! do not exist yet, and then the record of the track. Returns the key of the record, and whether this call made it: if the
//! record exists, nothing is encoded. Errors: those of `transcode-chunk`.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use reelsmith_contract::Failure;
use reelsmith_contract::payload::{RenditionInput, WorkerOutput};
use reelsmith_core::record::TrackRecord;
use reelsmith_core::sound::SoundComparison;
use reelsmith_media::{
    AudioMedia, AudioTask, Limits, MediaError, OnSource as _, ProxyOptions, PublishedSound,
    RangeProxy, Tools, compare_sound, encode_audio, track_reads,
};
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::records::JobFiles;
use reelsmith_pipeline::worker::{
    EncoderPorts, RunRecorder, WorkUnit, cmaf_outputs, create_or_read, encoder_limits,
    temporary_folder, write_once,
};

/// Encodes the track unless its record exists.
pub async fn handle(
    ports: Arc<EncoderPorts>,
    input: RenditionInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let unit = WorkUnit::track(&input.claim.keys(), &input.item.rendition);
    // The future holds the plan and the probe, so it is too large for the stacks of its callers.
    let work = Box::pin(encode(&ports, &input, &unit.record, &invocation));
    ports.run_once(&unit, work).await
}

async fn encode(
    ports: &EncoderPorts,
    input: &RenditionInput,
    record: &str,
    invocation: &Invocation,
) -> Result<bool, Failure> {
    let run = RunRecorder::start(ports.clock.as_ref(), invocation);
    let files = JobFiles::read(&ports.outputs, &input.claim).await?;
    let rendition = &input.item.rendition;
    let encoded = Box::pin(run_encoder(ports, &files, rendition, invocation)).await;
    let (media, sound, bytes_read) =
        encoded.on_source_part(&files.inspection.mezzanine.object, rendition)?;
    let keys = input.claim.keys();
    let (deliverables, output) = cmaf_outputs(
        &keys,
        rendition,
        media.timescale,
        media.init,
        media.segments,
    );
    write_once(&ports.outputs, deliverables).await?;
    let made = TrackRecord {
        job_key: files.plan.job_key,
        generation: files.plan.generation,
        output,
        loudness: Some(media.loudness),
        sound,
        captions: None,
        warnings: media.warnings,
        run: run.finish(ports.tools.build(), media.cpu_ms, bytes_read),
    };
    let (_, created) = create_or_read(&ports.outputs, record, made).await?;
    tracing::info!(
        cpu_ms = media.cpu_ms,
        gain_db = media.loudness.gain_db,
        created,
        "encoded"
    );
    Ok(created)
}

async fn run_encoder(
    ports: &EncoderPorts,
    files: &JobFiles,
    rendition: &str,
    invocation: &Invocation,
) -> Result<(AudioMedia, Option<SoundComparison>, u64), MediaError> {
    let started = Instant::now();
    let JobFiles {
        job,
        inspection,
        plan,
    } = files;
    ports.tools.require_build(&job.encoder_build)?;
    let (store, pin) = (Arc::clone(&ports.store), inspection.mezzanine.clone());
    let probe = &inspection.probe;
    let options = match plan.audio.iter().find(|r| r.path == rendition) {
        Some(track) if !job.options.mock => {
            track_reads(Arc::clone(&store), &pin, probe.container, &track.streams()).await?
        }
        _ => ProxyOptions::default(),
    };
    let proxy = RangeProxy::start(store, pin, options).await?;
    let folder = temporary_folder()?;
    let audio = &job.profile.audio;
    let task = AudioTask::new(proxy.url(), probe, plan, rendition, audio, folder.path())?
        .mocked(job.options.mock);
    let limits = encoder_limits(invocation);
    let media = encode_audio(&ports.tools, &task, &limits).await;
    let mut media = proxy.check(media)?;
    let limits = Limits {
        wall: limits.wall.saturating_sub(started.elapsed()),
        ..limits
    };
    let sound = match job.options.mock {
        true => None,
        false => {
            let compared = Box::pin(compare(&ports.tools, task, &media, &limits)).await;
            let (sound, cpu_ms) = proxy.check(compared)?;
            media.cpu_ms += cpu_ms;
            Some(sound)
        }
    };
    Ok((media, sound, proxy.bytes_read()))
}

/// Compares the finished track with its source.
async fn compare(
    tools: &Tools,
    mut task: AudioTask,
    media: &AudioMedia,
    limits: &Limits,
) -> Result<(SoundComparison, u64), MediaError> {
    task.least_jump_ms = media.least_jump_ms;
    let segments: Vec<Bytes> = media.segments.iter().map(|s| s.bytes.clone()).collect();
    let published = PublishedSound {
        init: &media.init,
        segments: &segments,
    };
    compare_sound(tools, &task, published, media.treatment, limits).await
}
