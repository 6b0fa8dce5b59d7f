//! Taking over a rendition that MediaConvert made: its segments are read in the order of its playlist, written again in our
//! container, and stored under our names, so that packaging and validation see no difference.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reelsmith_conformance::hls;
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::encode::playlist_key;
use reelsmith_core::job::Job;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::plan::{AudioRendition, Plan, VideoRendition};
use reelsmith_core::record::{EncodeRecord, RungOutput};
use reelsmith_core::sound::SoundComparison;
use reelsmith_core::time::Timescale;
use reelsmith_media::{
    AudioTask, OnSource as _, PublishedSound, RangeProxy, SegmentMedia, Treatment, VideoTakeover,
    compare_sound, take_over_audio, track_reads,
};
use reelsmith_pipeline::records::concurrently;
use reelsmith_pipeline::worker::{
    EncoderPorts, cmaf_outputs, encoder_limits, temporary_folder, write_once,
};
use reelsmith_pipeline::{Invocation, records};

const SEGMENTS: usize = 4;
const MAX_PLAYLIST: u64 = 4 << 20;
const MAX_SEGMENT: u64 = 256 << 20;

/// The keys that a media playlist of the service names.
struct Playlist {
    init: String,
    segments: Vec<String>,
}

/// Takes over a video rendition, segment by segment.
pub(crate) async fn video(
    outputs: &Objects,
    plan: &Plan,
    keys: &GenerationKeys,
    rendition: &VideoRendition,
) -> Result<RungOutput, Failure> {
    let path = &rendition.path;
    let playlist = read_playlist(outputs, keys, path).await?;
    let planned = plan.segment_count() as usize;
    if playlist.segments.len() != planned {
        let found = format!("{} segments", playlist.segments.len());
        return Err(unexpected(path, format!("{planned} segments"), found));
    }
    let head = outputs.get(&playlist.init, MAX_SEGMENT).await?;
    let first = outputs.get(&playlist.segments[0], MAX_SEGMENT).await?;
    let takeover = VideoTakeover::new(plan, rendition, head, &first).on_source(path)?;
    let init = takeover.init().on_source(path)?;
    let done = (1u32..).zip(&playlist.segments).map(|(number, key)| {
        let (takeover, init) = (&takeover, init.clone());
        async move {
            let body = outputs.get(key, MAX_SEGMENT).await?;
            let segment = takeover.segment(number, &body).on_source(path)?;
            publish(outputs, keys, path, plan.timescale, init, vec![segment]).await
        }
    });
    let parts = concurrently(SEGMENTS, done).await?;
    joined(parts).ok_or_else(|| unexpected(path, "segments".to_owned(), "none".to_owned()))
}

fn joined(parts: Vec<RungOutput>) -> Option<RungOutput> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next()?;
    whole.segments.extend(parts.flat_map(|part| part.segments));
    Some(whole)
}

/// Takes over an audio rendition as a whole, because it is cut again on the grid of the video's segments, and compares it
/// with its source unless the job is a mock.
pub(crate) async fn audio(
    ports: &EncoderPorts,
    plan: &Plan,
    job: &Job,
    keys: &GenerationKeys,
    rendition: &AudioRendition,
    invocation: &Invocation,
) -> Result<(RungOutput, Option<SoundComparison>), Failure> {
    let outputs = &ports.outputs;
    let path = &rendition.path;
    let playlist = read_playlist(outputs, keys, path).await?;
    let mut file = BytesMut::from(outputs.get(&playlist.init, MAX_SEGMENT).await?.as_ref());
    for key in &playlist.segments {
        file.extend_from_slice(&outputs.get(key, MAX_SEGMENT).await?);
    }
    let (init, segments) = take_over_audio(plan, rendition, file.freeze()).on_source(path)?;
    let timescale = Timescale(rendition.sample_rate);
    let sound = match job.options.mock {
        true => None,
        false => {
            let bytes: Vec<Bytes> = segments.iter().map(|s| s.bytes.clone()).collect();
            let published = PublishedSound {
                init: &init,
                segments: &bytes,
            };
            Some(Box::pin(compare(ports, plan, job, path, published, invocation)).await?)
        }
    };
    let output = publish(outputs, keys, path, timescale, init, segments).await?;
    Ok((output, sound))
}

