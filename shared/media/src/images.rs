//! Thumbnails on sheets and a poster, from the key pictures of a rendition that is encoded already: a few hundred
//! pictures are decoded, not the film.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use reelsmith_core::units::Resolution;
use reelsmith_isobmff::stills;

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::process::{self, Limits, Sign, run_with_progress};
use crate::tools::Tools;
use crate::video::read_and_remove;

/// Key pictures of one rendition.
#[derive(Clone, Debug)]
pub struct Stills<'a> {
    /// The rendition's init segment.
    pub init: &'a [u8],
    /// Each picture's bytes, from its fragment's start to the picture's end, as the segment's record has them.
    pub pictures: &'a [Bytes],
    /// An empty folder.
    pub directory: &'a Path,
}

/// How thumbnails lie on their sheets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Size of a thumbnail.
    pub tile: Resolution,
    /// Beside each other.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
}

/// Height of a thumbnail in pixels.
const TILE_HEIGHT: u32 = 90;
/// Most thumbnails beside each other, and most rows: a sheet of 16:9 is 1600 × 900 and loads in one go.
const MOST: u32 = 10;

impl Grid {
    /// The grid for so many pictures of a size: no larger than they need.
    #[must_use]
    pub fn new(picture: Resolution, count: u32) -> Self {
        let (w, h) = (u64::from(picture.width), u64::from(picture.height.max(1)));
        let width = (w * u64::from(TILE_HEIGHT) + h) / (2 * h) * 2;
        let columns = count.clamp(1, MOST);
        Self {
            tile: Resolution {
                width: u32::try_from(width).unwrap_or(2).clamp(2, 1_000),
                height: TILE_HEIGHT,
            },
            columns,
            rows: count.div_ceil(columns).clamp(1, MOST),
        }
    }

    /// Thumbnails on a sheet.
    #[must_use]
    pub fn per_sheet(self) -> u32 {
        self.columns * self.rows
    }
}

/// Brightness of a picture, 0 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Brightness {
    /// Mean.
    pub mean: f64,
    /// A tenth of the pixels are darker.
    pub low: f64,
    /// A tenth of the pixels are brighter.
    pub high: f64,
}

impl Brightness {
    /// How well it shows something: contrast, and neither black nor burnt out.
    fn appeal(self) -> f64 {
        let middle = 1.0 - ((self.mean - 118.0) / 118.0).abs().min(1.0);
        (self.high - self.low) * (0.25 + middle)
    }
}

/// Index of the picture that serves best as a poster: the most telling one of the first half, where nothing is given
/// away; the opening tenth only where nothing else is.
#[must_use]
pub fn poster_of(pictures: &[Brightness]) -> usize {
    let (from, to) = (pictures.len() / 10, pictures.len().div_ceil(2));
    let best = |range: std::ops::Range<usize>| {
        let candidates = range.filter_map(|i| Some((i, pictures.get(i)?.appeal())));
        // The first of equals stays.
        candidates.fold(None, |best: Option<(usize, f64)>, (i, appeal)| match best {
            Some((_, most)) if most >= appeal => best,
            _ => Some((i, appeal)),
        })
    };
    let telling = best(from..to).filter(|(_, appeal)| *appeal > 10.0);
    let found = telling.or_else(|| best(0..pictures.len()));
    found.map_or(0, |(i, _)| i)
}

/// Measures the brightness of every picture.
///
/// # Errors
/// [`MediaError::FrameCount`] where not every picture was decoded; [`MediaError::Output`] for pictures that are none;
/// [`MediaError::Io`]; and what [`process::run`] reports.
pub async fn brightness(
    tools: &Tools,
    stills: &Stills<'_>,
    limits: &Limits,
) -> Result<(Vec<Brightness>, u64), MediaError> {
    write(stills).await?;
    let command = Command::new(&tools.ffmpeg, brightness_argv()).within(stills.directory);
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
        Ok(Sign::Progress)
    };
    let finished = process::run(&command, limits, read).await?;
    all_there("pictures", stills.pictures.len(), found.len())?;
    Ok((found, finished.cpu_ms))
}

