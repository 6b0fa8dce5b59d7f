//! The encoder's command line.

use reelsmith_core::aperture::Crop;
use reelsmith_core::ladder::{ResolvedRung, VideoCodec, VideoRange};
use reelsmith_core::plan::FrameMapping;
use reelsmith_core::probe::{Scan, Seconds, VideoStream};
use reelsmith_core::time::Ticks;

use super::ChunkTask;
use crate::color::Color;
use crate::command::words;
use crate::{hdr, input};

/// Name of a rung's file in the task's folder.
pub(super) fn output_name(rung: usize) -> String {
    format!("{rung}.mp4")
}

/// Arguments of ffmpeg for a chunk: one input, one decode, one output file for each rung, progress on stdout.
#[must_use]
pub fn transcode_argv(task: &ChunkTask) -> Vec<String> {
    let mut args: Vec<String> =
        words("-v error -hide_banner -nostdin -y -progress pipe:1 -nostats").collect();
    if task.mock {
        args.extend(placeholder(task));
    } else {
        args.extend(words("-copyts -noaccurate_seek -seek_timestamp 1"));
        if let Some(seek) = task.chunk.cut.seek {
            args.extend(["-ss".to_owned(), decimal(seek)]);
        }
        let described = task.described;
        args.extend(input::open_described(&task.url, task.container, described));
    }
    args.extend(["-filter_complex".to_owned(), graph(task)]);
    for (i, rendition) in task.rungs.iter().enumerate() {
        args.extend(output(task, &rendition.rung, i));
    }
    args
}

/// Colour bars, which nobody takes for a film, small because every rung scales them anyway.
fn placeholder(task: &ChunkTask) -> Vec<String> {
    let rate = task.frame_rate;
    let bars = format!("smptebars=size=320x180:rate={}/{}", rate.num(), rate.den());
    ["-f", "lavfi", "-i", &bars].map(str::to_owned).to_vec()
}

/// Microseconds are ffmpeg's own resolution for these options; rounding down cannot reach past a frame, because the
/// planner puts every bound half a frame away from any.
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

/// Fields made frames, cut, every frame put on the output's grid by counting, then one branch for each rung.
fn graph(task: &ChunkTask) -> String {
    let mut steps: Vec<String> = Vec::new();
    if task.mock {
        steps.push(format!("trim=end_frame={}", task.chunk.frames.count().0));
    } else {
        steps.extend(deinterlace(task.scan));
        steps.extend(cut(task));
        steps.extend(task.source.crop.map(|crop| cropped(&task.source, crop)));
    }
    let rate = task.frame_rate;
    steps.push(format!("settb=expr={}/{}", rate.den(), rate.num()));
    steps.push(format!("setpts=N+{}", task.chunk.frames.start));
    let branches = task.rungs.len();
    let labels: String = (0..branches).map(|i| format!("[s{i}]")).collect();
    steps.push(format!("split={branches}{labels}"));
    let stream = if task.mock { 0 } else { task.source.index };
    let mut graph = format!("[0:{stream}]{}", steps.join(","));
    for (i, rendition) in task.rungs.iter().enumerate() {
        graph.push_str(&branch(task, &rendition.rung, i));
    }
    graph
}

/// One frame for each frame, made of its earlier field and of the neighbours; before the cut, so that a chunk's first and last
/// frames have theirs.
fn deinterlace(scan: Scan) -> Option<String> {
    let parity = match scan {
        Scan::Progressive => return None,
        Scan::TopFirst => "tff",
        Scan::BottomFirst => "bff",
    };
    Some(format!("bwdif=mode=send_frame:parity={parity}:deint=all"))
}

