//! Indexing a mezzanine and planning its job. `plan-chunks` and `reelsmith manifest new` share this code.

use std::sync::Arc;

use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::audio_track::ChannelMap;
use reelsmith_core::check::check_index;
use reelsmith_core::clip::ClipError;
use reelsmith_core::job::Job;
use reelsmith_core::keys::Generation;
use reelsmith_core::plan::{Plan, PlanError};
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::{Inspection, Probe};
use reelsmith_media::{OnSource as _, Tools, audio_spans, read_index};

use crate::inspection::refused;

/// Indexes a mezzanine and plans its job for a number of parallel workers.
///
/// # Errors
/// `MezzanineTruncated`, `DurationUnsupported`, `ClipInvalid`, `PlanImpossible`, and those of storage and of ffprobe.
pub async fn make_plan(
    tools: &Tools,
    store: &Arc<dyn ObjectStore>,
    job: &Job,
    inspection: &Inspection,
    generation: Generation,
    workers: u32,
) -> Result<Plan, Failure> {
    let (pin, probe) = (&inspection.mezzanine, &inspection.probe);
    let mut indexed = read_index(tools, Arc::clone(store), pin, probe)
        .await
        .on_source(&pin.object)?;
    tracing::info!(
        packets = indexed.index.packets.len(),
        bytes_read = indexed.bytes_read,
        read = ?indexed.index.read,
        "indexed"
    );
    let wanted = wanted_audio(job, probe);
    let spans = audio_spans(
        tools,
        Arc::clone(store),
        pin,
        probe,
        &indexed.index,
        &wanted,
    )
    .await;
    indexed.index.audio = spans.on_source(&pin.object)?;
    if let Some(refusal) = check_index(&job.manifest, probe, &indexed.index) {
        let all = std::slice::from_ref(&refusal);
        return Err(refused(&pin.object, &refusal, all));
    }
    let plan = Plan::new(job, inspection, &indexed.index, generation, workers);
    plan.map_err(|e| {
        let (name, expected, remedy) = match &e {
            PlanError::Clip(ClipError { expected, .. }) => (
                ErrorName::ClipInvalid,
                expected.as_str(),
                "correct InPoint and OutPoint in the manifest",
            ),
            PlanError::Tail(_) => (
                ErrorName::PlanImpossible,
                "audio that ends with the pictures, or a policy for its tail",
                "choose another TailPolicy in the manifest, or deliver audio that is as long as the pictures",
            ),
            _ => (
                ErrorName::PlanImpossible,
                "an index from which exact chunks can be cut",
                "remux the mezzanine so that every frame has a timestamp, or deliver it in another container",
            ),
        };
        let found = match &e {
            PlanError::Clip(ClipError { found, .. }) => found.clone(),
            e => e.to_string(),
        };
        Failure::new(name, expected, found, pin.object.to_string(), remedy)
    })
}

/// The audio streams that the manifest asks for, by their indexes among all streams.
fn wanted_audio(job: &Job, probe: &Probe) -> Vec<u32> {
    let tracks = job.manifest.audio_tracks.iter();
    let positions = tracks.flat_map(|track| {
        let maps = [&track.channel_map, &track.surround_map];
        let mapped = maps.into_iter().flatten().flat_map(ChannelMap::channels);
        let mut positions: Vec<u32> = mapped.map(|c| c.track).collect();
        if track.channel_map.is_none() {
            positions.push(track.track_index);
        }
        positions
    });
    let streams = positions.filter_map(|position| probe.audio.get(position as usize));
    let mut wanted: Vec<u32> = streams.map(|s| s.index).collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}