/// Draws the pictures as thumbnails onto JPEG sheets, row by row.
///
/// # Errors
/// As [`brightness`].
pub async fn sheets(
    tools: &Tools,
    stills: &Stills<'_>,
    grid: Grid,
    limits: &Limits,
) -> Result<(Vec<Bytes>, u64), MediaError> {
    write(stills).await?;
    let command = Command::new(&tools.ffmpeg, sheets_argv(grid)).within(stills.directory);
    let finished = run_with_progress(&command, limits).await?;
    let wanted = stills.pictures.len().div_ceil(grid.per_sheet() as usize);
    let mut sheets = Vec::new();
    for number in 1..=wanted + 1 {
        let path = stills.directory.join(format!("image_{number:05}.jpg"));
        if tokio::fs::try_exists(&path).await.unwrap_or(false) {
            sheets.push(read_and_remove(&path).await?);
        }
    }
    all_there("sheets", wanted, sheets.len())?;
    Ok((sheets, finished.cpu_ms))
}

/// The first picture as a JPEG of its own size.
///
/// # Errors
/// As [`brightness`].
pub async fn poster(
    tools: &Tools,
    stills: &Stills<'_>,
    limits: &Limits,
) -> Result<(Bytes, u64), MediaError> {
    write(stills).await?;
    let command = Command::new(&tools.ffmpeg, poster_argv()).within(stills.directory);
    let finished = run_with_progress(&command, limits).await?;
    let jpeg = read_and_remove(&stills.directory.join("image_00001.jpg")).await?;
    Ok((jpeg, finished.cpu_ms))
}

fn all_there(unit: &'static str, expected: usize, found: usize) -> Result<(), MediaError> {
    if expected == found {
        return Ok(());
    }
    Err(MediaError::FrameCount {
        rendition: "images".to_owned(),
        unit,
        expected: expected as u64,
        found: found as u64,
    })
}

const INPUT: &str = "stills.mp4";

async fn write(stills_of: &Stills<'_>) -> Result<PathBuf, MediaError> {
    let path = stills_of.directory.join(INPUT);
    let file = stills(stills_of.init, stills_of.pictures);
    let expected = "key pictures in their fragments";
    let file = file.map_err(|e| MediaError::output("images", expected, e.to_string()))?;
    tokio::fs::write(&path, file)
        .await
        .map_err(MediaError::io("writing key pictures"))?;
    Ok(path)
}

fn open(progress: &str) -> Vec<String> {
    let mut args: Vec<String> = words("-v error -hide_banner -nostdin -y").collect();
    args.extend(words(progress));
    args.extend(words(
        "-protocol_whitelist file,pipe -format_whitelist mov -f mov -i",
    ));
    args.push(INPUT.to_owned());
    args.extend(words("-map 0:v:0 -an -sn -dn -fps_mode passthrough"));
    args
}

fn brightness_argv() -> Vec<String> {
    let mut args = open("-nostats");
    args.extend(words(
        "-vf scale=160:-2:flags=area,signalstats,metadata=mode=print:file=- -f null /dev/null",
    ));
    args
}

fn sheets_argv(grid: Grid) -> Vec<String> {
    let Grid {
        tile,
        columns,
        rows,
    } = grid;
    let (width, height) = (tile.width, tile.height);
    let mut args = open("-progress pipe:1 -nostats");
    args.push("-vf".to_owned());
    args.push(format!(
        "scale={width}:{height}:flags=area,setsar=1,tile={columns}x{rows},{FULL_RANGE}"
    ));
    args.extend(words(JPEG));
    args
}

fn poster_argv() -> Vec<String> {
    let mut args = open("-progress pipe:1 -nostats");
    args.extend(["-vf".to_owned(), FULL_RANGE.to_owned()]);
    args.extend(words("-frames:v 1"));
    args.extend(words(JPEG));
    args
}

/// JFIF is full range.
const FULL_RANGE: &str = "scale=out_range=pc,format=yuvj420p";
/// One thread, so that equal pictures make equal bytes.
const JPEG: &str =
    "-map_metadata -1 -threads 1 -c:v mjpeg -q:v 4 -flags +bitexact -f image2 image_%05d.jpg";

#[cfg(test)]
mod tests;
