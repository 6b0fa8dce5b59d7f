//! Converts one caption file, or one subtitle stream of the mezzanine, to segmented WebVTT for HLS and one whole WebVTT file
//! for DASH, and compares the published cues with another reading of the source (rule SRC-06).
//!
//! Reads `plan.json` and the pinned caption file, or `probe.json` and the stream's bytes of the mezzanine. Writes the WebVTT files
//! that do not exist yet, and then the record of the track. Returns the key of the record, and whether this call made it: if
//! the record exists, nothing is converted. Errors: `CaptionInvalid`, `MezzanineChanged` if the file was replaced,
//! `EncoderFailed` if a stream cannot be extracted, `OutputConflict`, and those of storage.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use reelsmith_contract::Failure;
use reelsmith_contract::payload::{RenditionInput, WorkerOutput};
use reelsmith_core::caption_comparison::CaptionComparison;
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::keys::{GenerationKeys, TEXT_SIDECAR, text_segment_name};
use reelsmith_core::plan::{Plan, TextRendition};
use reelsmith_core::probe::Inspection;
use reelsmith_core::record::{RungOutput, SegmentRecord, TrackRecord};
use reelsmith_core::units::Bytes as ByteCount;
use reelsmith_media::{
    Captions, EmbeddedTask, MediaError, OnSource as _, RangeProxy, TextSegment, compare_embedded,
    compare_file, convert_embedded, track_reads,
};
use reelsmith_pipeline::captions::{caption_source, convert_file};
use reelsmith_pipeline::worker::{
    Deliverable, EncoderPorts, RunRecorder, VTT_TYPE, WorkUnit, create_or_read, encoder_limits,
    temporary_folder, write_once,
};
use reelsmith_pipeline::{Invocation, records};

/// Converts the track unless its record exists.
pub async fn handle(
    ports: Arc<EncoderPorts>,
    input: RenditionInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let keys = input.claim.keys();
    let rendition = &input.item.rendition;
    let unit = WorkUnit::track(&keys, rendition);
    let work = convert(&ports, &keys, rendition, &unit.record, &invocation);
    ports.run_once(&unit, work).await
}

async fn convert(
    ports: &EncoderPorts,
    keys: &GenerationKeys,
    rendition: &str,
    record: &str,
    invocation: &Invocation,
) -> Result<bool, Failure> {
    let run = RunRecorder::start(ports.clock.as_ref(), invocation);
    let plan = records::plan(&ports.outputs, keys).await?;
    let text = plan.text.iter().find(|t| t.path == rendition);
    let text =
        text.ok_or_else(|| Failure::internal("a rendition that is not planned", rendition))?;
    let inspection = records::inspection(&ports.outputs, &plan.job_key).await?;
    let converted = match text.stream {
        None => from_file(ports, text, &plan, &inspection, invocation).await?,
        Some(stream) => from_stream(ports, text, stream, &plan, &inspection, invocation)
            .await
            .on_source_part(&text.source.object, &text.path)?,
    };
    for warning in &converted.captions.warnings {
        tracing::warn!(%rendition, %warning, "captions differ from their source");
    }
    let (deliverables, output) = outputs(keys, text, &plan, converted.captions.segments);
    write_once(&ports.outputs, deliverables).await?;
    let made = TrackRecord {
        job_key: plan.job_key.clone(),
        generation: plan.generation,
        output,
        loudness: None,
        sound: None,
        captions: Some(converted.comparison),
        warnings: converted.captions.warnings,
        run: run.finish(converted.build, converted.cpu_ms, converted.bytes_read),
    };
    let (_, created) = create_or_read(&ports.outputs, record, made).await?;
    Ok(created)
}

/// Converted captions, from either source.
struct Converted {
    captions: Captions,
    comparison: CaptionComparison,
    /// The program that read them.
    build: String,
    cpu_ms: u64,
    /// Bytes read of the input bucket.
    bytes_read: u64,
}