/// The clean aperture. The picture has been turned before the first filter already; from 7.1 on it has been cropped too,
/// which its size tells.
fn cropped(source: &VideoStream, crop: Crop) -> String {
    let whole = Crop {
        x: 0,
        y: 0,
        size: source.coded,
    };
    let whole = whole.turned(source.coded, source.rotation).size;
    let Crop { x, y, size } = crop.turned(source.coded, source.rotation);
    let whole = format!("eq(iw,{})*eq(ih,{})", whole.width, whole.height);
    format!(
        "crop='if({whole},{},iw)':'if({whole},{},ih)':'if({whole},{x},0)':'if({whole},{y},0)'",
        size.width, size.height
    )
}

fn branch(task: &ChunkTask, rung: &ResolvedRung, i: usize) -> String {
    let (source, size) = (&task.source, rung.resolution);
    let mapped = tone_mapped(task, rung);
    let read = Color::of(source, source.dynamic_range()).scaler;
    let written = Color::of(source, rung.range).scaler;
    let scaled = format!(
        "scale={}:{}:flags=bicubic:in_color_matrix={read}",
        size.width, size.height
    );
    let format = &rung.settings.pixel_format;
    let steps = match mapped {
        false => format!("{scaled}:out_color_matrix={written}:out_range=tv"),
        true => format!(
            "{scaled},format=gbrp16le,lut3d=file={}:interp=tetrahedral,scale=flags=bicubic:out_color_matrix={written}:out_range=tv",
            hdr::FILE
        ),
    };
    format!(";[s{i}]{steps},setsar=1,format={format}[v{i}]")
}

/// Whether a rung shows less than its source has.
pub(super) fn tone_mapped(task: &ChunkTask, rung: &ResolvedRung) -> bool {
    !task.mock && task.source.dynamic_range() != rung.range
}

fn cut(task: &ChunkTask) -> Vec<String> {
    match task.mapping {
        FrameMapping::Every => trim(task).into_iter().collect(),
        FrameMapping::Resampled => resample(task),
    }
}

/// The source's own frames between two bounds; open at the file's ends.
fn trim(task: &ChunkTask) -> Option<String> {
    let cut = &task.chunk.cut;
    let start = cut.start.map(|t| format!("start={}", decimal(t)));
    let end = cut.end.map(|t| format!("end={}", decimal(t)));
    let bounds: Vec<String> = start.into_iter().chain(end).collect();
    (!bounds.is_empty()).then(|| format!("trim={}", bounds.join(":")))
}

/// How much finer than the grid source times are kept while frames are chosen.
const FINENESS: u32 = 16;

/// The source frame nearest to each time of the grid.
///
/// Every chunk counts from the first source frame in the same fine ticks, so that a source frame is rounded to the same
/// place of the grid whichever chunk looks at it. The last frame is held for at most a second: enough for its own duration, which
/// is an estimate, and too little to hide that the source ended early.
fn resample(task: &ChunkTask) -> Vec<String> {
    let rate = task.frame_rate;
    let fine = rate.timescale().0.saturating_mul(FINENESS);
    let zero = rescaled(task.video_start, fine);
    let frames = task.chunk.frames;
    vec![
        format!("settb=expr=1/{fine}"),
        format!("setpts=PTS-({zero})"),
        format!("fps=fps={rate}:round=near"),
        "tpad=stop_mode=clone:stop_duration=1".to_owned(),
        format!("trim=start_pts={}:end_pts={}", frames.start, frames.end),
    ]
}

fn rescaled(time: Seconds, fine: u32) -> i64 {
    let scale = i128::from(time.timescale.0.max(1));
    let ticks = i128::from(time.ticks.0) * i128::from(fine);
    let Ticks(nearest) = Ticks(i64::try_from((ticks + scale / 2).div_euclid(scale)).unwrap_or(0));
    nearest
}

