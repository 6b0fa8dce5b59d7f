//! The filters of a chunk: from the frames of the decoder to those of each rung's encoder.

use reelsmith_core::aperture::Crop;
use reelsmith_core::ladder::ResolvedRung;
use reelsmith_core::plan::FrameMapping;
use reelsmith_core::probe::{Scan, Seconds, VideoStream};
use reelsmith_core::time::{FrameCount, Ticks};

use super::ChunkTask;
use crate::color::Color;
use crate::hdr;
use crate::tools::Tools;

/// A time in seconds with microseconds, ffmpeg's resolution for these options. Rounding down cannot cross a frame, because
/// the planner puts every bound half a frame away from its neighbours.
pub(crate) fn decimal(time: Seconds) -> String {
    let scale = i128::from(time.timescale.0.max(1));
    decimal_micros((i128::from(time.ticks.0) * 1_000_000).div_euclid(scale))
}

/// Microseconds as seconds with six decimals.
pub(crate) fn decimal_micros(micros: i128) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// The filters that make the frames of the chunk from those of the decoder.
pub(super) fn decoded_frames(task: &ChunkTask) -> Vec<String> {
    let steps = deinterlace(task.scan).into_iter().chain(cut(task));
    steps.chain(crop(task)).collect()
}

/// Crops to the clean aperture, if there is one.
pub(super) fn crop(task: &ChunkTask) -> Option<String> {
    let crop = task.source.crop?;
    Some(cropped(&task.source, crop))
}

/// Makes one progressive frame of each interlaced frame and its neighbours. It comes before the cut, so that the first and
/// last frames of a chunk have their neighbours.
fn deinterlace(scan: Scan) -> Option<String> {
    let parity = match scan {
        Scan::Progressive => return None,
        Scan::TopFirst => "tff",
        Scan::BottomFirst => "bff",
    };
    Some(format!("bwdif=mode=send_frame:parity={parity}:deint=all"))
}

/// Keeps ffmpeg, since version 7.1, from cropping to the clean aperture itself: it rounds to odd sizes and offsets. The
/// supplement is older and does not know the option.
pub(super) fn cropping(task: &ChunkTask) -> &'static str {
    let crops = task.source.crop.is_some() && !Tools::lacks(task.decoded_codec(), task.ten_bits());
    if crops { "-apply_cropping codec" } else { "" }
}

/// Crops to the clean aperture. ffmpeg has already rotated the picture; a build that has cropped it as well, in spite of
/// [`cropping`], is detected by the size.
fn cropped(source: &VideoStream, crop: Crop) -> String {
    let whole = Crop {
        x: 0,
        y: 0,
        size: source.coded,
    };
    let whole = whole.turned(source.coded, source.rotation).size;
    let crop = match source.flipped {
        true => crop.flipped(source.coded),
        false => crop,
    };
    let Crop { x, y, size } = crop.turned(source.coded, source.rotation);
    let whole = format!("eq(iw,{})*eq(ih,{})", whole.width, whole.height);
    format!(
        "crop='if({whole},{},iw)':'if({whole},{},ih)':'if({whole},{x},0)':'if({whole},{y},0)'",
        size.width, size.height
    )
}

/// Removes the metadata of HDR10, which encoders would write into the stream.
const WITHOUT_HDR: &str = ",sidedata=mode=delete:type=MASTERING_DISPLAY_METADATA,sidedata=mode=delete:type=CONTENT_LIGHT_LEVEL";

/// Bicubic. `accurate_rnd` gives the same samples on every processor; without it, the x86 code rounds differently from the
/// portable code.
const SCALER: &str = "bicubic+accurate_rnd";

pub(super) fn branch(task: &ChunkTask, rung: &ResolvedRung, i: usize) -> String {
    let (source, size) = (&task.source, rung.resolution);
    let mapped = tone_mapped(task, rung);
    let read = Color::of(source, source.dynamic_range()).scaler;
    let color = Color::of(source, rung.range);
    let written = color.scaler;
    let scaled = format!(
        "scale={}:{}:flags={SCALER}:in_color_matrix={read}",
        size.width, size.height
    );
    let format = &rung.settings.pixel_format;
    let steps = match mapped {
        false => format!("{scaled}:out_color_matrix={written}:out_range=tv"),
        true => format!("{scaled},{}", tone_mapping(task, rung)),
    };
    let Color {
        primaries,
        transfer,
        matrix,
        ..
    } = color;
    // Encoders take the colour from the frames. HDR metadata must not reach an SDR rung.
    let metadata = if mapped { WITHOUT_HDR } else { "" };
    format!(
        ";[s{i}]{steps},setsar=1,format={format}{metadata},\
         setparams=range=tv:color_primaries={primaries}:color_trc={transfer}:colorspace={matrix}[v{i}]"
    )
}

