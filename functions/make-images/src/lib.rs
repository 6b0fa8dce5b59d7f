//! Thumbnails on sheets, their WebVTT track, and a poster.
//!
//! Nothing is decoded but key pictures of renditions that are encoded already: thumbnails from the smallest rung, the
//! poster from the largest. The bytes that are read are those of the pictures alone.

mod pictures;
mod track;

use std::sync::Arc;

use bytes::Bytes;
use reelsmith_contract::Failure;
use reelsmith_contract::payload::{ClaimInput, WorkerOutput};
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys, POSTER, THUMBNAILS, sheet_path};
use reelsmith_core::ladder::VideoCodec;
use reelsmith_core::plan::{Plan, VideoRendition};
use reelsmith_core::record::{ImageFile, ImagesRecord};
use reelsmith_core::time::Ticks;
use reelsmith_core::units::Bytes as ByteCount;
use reelsmith_media::{
    Grid, Limits, MediaError, OnSource as _, Stills, brightness, poster, poster_of, sheets,
};
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::worker::{
    Deliverable, EncoderPorts as Ports, JPEG_TYPE, Piece, Ran, VTT_TYPE, limits, once,
    stand_by_first, write_once,
};

use pictures::Pictures;

/// Makes them, unless the record is there.
///
/// # Errors
/// `EncoderFailed`, `EncoderStalled`, `FrameCountMismatch`, `EncoderBuildMismatch`, `OutputConflict`, or those of storage.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let keys = input.claim.keys();
    let piece = Piece::images(&keys);
    let work = make(&ports, &input, &keys, &piece.record, &invocation);
    once(&ports.outputs, ports.clock.as_ref(), &piece, work).await
}

/// What was drawn.
struct Drawn {
    grid: Grid,
    sheets: Vec<Bytes>,
    poster: Bytes,
    cpu_ms: u64,
}

async fn make(
    ports: &Ports,
    input: &ClaimInput,
    keys: &GenerationKeys,
    record: &str,
    invocation: &Invocation,
) -> Result<bool, Failure> {
    let started = ports.clock.now();
    let plan: Plan = ports.outputs.read(&keys.plan()).await?;
    let job_keys = JobKeys(&input.claim.job_key);
    let job: Job = ports.outputs.read(&job_keys.job()).await?;
    let (small, large) = rungs(&plan)
        .ok_or_else(|| Failure::internal("a plan without a rendition of H.264", keys.plan()))?;
    if job.encoder == EncoderKind::Lambda {
        ports
            .tools
            .require_build(&job.encoder_build)
            .on_source(&small.path)?;
    }
    let every = pictures::every(plan.segment_count());
    let thumbnails = Pictures::read(&ports.outputs, keys, &small.path, every).await?;
    let drawn = draw(ports, keys, &thumbnails, small, large, &limits(invocation)).await?;
    let interval = Ticks(plan.frame_rate.duration_of(plan.segment_frames).0 * i64::from(every));
    let count = u32::try_from(thumbnails.bytes.len()).unwrap_or(u32::MAX);
    let text = track::thumbnails(&plan, drawn.grid, interval, count);
    let files = deliverables(keys, drawn.sheets, drawn.poster, text);
    let written = files.iter().map(|(path, d)| ImageFile {
        path: path.clone(),
        size: ByteCount(d.body.len() as u64),
        sha256: sha256_hex(&d.body),
    });
    let made = ImagesRecord {
        job_key: plan.job_key.clone(),
        generation: plan.generation,
        tile: drawn.grid.tile,
        columns: drawn.grid.columns,
        rows: drawn.grid.rows,
        count,
        interval,
        timescale: plan.timescale,
        files: written.collect(),
        run: Ran {
            clock: ports.clock.as_ref(),
            invocation,
            encoder_build: ports.tools.build(),
            started,
            cpu_ms: drawn.cpu_ms,
            bytes_read: 0,
        }
        .record(),
    };
    write_once(&ports.outputs, files.into_iter().map(|(_, d)| d).collect()).await?;
    let (_, ours) = stand_by_first(&ports.outputs, record, made).await?;
    tracing::info!(thumbnails = count, cpu_ms = drawn.cpu_ms, ours, "drawn");
    Ok(ours)
}

/// The smallest and the largest rendition of H.264, whose pictures every JPEG can show.
fn rungs(plan: &Plan) -> Option<(&VideoRendition, &VideoRendition)> {
    let of = || {
        plan.video
            .iter()
            .filter(|v| v.rung.codec == VideoCodec::H264)
    };
    let height = |v: &&VideoRendition| v.rung.resolution.height;
    Some((of().min_by_key(height)?, of().max_by_key(height)?))
}

async fn draw(
    ports: &Ports,
    keys: &GenerationKeys,
    thumbnails: &Pictures,
    small: &VideoRendition,
    large: &VideoRendition,
    limits: &Limits,
) -> Result<Drawn, Failure> {
    let directory = tempfile::tempdir()
        .map_err(MediaError::io("making a temporary folder"))
        .on_source(&small.path)?;
    let stills = Stills {
        init: &thumbnails.init,
        pictures: &thumbnails.bytes,
        directory: directory.path(),
    };
    let (levels, measuring) = brightness(&ports.tools, &stills, limits)
        .await
        .on_source(&small.path)?;
    let count = u32::try_from(levels.len()).unwrap_or(u32::MAX);
    let grid = Grid::new(small.rung.resolution, count);
    let (sheets, drawing) = sheets(&ports.tools, &stills, grid, limits)
        .await
        .on_source(&small.path)?;
    let segment = thumbnails.segments.get(poster_of(&levels)).copied();
    let large = Pictures::one(&ports.outputs, keys, &large.path, segment.unwrap_or(1)).await?;
    let stills = Stills {
        init: &large.init,
        pictures: &large.bytes,
        directory: directory.path(),
    };
    let (poster, posing) = poster(&ports.tools, &stills, limits)
        .await
        .on_source(&small.path)?;
    Ok(Drawn {
        grid,
        sheets,
        poster,
        cpu_ms: measuring + drawing + posing,
    })
}

/// Everything to write, with its path below the output prefix.
fn deliverables(
    keys: &GenerationKeys,
    sheets: Vec<Bytes>,
    poster: Bytes,
    track: String,
) -> Vec<(String, Deliverable)> {
    let sheets = (1u32..)
        .zip(sheets)
        .map(|(n, s)| (sheet_path(n), s, JPEG_TYPE));
    let others = [
        (POSTER.to_owned(), poster, JPEG_TYPE),
        (THUMBNAILS.to_owned(), Bytes::from(track), VTT_TYPE),
    ];
    let file = |(path, body, content_type): (String, Bytes, &'static str)| {
        let key = keys.output(&path);
        let deliverable = Deliverable {
            key,
            body,
            content_type,
        };
        (path, deliverable)
    };
    sheets.chain(others).map(file).collect()
}