fn output(task: &ChunkTask, rung: &ResolvedRung, i: usize) -> Vec<String> {
    let rate = task.frame_rate;
    let mut args = vec!["-map".to_owned(), format!("[v{i}]")];
    args.extend(words(
        "-an -sn -dn -map_metadata -1 -map_chapters -1 -fps_mode passthrough",
    ));
    args.extend([
        "-enc_time_base".to_owned(),
        format!("{}/{}", rate.den(), rate.num()),
    ]);
    if rung.range == VideoRange::Pq {
        // HDR10 makes x265 repeat its parameter sets at every IDR picture; in `hvc1` they belong in the init segment alone.
        args.extend(words("-bsf:v filter_units=remove_types=32-34"));
    }
    args.extend(encoder(&task.source, rung, task.gop_frames.0));
    args.extend(color_tags(Color::of(&task.source, rung.range)));
    let key_frames = format!("expr:eq(mod(n,{}),0)", task.gop_frames.0);
    args.extend(["-force_key_frames".to_owned(), key_frames]);
    args.extend(words("-forced-idr 1 -video_track_timescale"));
    args.push(rate.timescale().0.to_string());
    args.extend(words("-f mp4 -movflags"));
    args.push("+frag_keyframe+default_base_moof+frag_discont+delay_moov+skip_trailer".to_owned());
    args.push(output_name(i));
    args
}

fn encoder(source: &VideoStream, rung: &ResolvedRung, gop: u64) -> Vec<String> {
    let settings = &rung.settings;
    let mut args: Vec<String> = match rung.codec {
        VideoCodec::H264 => words("-c:v libx264").collect(),
        VideoCodec::H265 => words("-c:v libx265 -tag:v hvc1").collect(),
    };
    let mut option = |name: &str, value: String| args.extend([name.to_owned(), value]);
    option("-preset", settings.preset.clone());
    option("-profile:v", settings.profile.clone());
    option("-pix_fmt", settings.pixel_format.clone());
    option("-crf", rung.crf.to_string());
    option("-maxrate", rung.max_bitrate.0.to_string());
    option("-bufsize", rung.buffer_bits.to_string());
    option("-threads", settings.threads.to_string());
    match rung.codec {
        VideoCodec::H264 => {
            option(
                "-level:v",
                format!("{}.{}", rung.level / 10, rung.level % 10),
            );
            option("-x264-params", x264(gop));
        }
        VideoCodec::H265 => option("-x265-params", x265(rung, gop) + &mastering(source, rung)),
    }
    args
}

/// `stitchable` keeps the parameter sets free of what content and quality decide; `vbv-init` lets chunks share one buffer
/// model, since each starts with it half full; without scene cuts the IDR pictures stay on their grid.
fn x264(gop: u64) -> String {
    format!("keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:stitchable=1:vbv-init=0.5")
}

fn x265(rung: &ResolvedRung, gop: u64) -> String {
    let threads = rung.settings.threads;
    let pools = if threads > 1 {
        threads.to_string()
    } else {
        "none".to_owned()
    };
    format!(
        "keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:vbv-init=0.5:level-idc={}:no-high-tier=1:no-info=1:\
         repeat-headers=0:hash=0:frame-threads=1:pools={pools}:log-level=error",
        rung.level
    )
}

/// HDR10 metadata: passed on, as the picture itself is.
fn mastering(source: &VideoStream, rung: &ResolvedRung) -> String {
    if rung.range != VideoRange::Pq {
        return String::new();
    }
    let mut params = ":hdr10=1".to_owned();
    if let Some(m) = source.mastering {
        let [r, g, b, w] = m.chromaticities.map(|[x, y]| format!("({x},{y})"));
        let (high, low) = (m.brightest, m.darkest);
        params.push_str(&format!(":master-display=G{g}B{b}R{r}WP{w}L({high},{low})"));
    }
    if let Some(light) = source.light {
        params.push_str(&format!(":max-cll={},{}", light.brightest, light.average));
    }
    params
}

fn color_tags(color: Color) -> [String; 8] {
    [
        "-color_primaries",
        color.primaries,
        "-color_trc",
        color.transfer,
        "-colorspace",
        color.matrix,
        "-color_range",
        "tv",
    ]
    .map(str::to_owned)
}
