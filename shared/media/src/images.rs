//! Thumbnail sheets and a poster, from the key pictures of an encoded rendition: a few hundred pictures are decoded, not
//! the whole programme.

use std::path::Path;

use bytes::Bytes;
use reelsmith_core::units::Resolution;
use reelsmith_isobmff::stills;

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::process::{self, Activity, Limits, run_with_progress};
use crate::tools::Tools;
use crate::video::read_and_remove;

/// Key pictures of one rendition.
#[derive(Clone, Debug)]
pub struct KeyPictures<'a> {
    /// The rendition's init segment.
    pub init: &'a [u8],
    /// Bytes of each picture from the start of its fragment to the end of the picture, as in the segment's record.
    pub pictures: &'a [Bytes],
    /// An empty folder.
    pub directory: &'a Path,
}

/// The layout of a thumbnail sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SheetGrid {
    /// Size of a thumbnail.
    pub tile: Resolution,
    pub columns: u32,
    pub rows: u32,
}

/// Height of a thumbnail in pixels.
const TILE_HEIGHT: u32 = 90;
/// Limit of columns and of rows: a full sheet of 16:9 pictures is 1600 × 900 and loads at once.
const MAX_SIDE: u32 = 10;

impl SheetGrid {
    /// The smallest grid for `count` pictures of a size.
    pub fn new(picture: Resolution, count: u32) -> Self {
        let (w, h) = (u64::from(picture.width), u64::from(picture.height.max(1)));
        let width = (w * u64::from(TILE_HEIGHT) + h) / (2 * h) * 2;
        let columns = count.clamp(1, MAX_SIDE);
        Self {
            tile: Resolution {
                width: u32::try_from(width).unwrap_or(2).clamp(2, 1_000),
                height: TILE_HEIGHT,
            },
            columns,
            rows: count.div_ceil(columns).clamp(1, MAX_SIDE),
        }
    }

    /// Thumbnails on a full sheet.
    pub fn per_sheet(self) -> u32 {
        self.columns * self.rows
    }
}

/// Brightness of a picture, 0 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Brightness {
    pub mean: f64,
    /// 10th percentile.
    pub low: f64,
    /// 90th percentile.
    pub high: f64,
}

impl Brightness {
    /// Suitability as a poster: high contrast, and neither dark nor overexposed.
    fn appeal(self) -> f64 {
        let middle = 1.0 - ((self.mean - 118.0) / 118.0).abs().min(1.0);
        (self.high - self.low) * (0.25 + middle)
    }
}

/// Index of the best picture for a poster: from the first half, which gives nothing away, but from the opening tenth only
/// if all others are dull.
pub fn choose_poster(pictures: &[Brightness]) -> usize {
    let (from, to) = (pictures.len() / 10, pictures.len().div_ceil(2));
    let best = |range: std::ops::Range<usize>| {
        let candidates = range.filter_map(|i| Some((i, pictures.get(i)?.appeal())));
        // The first of equal pictures wins.
        candidates.fold(None, |best: Option<(usize, f64)>, (i, appeal)| match best {
            Some((_, most)) if most >= appeal => best,
            _ => Some((i, appeal)),
        })
    };
    let suitable = best(from..to).filter(|(_, appeal)| *appeal > 10.0);
    let found = suitable.or_else(|| best(0..pictures.len()));
    found.map_or(0, |(i, _)| i)
}

/// Measures the brightness of every picture; also returns the processor time in milliseconds.
///
/// # Errors
/// [`MediaError::FrameCount`] if a picture was not decoded; [`MediaError::Output`] if the bytes are not pictures;
/// [`MediaError::Io`]; and the errors of [`process::run`].
pub async fn measure_brightness(
    tools: &Tools,
    pictures: &KeyPictures<'_>,
    limits: &Limits,
) -> Result<(Vec<Brightness>, u64), MediaError> {
    write(pictures).await?;
    let command = Command::new(&tools.ffmpeg, brightness_argv()).within(pictures.directory);
    let mut found: Vec<Brightness> = Vec::new();
    let read = |line: &str| {
        if line.starts_with("frame:") {
            found.push(Brightness::default());
        }
        let value = line
            .split_once("signalstats.")
            .and_then(|(_, v)| v.split_once('='));
        if let (Some((name, value)), Some(last)) = (value, found.last_mut()) {
            let value = value.trim().parse().unwrap_or(0.0);
            match name {
                "YAVG" => last.mean = value,
                "YLOW" => last.low = value,
                "YHIGH" => last.high = value,
                _ => {}
            }
        }
        Ok(Activity::Progress)
    };
    let finished = process::run(&command, limits, read).await?;
    require_count("pictures", pictures.pictures.len(), found.len())?;
    Ok((found, finished.cpu_ms))
}

