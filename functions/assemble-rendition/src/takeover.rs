//! A rendition that MediaConvert made: its segments are read as its playlist lists them, rebuilt as ours, and published
//! under our names, so that packaging and validation see no difference.

use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_conformance::hls;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::encode::playlist_key;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::plan::{AudioRendition, Plan, VideoRendition};
use reelsmith_core::record::{EncodeRecord, RungOutput};
use reelsmith_core::time::Timescale;
use reelsmith_media::{OnSource as _, SegmentMedia, VideoTakeover, take_over_audio};
use reelsmith_pipeline::worker::{cmaf_outputs, write_once};

use crate::Ports;

/// Segments under way at once.
const SEGMENTS: usize = 4;
/// Greatest playlist that is read.
const MAX_PLAYLIST: u64 = 4 << 20;
/// Greatest init or media segment that is read.
const MAX_SEGMENT: u64 = 256 << 20;

/// What a media playlist of the service names.
struct Listing {
    init: String,
    segments: Vec<String>,
}

/// Takes a video rendition over.
pub(crate) async fn video(
    ports: &Ports,
    plan: &Plan,
    keys: &GenerationKeys,
    rendition: &VideoRendition,
) -> Result<RungOutput, Failure> {
    let path = &rendition.path;
    let listing = listing(ports, keys, path).await?;
    let planned = plan.segment_count() as usize;
    if listing.segments.len() != planned {
        let found = format!("{} segments", listing.segments.len());
        return Err(unexpected(path, format!("{planned} segments"), found));
    }
    let head = read(ports, &listing.init).await?;
    let first = read(ports, &listing.segments[0]).await?;
    let takeover = VideoTakeover::new(plan, rendition, head, &first).on_source(path)?;
    let init = takeover.init().on_source(path)?;
    let done = (1u32..).zip(&listing.segments).map(|(number, key)| {
        let (takeover, init) = (&takeover, init.clone());
        async move {
            let body = read(ports, key).await?;
            let segment = takeover.segment(number, &body).on_source(path)?;
            publish(ports, keys, path, plan.timescale, init, vec![segment]).await
        }
    });
    let done: Vec<_> = done.collect();
    let parts: Vec<RungOutput> = futures::stream::iter(done)
        .buffered(SEGMENTS)
        .try_collect()
        .await?;
    joined(parts).ok_or_else(|| unexpected(path, "segments".to_owned(), "none".to_owned()))
}

fn joined(parts: Vec<RungOutput>) -> Option<RungOutput> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next()?;
    whole.segments.extend(parts.flat_map(|part| part.segments));
    Some(whole)
}

/// Takes an audio rendition over, as a whole: it is cut anew on the video's grid.
pub(crate) async fn audio(
    ports: &Ports,
    plan: &Plan,
    keys: &GenerationKeys,
    rendition: &AudioRendition,
) -> Result<RungOutput, Failure> {
    let path = &rendition.path;
    let listing = listing(ports, keys, path).await?;
    let mut file = BytesMut::from(read(ports, &listing.init).await?.as_ref());
    for key in &listing.segments {
        file.extend_from_slice(&read(ports, key).await?);
    }
    let (init, segments) = take_over_audio(plan, rendition, file.freeze()).on_source(path)?;
    let timescale = Timescale(rendition.sample_rate);
    publish(ports, keys, path, timescale, init, segments).await
}

async fn publish(
    ports: &Ports,
    keys: &GenerationKeys,
    path: &str,
    timescale: Timescale,
    init: Bytes,
    segments: Vec<SegmentMedia>,
) -> Result<RungOutput, Failure> {
    let (mut deliverables, output) = cmaf_outputs(keys, path, timescale, init, segments);
    if output.segments.first().is_some_and(|s| s.number > 1) {
        // The first segment brings the init segment along.
        deliverables.remove(0);
    }
    write_once(&ports.outputs, deliverables).await?;
    Ok(output)
}

async fn read(ports: &Ports, key: &str) -> Result<Bytes, Failure> {
    let object = ports.outputs.at(key);
    let body = ports.outputs.store().get(&object, MAX_SEGMENT).await;
    body.map_err(|e| Failure::storage(&e, &object))
}

/// The keys of a rendition's files, as the service's own playlist names them: nothing is presumed of its names.
async fn listing(
    ports: &Ports,
    keys: &GenerationKeys,
    rendition: &str,
) -> Result<Listing, Failure> {
    let record: EncodeRecord = ports.outputs.read(&keys.encode_record()).await?;
    let key = playlist_key(keys, &record.job.tag, rendition);
    let object = ports.outputs.at(&key);
    let text = ports.outputs.store().get(&object, MAX_PLAYLIST).await;
    let text = text.map_err(|e| Failure::storage(&e, &object))?;
    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let playlist = hls::parse(&key, &text);
    let beside = |uri: &hls::Uri| -> Result<String, Failure> {
        let plain = !uri.text.contains(['/', '?', '#', ':']) && !uri.text.is_empty();
        if !plain {
            let expected = "names of files beside the playlist".to_owned();
            return Err(unexpected(&key, expected, uri.text.clone()));
        }
        Ok(format!("{folder}/{}", uri.text))
    };
    let init = playlist.maps.first().map(|map| &map.uri);
    let init = init.ok_or_else(|| {
        unexpected(
            &key,
            "an EXT-X-MAP".to_owned(),
            "a playlist without".to_owned(),
        )
    })?;
    Ok(Listing {
        init: beside(init)?,
        segments: playlist
            .segments
            .iter()
            .map(|s| beside(&s.uri))
            .collect::<Result<_, _>>()?,
    })
}

fn unexpected(location: &str, expected: String, found: String) -> Failure {
    Failure::new(
        ErrorName::RecordsIncomplete,
        expected,
        found,
        location,
        "MediaConvert made something else than was ordered; report it with the job's order, or choose the encoder lambda",
    )
}