/// Makes SDR of the HDR of the source.
pub(super) fn tone_mapping(task: &ChunkTask, rung: &ResolvedRung) -> String {
    let written = Color::of(&task.source, rung.range).scaler;
    format!(
        "format=gbrp16le,lut3d=file={}:interp=tetrahedral,scale=flags={SCALER}:out_color_matrix={written}:out_range=tv",
        hdr::FILE
    )
}

/// Whether the rung is SDR and the source HDR.
pub(super) fn tone_mapped(task: &ChunkTask, rung: &ResolvedRung) -> bool {
    !task.mock && task.source.dynamic_range() != rung.range
}

fn cut(task: &ChunkTask) -> Vec<String> {
    match task.mapping {
        FrameMapping::Every if task.fills_gaps => resample(task),
        FrameMapping::Every => trim(task).into_iter().chain(held(task)).collect(),
        FrameMapping::Resampled => resample(task),
    }
}

/// Keeps the source frames between two bounds, or by their number; there is no bound at the ends of the file.
fn trim(task: &ChunkTask) -> Option<String> {
    let cut = &task.chunk.cut;
    if let Some(frames) = cut.counted {
        return Some(format!(
            "trim=start_frame={}:end_frame={}",
            frames.start, frames.end
        ));
    }
    let start = cut.start.map(|t| format!("start={}", decimal(t)));
    let end = cut.end.map(|t| format!("end={}", decimal(t)));
    let bounds: Vec<String> = start.into_iter().chain(end).collect();
    (!bounds.is_empty()).then(|| format!("trim={}", bounds.join(":")))
}

/// Drops what follows the chunk, and nothing before it. Frames that are placed by their times may need one more.
pub(super) fn trim_end(task: &ChunkTask) -> Option<String> {
    let cut = &task.chunk.cut;
    if let Some(frames) = cut.counted {
        return Some(format!("trim=end_frame={}", frames.end));
    }
    let placed = task.mapping == FrameMapping::Resampled || task.fills_gaps;
    let margin = if placed { 1_000_000 } else { 0 };
    let end = i128::from(cut.end?.micros()) + margin;
    Some(format!("trim=end={}", decimal_micros(end)))
}

/// Repeats the last frame of the source.
fn held(task: &ChunkTask) -> Option<String> {
    let FrameCount(frames) = task.chunk.cut.held;
    (frames > 0).then(|| format!("tpad=stop_mode=clone:stop={frames}"))
}

/// Resolution of source times relative to the grid while frames are chosen.
pub(super) const FINENESS: u32 = 16;

/// Takes the source frame nearest to each time of the grid.
///
/// Every chunk counts from the first source frame in the same fine ticks, so all chunks round a source frame to the same
/// position. The last frame is repeated as planned and for at most a second more: enough for the rounding of its own duration,
/// and too little to hide a source that ends early.
fn resample(task: &ChunkTask) -> Vec<String> {
    let rate = task.frame_rate;
    let fine = rate.timescale().0.saturating_mul(FINENESS);
    let zero = rescaled(task.video_start, fine);
    let (frames, held) = (task.chunk.frames, task.chunk.cut.held);
    let repeated = Seconds::of_frame(held, rate).micros();
    let repeated = decimal_micros(i128::from(repeated) + 1_000_000);
    vec![
        format!("settb=expr=1/{fine}"),
        format!("setpts=PTS-({zero})"),
        format!("fps=fps={rate}:round=near"),
        format!("tpad=stop_mode=clone:stop_duration={repeated}"),
        format!("trim=start_pts={}:end_pts={}", frames.start, frames.end),
    ]
}

pub(super) fn rescaled(time: Seconds, fine: u32) -> i64 {
    let scale = i128::from(time.timescale.0.max(1));
    let ticks = i128::from(time.ticks.0) * i128::from(fine);
    let Ticks(nearest) = Ticks(i64::try_from((ticks + scale / 2).div_euclid(scale)).unwrap_or(0));
    nearest
}