async fn from_file(
    ports: &EncoderPorts,
    text: &TextRendition,
    plan: &Plan,
    inspection: &Inspection,
    invocation: &Invocation,
) -> Result<Converted, Failure> {
    let job = records::job(&ports.outputs, &plan.job_key).await?;
    let store = ports.store.as_ref();
    let (captions, bytes) = convert_file(store, &job, inspection, plan, text).await?;
    let source = caption_source(&job, inspection, text);
    let compared = async {
        let (folder, limits) = (temporary_folder()?, encoder_limits(invocation));
        let (tools, folder) = (&ports.tools, folder.path());
        compare_file(tools, &bytes, &source, &captions, plan, folder, &limits).await
    };
    let comparison = Box::pin(compared).await.on_source(&text.source.object)?;
    Ok(Converted {
        captions,
        comparison,
        build: concat!("reelsmith ", env!("CARGO_PKG_VERSION")).to_owned(),
        cpu_ms: 0,
        bytes_read: text.source.size,
    })
}

async fn from_stream(
    ports: &EncoderPorts,
    text: &TextRendition,
    stream: u32,
    plan: &Plan,
    inspection: &Inspection,
    invocation: &Invocation,
) -> Result<Converted, MediaError> {
    let (store, pin, probe) = (Arc::clone(&ports.store), &text.source, &inspection.probe);
    let options = track_reads(Arc::clone(&store), pin, probe.container, &[stream]).await?;
    let proxy = RangeProxy::start(store, pin.clone(), options).await?;
    let folder = temporary_folder()?;
    let task = EmbeddedTask::new(proxy.url(), probe, plan, text, folder.path())?;
    let limits = encoder_limits(invocation);
    let made = convert_embedded(&ports.tools, &task, plan, &limits).await;
    let (captions, cpu_ms) = proxy.check(made)?;
    let compared = compare_embedded(&ports.tools, &task, &captions, plan, &limits).await;
    let (comparison, compare_ms) = proxy.check(compared)?;
    Ok(Converted {
        captions,
        comparison,
        build: ports.tools.build(),
        cpu_ms: cpu_ms + compare_ms,
        bytes_read: proxy.bytes_read(),
    })
}

/// The files of a track and their record. A track without cues has no files and a record without segments, and is not
/// published.
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
    let sidecar = (!segments.is_empty()).then(|| file(TEXT_SIDECAR, join(&segments)));
    let mut files = Vec::from_iter(sidecar);
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

/// One WebVTT file with the cues of all segments. A cue that is shown across a cut is in both segments, and here once. The
/// timestamp map is omitted: only HLS needs it, and the whole file starts at zero.
fn join(segments: &[TextSegment]) -> String {
    let mut seen = HashSet::new();
    let mut text = String::from("WEBVTT\n");
    for block in segments.iter().flat_map(|s| s.body.split("\n\n").skip(1)) {
        let block = block.trim_matches('\n');
        if !block.is_empty() && seen.insert(block) {
            text.push('\n');
            text.push_str(block);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use reelsmith_core::time::Ticks;

    use super::*;

    fn segment(number: u32, body: &str) -> TextSegment {
        TextSegment {
            number,
            body: body.into(),
            start: Ticks(0),
            duration: Ticks(1),
            cues: 1,
        }
    }

    #[test]
    fn a_cue_across_a_cut_is_written_once() {
        let head = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n";
        let (a, b) = (
            "00:00:01.000 --> 00:00:05.000\nacross",
            "00:00:05.000 --> 00:00:06.000\nafter\nit",
        );
        let segments = [
            segment(1, &format!("{head}\n{a}\n")),
            segment(2, &format!("{head}\n{a}\n\n{b}\n")),
            segment(3, head),
        ];
        assert_eq!(join(&segments), format!("WEBVTT\n\n{a}\n\n{b}\n"));
    }
}
