//! Turns one caption file into segmented WebVTT for HLS and one whole WebVTT file for DASH.

mod sidecar;

use std::sync::Arc;

use bytes::Bytes;
use reelsmith_contract::payload::{RenditionInput, WorkerOutput};
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::keys::{GenerationKeys, TEXT_SIDECAR, text_segment_name};
use reelsmith_core::plan::{Plan, TextRendition};
use reelsmith_core::ports::{Clock, ObjectStore};
use reelsmith_core::record::{RungOutput, SegmentRecord, TrackRecord};
use reelsmith_core::units::Bytes as ByteCount;
use reelsmith_lambda::worker::{
    Deliverable, Piece, Ran, VTT_TYPE, once, stand_by_first, write_once,
};
use reelsmith_lambda::{House, Invocation};
use reelsmith_media::{TextSegment, convert_captions};

/// What this function works with.
pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    /// The output bucket.
    pub outputs: Objects,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing.
    pub async fn build(house: &House) -> Result<Self, Failure> {
        Ok(Self {
            store: house.store(),
            outputs: house.outputs()?,
            clock: house.clock(),
        })
    }
}

/// Converts, unless the record is there.
///
/// # Errors
/// `CaptionInvalid`, `MezzanineChanged` where the file was replaced, `OutputConflict`, or those of storage.
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
    let location = text.source.object.to_string();
    let bytes = ports
        .store
        .get_range(&text.source, 0, text.source.size)
        .await;
    let bytes = bytes.map_err(|e| Failure::storage(&e, &location))?;
    let bytes_read = bytes.len() as u64;
    let segments = convert_captions(&bytes, text.format, &plan);
    let segments = segments.map_err(|e| e.into_failure(&location))?;
    let (files, output) = outputs(keys, text, &plan, segments);
    write_once(&ports.outputs, files).await?;
    let run = Ran {
        clock: ports.clock.as_ref(),
        invocation,
        encoder_build: concat!("reelsmith ", env!("CARGO_PKG_VERSION")).to_owned(),
        started,
        cpu_ms: 0,
        bytes_read,
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
