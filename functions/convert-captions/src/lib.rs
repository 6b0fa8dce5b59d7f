//! Turns one caption file, or one subtitle stream of the mezzanine, into segmented WebVTT for HLS and one whole WebVTT file
//! for DASH.

mod sidecar;

use std::sync::Arc;

use bytes::Bytes;
use reelsmith_contract::Failure;
use reelsmith_contract::payload::{RenditionInput, WorkerOutput};
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::keys::{GenerationKeys, JobKeys, TEXT_SIDECAR, text_segment_name};
use reelsmith_core::plan::{Plan, TextRendition};
use reelsmith_core::probe::Inspection;
use reelsmith_core::record::{RungOutput, SegmentRecord, TrackRecord};
use reelsmith_core::units::Bytes as ByteCount;
use reelsmith_media::{
    EmbeddedTask, MediaError, OnSource as _, ProxyOptions, RangeProxy, TextSegment,
    convert_captions, convert_embedded, track_reads,
};
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::worker::{
    Deliverable, EncoderPorts as Ports, Piece, Ran, VTT_TYPE, limits, once, stand_by_first,
    write_once,
};

/// Converts, unless the record is there.
///
/// # Errors
/// `CaptionInvalid`, `MezzanineChanged` where the file was replaced, `EncoderFailed` where a stream cannot be taken out,
/// `OutputConflict`, or those of storage.
pub async fn handle(
    ports: Arc<Ports>,
    input: RenditionInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let keys = input.claim.keys();
    let rendition = &input.item.rendition;
    let piece = Piece::track(&keys, rendition);
    let work = convert(&ports, &keys, rendition, &piece.record, &invocation);
    once(&ports.outputs, ports.clock.as_ref(), &piece, work).await
}

async fn convert(
    ports: &Ports,
    keys: &GenerationKeys,
    rendition: &str,
    record: &str,
    invocation: &Invocation,
) -> Result<bool, Failure> {
    let started = ports.clock.now();
    let plan: Plan = ports.outputs.read(&keys.plan()).await?;
    let text = plan.text.iter().find(|t| t.path == rendition);
    let text =
        text.ok_or_else(|| Failure::internal("a rendition that is not planned", rendition))?;
    let read = match text.stream {
        None => from_file(ports, text, &plan).await?,
        Some(_) => from_mezzanine(ports, text, &plan, invocation).await?,
    };
    let (files, output) = outputs(keys, text, &plan, read.segments);
    write_once(&ports.outputs, files).await?;
    let run = Ran {
        clock: ports.clock.as_ref(),
        invocation,
        encoder_build: read.build,
        started,
        cpu_ms: read.cpu_ms,
        bytes_read: read.bytes,
    };
    let made = TrackRecord {
        job_key: plan.job_key.clone(),
        generation: plan.generation,
        output,
        loudness: None,
        run: run.record(),
    };
    let (_, ours) = stand_by_first(&ports.outputs, record, made).await?;
    Ok(ours)
}

/// What was made of captions, wherever they were.
struct Converted {
    segments: Vec<TextSegment>,
    /// What read them.
    build: String,
    cpu_ms: u64,
    /// Bytes read from the input bucket.
    bytes: u64,
}

async fn from_file(ports: &Ports, text: &TextRendition, plan: &Plan) -> Result<Converted, Failure> {
    let source = &text.source;
    let location = source.object.to_string();
    let bytes = ports.store.get_range(source, 0, source.size).await;
    let bytes = bytes.map_err(|e| Failure::storage(&e, &location))?;
    Ok(Converted {
        segments: convert_captions(&bytes, text.format, plan).on_source(&location)?,
        build: concat!("reelsmith ", env!("CARGO_PKG_VERSION")).to_owned(),
        cpu_ms: 0,
        bytes: bytes.len() as u64,
    })
}

async fn from_mezzanine(
    ports: &Ports,
    text: &TextRendition,
    plan: &Plan,
    invocation: &Invocation,
) -> Result<Converted, Failure> {
    let probe_key = JobKeys(&plan.job_key).probe();
    let inspection: Inspection = ports.outputs.read(&probe_key).await?;
    take_out(ports, text, plan, &inspection, invocation)
        .await
        .on_source_part(&text.source.object, &text.path)
}

async fn take_out(
    ports: &Ports,
    text: &TextRendition,
    plan: &Plan,
    inspection: &Inspection,
    invocation: &Invocation,
) -> Result<Converted, MediaError> {
    let (store, pin) = (Arc::clone(&ports.store), text.source.clone());
    let container = inspection.probe.container;
    let reads = match text.stream {
        Some(stream) => track_reads(Arc::clone(&store), &pin, container, stream).await?,
        None => ProxyOptions::default(),
    };
    let proxy = RangeProxy::start(store, pin, reads).await?;
    let directory = tempfile::tempdir().map_err(MediaError::io("making a temporary folder"))?;
    let probe = &inspection.probe;
    let task = EmbeddedTask::new(proxy.url(), probe, plan, text, directory.path())?;
    let made = convert_embedded(&ports.tools, &task, plan, &limits(invocation)).await;
    let (segments, cpu_ms) = proxy.check(made)?;
    Ok(Converted {
        segments,
        build: ports.tools.build(),
        cpu_ms,
        bytes: proxy.stats().bytes_read,
    })
}

fn outputs(
    keys: &GenerationKeys,
    text: &TextRendition,
    plan: &Plan,
    segments: Vec<TextSegment>,
) -> (Vec<Deliverable>, RungOutput) {
    let file = |name: &str, body: String| Deliverable {
        key: keys.output(&format!("{}/{name}", text.path)),
        body: Bytes::from(body),
        content_type: VTT_TYPE,
    };
    let mut files = vec![file(TEXT_SIDECAR, sidecar::whole(&segments))];
    let mut records = Vec::with_capacity(segments.len());
    for segment in segments {
        let name = text_segment_name(segment.number);
        records.push(SegmentRecord {
            number: segment.number,
            size: ByteCount(segment.body.len() as u64),
            sha256: sha256_hex(segment.body.as_bytes()),
            start: segment.start,
            duration: segment.duration,
            samples: segment.cues,
            key_frames: Vec::new(),
            name: name.clone(),
        });
        files.push(file(&name, segment.body));
    }
    let output = RungOutput {
        rendition: text.path.clone(),
        timescale: plan.timescale,
        init_sha256: String::new(),
        segments: records,
    };
    (files, output)
}
