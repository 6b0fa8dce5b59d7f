//! Makes thumbnail sheets with their WebVTT track, and a poster, from encoded key pictures.
//!
//! Reads `plan.json`, `job.json`, the records of the smallest and the largest H.264 rendition, and from their segments only the
//! bytes of key pictures: thumbnails come from the smallest rung, the poster from the largest. Writes the images that do not
//! exist yet, and then their record; for a title without video, it writes nothing. Returns the key of the record, and whether
//! this call made it: if the record exists, nothing is drawn. Errors: `EncoderFailed`, `EncoderStalled`,
//! `FrameCountMismatch`, `EncoderBuildMismatch`, `OutputConflict`, and those of storage.

mod pictures;

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use reelsmith_contract::Failure;
use reelsmith_contract::payload::{ClaimInput, WorkerOutput};
use reelsmith_core::digest::sha256_hex;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{GenerationKeys, IMAGES, POSTER, THUMBNAILS, sheet_path};
use reelsmith_core::ladder::VideoCodec;
use reelsmith_core::plan::{Plan, VideoRendition};
use reelsmith_core::record::{ImageFile, ImagesRecord};
use reelsmith_core::time::{Ticks, Timescale};
use reelsmith_core::units::Bytes as ByteCount;
use reelsmith_media::{
    KeyPictures, Limits, OnSource as _, SheetGrid, choose_poster, draw_poster, draw_sheets,
    measure_brightness,
};
use reelsmith_pipeline::worker::{
    Deliverable, EncoderPorts, JPEG_TYPE, RunRecorder, VTT_TYPE, WorkUnit, create_or_read,
    encoder_limits, temporary_folder, write_once,
};
use reelsmith_pipeline::{Invocation, records};

use pictures::Pictures;

/// Makes the images unless their record exists.
pub async fn handle(
    ports: Arc<EncoderPorts>,
    input: ClaimInput,
    invocation: Invocation,
) -> Result<WorkerOutput, Failure> {
    let keys = input.claim.keys();
    let unit = WorkUnit::images(&keys);
    let plan = records::plan(&ports.outputs, &keys).await?;
    if plan.video.is_empty() {
        return Ok(WorkerOutput {
            record: unit.record,
            encoded: false,
        });
    }
    let work = make(&ports, &input, &plan, &keys, &unit.record, &invocation);
    ports.run_once(&unit, work).await
}

struct Drawn {
    grid: SheetGrid,
    sheets: Vec<Bytes>,
    poster: Bytes,
    cpu_ms: u64,
}

async fn make(
    ports: &EncoderPorts,
    input: &ClaimInput,
    plan: &Plan,
    keys: &GenerationKeys,
    record: &str,
    invocation: &Invocation,
) -> Result<bool, Failure> {
    let run = RunRecorder::start(ports.clock.as_ref(), invocation);
    let job = records::job(&ports.outputs, &input.claim.job_key).await?;
    let (small, large) = rungs(plan)
        .ok_or_else(|| Failure::internal("a plan without a rendition of H.264", keys.plan()))?;
    if job.encoder == EncoderKind::Lambda {
        let built = ports.tools.require_build(&job.encoder_build);
        built.on_source(&small.path)?;
    }
    let every = pictures::every(plan.segment_count());
    let thumbnails = Pictures::every_nth(&ports.outputs, keys, &small.path, every).await?;
    let drawn = draw(
        ports,
        keys,
        &thumbnails,
        small,
        large,
        &encoder_limits(invocation),
    )
    .await?;
    let interval = Ticks(plan.frame_rate.duration_of(plan.segment_frames).0 * i64::from(every));
    let count = u32::try_from(thumbnails.bytes.len()).unwrap_or(u32::MAX);
    let text = thumbnail_track(plan, drawn.grid, interval, count);
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
        run: run.finish(ports.tools.build(), drawn.cpu_ms, 0),
    };
    write_once(&ports.outputs, files.into_iter().map(|(_, d)| d).collect()).await?;
    let (_, created) = create_or_read(&ports.outputs, record, made).await?;
    tracing::info!(thumbnails = count, cpu_ms = drawn.cpu_ms, created, "drawn");
    Ok(created)
}

/// The smallest and the largest rendition of H.264, whose pictures can be stored as JPEG.
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
    ports: &EncoderPorts,
    keys: &GenerationKeys,
    thumbnails: &Pictures,
    small: &VideoRendition,
    large: &VideoRendition,
    limits: &Limits,
) -> Result<Drawn, Failure> {
    let source = &small.path;
    let folder = temporary_folder().on_source(source)?;
    let stills = KeyPictures {
        init: &thumbnails.init,
        pictures: &thumbnails.bytes,
        directory: folder.path(),
    };
    let measured = measure_brightness(&ports.tools, &stills, limits).await;
    let (levels, measuring_ms) = measured.on_source(source)?;
    let count = u32::try_from(levels.len()).unwrap_or(u32::MAX);
    let grid = SheetGrid::new(small.rung.resolution, count);
    let (sheets, drawing_ms) = draw_sheets(&ports.tools, &stills, grid, limits)
        .await
        .on_source(source)?;
    let segment = thumbnails.segments.get(choose_poster(&levels)).copied();
    let large = Pictures::one(&ports.outputs, keys, &large.path, segment.unwrap_or(1)).await?;
    let stills = KeyPictures {
        init: &large.init,
        pictures: &large.bytes,
        directory: folder.path(),
    };
    let (poster, poster_ms) = draw_poster(&ports.tools, &stills, limits)
        .await
        .on_source(source)?;
    Ok(Drawn {
        grid,
        sheets,
        poster,
        cpu_ms: measuring_ms + drawing_ms + poster_ms,
    })
}

/// All files to write, each with its path below the output prefix.
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

/// The WebVTT track by which players find the thumbnail of a time: each cue names a rectangle of a sheet (media fragments,
/// `#xywh=`). hls.js, Shaka Player, JW Player and plug-ins of Video.js read it.
fn thumbnail_track(plan: &Plan, grid: SheetGrid, interval: Ticks, count: u32) -> String {
    let total = plan.duration();
    let at = |n: u32| {
        clock(
            Ticks((interval.0 * i64::from(n)).min(total.0)),
            plan.timescale,
        )
    };
    let (width, height) = (grid.tile.width, grid.tile.height);
    let mut text = String::from("WEBVTT\n");
    for n in 0..count {
        let (sheet, tile) = (n / grid.per_sheet() + 1, n % grid.per_sheet());
        let path = sheet_path(sheet);
        let name = path.strip_prefix(IMAGES).unwrap_or(&path);
        let (x, y) = (tile % grid.columns * width, tile / grid.columns * height);
        let (from, to) = (at(n), at(n + 1));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{from} --> {to}\n{}#xywh={x},{y},{width},{height}\n",
            name.trim_start_matches('/')
        );
    }
    text
}

/// `HH:MM:SS.mmm`, rounded to nearest.
fn clock(time: Ticks, timescale: Timescale) -> String {
    let millis = time.rescale(timescale, Timescale(1_000)).0;
    let (h, m, s) = (
        millis / 3_600_000,
        millis / 60_000 % 60,
        millis / 1_000 % 60,
    );
    format!("{h:02}:{m:02}:{s:02}.{:03}", millis % 1_000)
}