/// Draws the pictures as thumbnails onto JPEG sheets, row by row; also returns the processor time in milliseconds.
///
/// # Errors
/// As [`measure_brightness`].
pub async fn draw_sheets(
    tools: &Tools,
    pictures: &KeyPictures<'_>,
    grid: SheetGrid,
    limits: &Limits,
) -> Result<(Vec<Bytes>, u64), MediaError> {
    write(pictures).await?;
    let command = Command::new(&tools.ffmpeg, sheets_argv(grid)).within(pictures.directory);
    let finished = run_with_progress(&command, limits).await?;
    let wanted = pictures.pictures.len().div_ceil(grid.per_sheet() as usize);
    let mut sheets = Vec::new();
    for number in 1..=wanted + 1 {
        let path = pictures.directory.join(format!("image_{number:05}.jpg"));
        if tokio::fs::try_exists(&path).await.unwrap_or(false) {
            sheets.push(read_and_remove(&path).await?);
        }
    }
    require_count("sheets", wanted, sheets.len())?;
    Ok((sheets, finished.cpu_ms))
}

/// Converts the first picture to a JPEG of the same size; also returns the processor time in milliseconds.
///
/// # Errors
/// As [`measure_brightness`].
pub async fn draw_poster(
    tools: &Tools,
    pictures: &KeyPictures<'_>,
    limits: &Limits,
) -> Result<(Bytes, u64), MediaError> {
    write(pictures).await?;
    let command = Command::new(&tools.ffmpeg, poster_argv()).within(pictures.directory);
    let finished = run_with_progress(&command, limits).await?;
    let jpeg = read_and_remove(&pictures.directory.join("image_00001.jpg")).await?;
    Ok((jpeg, finished.cpu_ms))
}

fn require_count(unit: &'static str, expected: usize, found: usize) -> Result<(), MediaError> {
    if expected == found {
        return Ok(());
    }
    Err(MediaError::frame_count(
        "images",
        unit,
        expected as u64,
        found as u64,
    ))
}

const INPUT: &str = "stills.mp4";

async fn write(pictures: &KeyPictures<'_>) -> Result<(), MediaError> {
    let path = pictures.directory.join(INPUT);
    let file = stills(pictures.init, pictures.pictures).map_err(|e| {
        MediaError::output("images", "key pictures in their fragments", e.to_string())
    })?;
    tokio::fs::write(&path, file)
        .await
        .map_err(MediaError::io("writing key pictures"))
}

fn argv(progress: &str, output: &str) -> Vec<String> {
    words(&format!(
        "-v error -hide_banner -nostdin -y {progress} -nostats -protocol_whitelist file,pipe -format_whitelist mov -f mov \
         -i {INPUT} -map 0:v:0 -an -sn -dn -fps_mode passthrough {output}"
    ))
}

fn brightness_argv() -> Vec<String> {
    argv(
        "",
        "-vf scale=160:-2:flags=area,signalstats,metadata=mode=print:file=- -f null /dev/null",
    )
}

fn sheets_argv(grid: SheetGrid) -> Vec<String> {
    let Resolution { width, height } = grid.tile;
    let (columns, rows) = (grid.columns, grid.rows);
    let filters =
        format!("scale={width}:{height}:flags=area+accurate_rnd,setsar=1,tile={columns}x{rows}");
    argv(
        "-progress pipe:1",
        &format!("-vf {filters},{FULL_RANGE} {JPEG}"),
    )
}

fn poster_argv() -> Vec<String> {
    argv(
        "-progress pipe:1",
        &format!("-vf {FULL_RANGE} -frames:v 1 {JPEG}"),
    )
}

/// JFIF has full range.
const FULL_RANGE: &str = "scale=flags=bicubic+accurate_rnd:out_range=pc,format=yuvj420p";
/// One thread and an integer transform, so that equal pictures give equal bytes on every processor.
const JPEG: &str = "-map_metadata -1 -threads 1 -c:v mjpeg -dct int -q:v 4 -flags +bitexact -f image2 image_%05d.jpg";

#[cfg(test)]
mod tests;