async fn compare(
    ports: &EncoderPorts,
    plan: &Plan,
    job: &Job,
    path: &str,
    published: PublishedSound<'_>,
    invocation: &Invocation,
) -> Result<SoundComparison, Failure> {
    let inspection = records::inspection(&ports.outputs, &job.job_key).await?;
    let (pin, probe) = (&inspection.mezzanine, &inspection.probe);
    let compared = async {
        let track = plan.audio.iter().find(|r| r.path == path);
        let streams = track.map(AudioRendition::streams).unwrap_or_default();
        let store = Arc::clone(&ports.store);
        let options = track_reads(Arc::clone(&store), pin, probe.container, &streams).await?;
        let proxy = RangeProxy::start(store, pin.clone(), options).await?;
        let folder = temporary_folder()?;
        let settings = &job.profile.audio;
        let task = AudioTask::new(proxy.url(), probe, plan, path, settings, folder.path())?;
        // The service does not report the gain, which may change slowly.
        let treatment = Treatment {
            gain_db: None,
            ceiling_db: Some(settings.true_peak_dbtp),
        };
        let limits = encoder_limits(invocation);
        let compared = compare_sound(&ports.tools, &task, published, treatment, &limits).await;
        proxy.check(compared)
    };
    let (sound, _) = Box::pin(compared).await.on_source_part(&pin.object, path)?;
    Ok(sound)
}

async fn publish(
    outputs: &Objects,
    keys: &GenerationKeys,
    path: &str,
    timescale: Timescale,
    init: Bytes,
    segments: Vec<SegmentMedia>,
) -> Result<RungOutput, Failure> {
    let (mut deliverables, output) = cmaf_outputs(keys, path, timescale, init, segments);
    if output.segments.first().is_some_and(|s| s.number > 1) {
        // The init segment is written with the first segment.
        deliverables.remove(0);
    }
    write_once(outputs, deliverables).await?;
    Ok(output)
}

/// The keys of a rendition's files, from the service's own playlist; its names are not assumed.
async fn read_playlist(
    outputs: &Objects,
    keys: &GenerationKeys,
    rendition: &str,
) -> Result<Playlist, Failure> {
    let record: EncodeRecord = outputs.read(&keys.encode_record()).await?;
    let key = playlist_key(keys, &record.job.tag, rendition);
    let text = outputs.get(&key, MAX_PLAYLIST).await?;
    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let playlist = hls::parse(&key, &text);
    let in_folder = |uri: &hls::Uri| -> Result<String, Failure> {
        let plain = !uri.text.contains(['/', '?', '#', ':']) && !uri.text.is_empty();
        if !plain {
            let expected = "names of files in the folder of the playlist".to_owned();
            return Err(unexpected(&key, expected, uri.text.clone()));
        }
        Ok(format!("{folder}/{}", uri.text))
    };
    let init = playlist.maps.first().map(|map| &map.uri);
    let init = init.ok_or_else(|| {
        unexpected(
            &key,
            "an EXT-X-MAP".to_owned(),
            "a playlist without one".to_owned(),
        )
    })?;
    Ok(Playlist {
        init: in_folder(init)?,
        segments: playlist
            .segments
            .iter()
            .map(|s| in_folder(&s.uri))
            .collect::<Result<_, _>>()?,
    })
}

fn unexpected(location: &str, expected: String, found: String) -> Failure {
    Failure::new(
        ErrorName::RecordsIncomplete,
        expected,
        found,
        location,
        "MediaConvert made other outputs than ordered: report it with the order of the job, or choose the encoder lambda",
    )
}
