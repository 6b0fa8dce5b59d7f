//! The parts of the encoder's command that make fingerprints and statistics, and the command that compares.

use reelsmith_core::plan::FrameMapping;
use reelsmith_core::probe::{Seconds, VideoStream};
use reelsmith_core::time::{FrameCount, FrameRange, Ticks, Timescale};

use super::super::ChunkTask;
use super::super::filters;
use super::fingerprint::SourceFrame;
use crate::command::{Command, words};
use crate::input;
use crate::tools::Tools;

/// Columns of a fingerprint.
pub(super) const CELL_COLUMNS: usize = 64;
/// Rows of a fingerprint.
pub(super) const CELL_ROWS: usize = 36;

/// The fingerprints of the source.
pub(super) const SOURCE: &str = "source.cells";
/// The fingerprints of the source in SDR.
pub(super) const MAPPED: &str = "mapped.cells";
/// The times of the source's frames.
pub(super) const TIMES: &str = "source.times";

/// The finished segments of a rung as one file.
pub(super) fn joined(rung: usize) -> String {
    format!("{rung}.joined")
}

/// The fingerprints of a rung.
pub(super) fn cells(rung: usize) -> String {
    format!("{rung}.cells")
}

/// The SSIM of the sampled frames of a rung.
pub(super) fn ssim(rung: usize) -> String {
    format!("{rung}.ssim")
}

/// The PSNR of the sampled frames of a rung.
pub(super) fn psnr(rung: usize) -> String {
    format!("{rung}.psnr")
}

/// A sampled frame beside the mezzanine's, by its number among the samples from 1.
pub(super) fn picture(rung: usize, number: usize) -> String {
    format!("{rung}_{number}.jpg")
}

/// Checksums of the sampled frames that the encoder of a rung received.
pub(super) fn received(rung: usize) -> String {
    format!("{rung}.received")
}

/// Checksums of the same frames of the independent decode.
pub(super) fn decoded_again(rung: usize) -> String {
    format!("{rung}.decoded")
}

/// The pixel formats of red, green and blue begin with these.
const RGB: [&str; 7] = ["rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "xyz"];

/// Whether the decoder gives red, green and blue.
pub(super) fn is_rgb(source: &VideoStream) -> bool {
    let format = source.pixel_format.as_str();
    format == "pal8" || RGB.iter().any(|start| format.starts_with(start))
}

/// Whether the samples of the source use the full range.
pub(super) fn is_full_range(source: &VideoStream) -> bool {
    source.range.as_deref() == Some("pc") || source.pixel_format.starts_with("yuvj")
}

/// Codecs whose pictures are all key frames, so that a few frames are decoded without others.
const INTRA: [&str; 8] = [
    "prores", "dnxhd", "mjpeg", "jpeg2000", "dvvideo", "v210", "cfhd", "rawvideo",
];

/// The label of the decoder's frames beside their fingerprints.
pub(crate) const DECODED: &str = "[decoded]";

/// The branches of the encoder's filter graph that make fingerprints. The decoder's frames go on as [`DECODED`].
pub(crate) fn fingerprints(task: &ChunkTask) -> String {
    let mapped = task.rungs.iter().find(|r| super::is_tone_mapped(task, r));
    let mut steps: Vec<String> = filters::trim_end(task).into_iter().collect();
    steps.extend(filters::crop(task));
    let steps: String = steps.iter().map(|s| format!("{s},")).collect();
    let format = if is_rgb(&task.source) {
        "gbrp"
    } else {
        "yuv444p"
    };
    let size = format!("scale={CELL_COLUMNS}:{CELL_ROWS}:flags=area");
    let stream = task.source.index;
    let mut graph = format!("[0:{stream}]split=2{DECODED}[ff];[ff]{steps}");
    match mapped {
        None => graph.push_str(&format!("{size},format={format},split=2[fs][ft];")),
        Some(rendition) => {
            let around = filters::tone_mapping(task, &rendition.rung);
            graph.push_str(&format!(
                "scale={}:{}:flags=area,split=2[fs0][fm];[fs0]{size},format={format},split=2[fs][ft];\
                 [fm]{around},{size},format=yuv444p[fn];",
                4 * CELL_COLUMNS,
                4 * CELL_ROWS
            ));
        }
    }
    graph
}

/// Passes the frames of a rung to its encoder as `[e0]`, `[e1]`, … and the sampled ones to [`evidence_outputs`] as well.
pub(crate) fn given(task: &ChunkTask, i: usize) -> String {
    let selection = selection(&sampled(task));
    format!(";[v{i}]split=2[e{i}][g{i}];[g{i}]select='{selection}'[k{i}]")
}

/// The outputs of [`fingerprints`] and [`given`].
pub(crate) fn evidence_outputs(task: &ChunkTask) -> String {
    let output = |label: &str, muxer: &str, file: &str| {
        format!("-map [{label}] {TIMING} -c:v rawvideo -f {muxer} {file}")
    };
    let mut outputs = vec![
        output("fs", "rawvideo", SOURCE),
        output("ft", "framecrc", TIMES),
    ];
    if task.rungs.iter().any(|r| super::is_tone_mapped(task, r)) {
        outputs.push(output("fn", "rawvideo", MAPPED));
    }
    let rungs = 0..task.rungs.len();
    outputs.extend(rungs.map(|i| output(&format!("k{i}"), "framecrc", &received(i))));
    outputs.join(" ")
}

/// The frames of a chunk that are compared in full, and how the mezzanine's are decoded.
pub(super) struct Sample {
    /// Positions in the chunk, in ascending order.
    frames: Vec<u64>,
    /// Runs of frames that are decoded by seeking to each.
    windows: Vec<ChunkTask>,
    /// The whole chunk, decoded from further back.
    whole: ChunkTask,
}

impl Sample {
    /// `damaged` chooses no frames.
    pub(super) fn new(task: &ChunkTask, source: &[SourceFrame], damaged: bool) -> Self {
        let mut whole = task.clone();
        whole.chunk.cut.seek = task.reference_seek;
        let ranges = if damaged { Vec::new() } else { sampled(task) };
        let seeks = INTRA.contains(&task.source.codec.as_str())
            && task.chunk.cut.counted.is_none()
            && ranges.len() > 1;
        let windows = match seeks {
            true => ranges.iter().map(|r| window(task, source, *r)).collect(),
            false => Some(Vec::new()),
        };
        Self {
            frames: ranges.iter().flat_map(|r| r.start..r.end).collect(),
            windows: windows.unwrap_or_default(),
            whole,
        }
    }

    /// The frames that are compared, as positions in the chunk.
    pub(super) fn frames(&self) -> &[u64] {
        &self.frames
    }

    /// Whether decoding seeks to each run of frames.
    pub(super) fn is_seeked(&self) -> bool {
        !self.windows.is_empty()
    }

    /// The same frames, decoded in one run from further back than the encoder did.
    pub(super) fn decoded_from_further_back(self) -> Self {
        Self {
            windows: Vec::new(),
            ..self
        }
    }
}

/// The first and last two frames of a chunk, and a run of frames whose place differs from chunk to chunk; as positions in
/// the chunk.
fn sampled(task: &ChunkTask) -> Vec<FrameRange> {
    let count = task.chunk.frames.count().0;
    let run = count.saturating_mul(task.proof.sampled_percent.into());
    let run = run.div_ceil(100).max(1);
    if run.saturating_add(4) >= count {
        return vec![FrameRange {
            start: 0,
            end: count,
        }];
    }
    let span = count - 4 - run;
    // Multiples of the golden ratio are spread evenly.
    let place = u128::from(task.chunk.index.wrapping_mul(2_654_435_769));
    let start = 2 + u64::try_from((place * u128::from(span)) >> 32).unwrap_or(0);
    let ranges = [(0, 2), (start, start + run), (count - 2, count)];
    ranges.map(|(start, end)| FrameRange { start, end }).into()
}

/// The expression of ffmpeg's `select` for these frames.
fn selection(ranges: &[FrameRange]) -> String {
    let runs = ranges.iter();
    let runs = runs.map(|r| format!("between(n,{},{})", r.start, r.end.saturating_sub(1)));
    runs.collect::<Vec<_>>().join("+")
}

/// A run of frames as a task of its own; `None` if the source's times are not known.
fn window(task: &ChunkTask, source: &[SourceFrame], range: FrameRange) -> Option<ChunkTask> {
    let at = |position: u64| source.get(usize::try_from(position).ok()?)?.micros;
    let first = at(range.start)?;
    let last = at(range.end - 1)?;
    let frame = Seconds::of_frame(FrameCount(1), task.frame_rate).micros();
    let mut window = task.clone();
    let cut = &mut window.chunk.cut;
    window.chunk.frames = FrameRange {
        start: task.chunk.frames.start + range.start,
        end: task.chunk.frames.start + range.end,
    };
    cut.seek = Some(micros(first.saturating_sub(frame * 5 / 2)));
    if task.mapping == FrameMapping::Every && !task.fills_gaps {
        let held = (range.start..range.end).filter(|p| *p > range.start && at(*p) == at(*p - 1));
        cut.held = FrameCount(held.count() as u64);
        cut.start = Some(micros(between(
            range.start.checked_sub(1).and_then(at),
            first,
            frame,
        )));
        let next = at(range.end).filter(|next| *next > last);
        cut.end = Some(micros(last + next.map_or(frame, |next| next - last) / 2));
    }
    Some(window)
}

/// Midway between a time and the one before it, or half a frame before it.
fn between(before: Option<i64>, time: i64, frame: i64) -> i64 {
    match before {
        Some(before) if before < time => before + (time - before) / 2,
        _ => time - frame / 2,
    }
}

fn micros(micros: i64) -> Seconds {
    Seconds {
        ticks: Ticks(micros),
        timescale: Timescale(1_000_000),
    }
}

/// The command that compares the finished rungs with the mezzanine. It writes fingerprints of all frames, and scores and
/// pictures of the sampled ones.
pub(super) fn comparison(tools: &Tools, task: &ChunkTask, sample: &Sample) -> Command {
    let references: Vec<&ChunkTask> = match (sample.frames.is_empty(), sample.is_seeked()) {
        (true, _) => Vec::new(),
        (false, true) => sample.windows.iter().collect(),
        (false, false) => vec![&sample.whole],
    };
    let mut inputs: Vec<String> = references.iter().map(|r| reference_input(r)).collect();
    let rungs = 0..task.rungs.len();
    inputs.extend(rungs.clone().map(|i| format!("-f mov -i {}", joined(i))));
    let mut graph = reference_graph(task, &references);
    let mut outputs = Vec::new();
    for i in rungs {
        let input = references.len() + i;
        graph.push_str(&rung_graph(task, sample, input, i));
        outputs.push(format!(
            "-map [c{i}] {TIMING} -c:v rawvideo -f rawvideo {}",
            cells(i)
        ));
        if !sample.frames.is_empty() {
            outputs.push(format!(
                "-map [j{i}] {TIMING} -c:v mjpeg -q:v 4 -f image2 {i}_%d.jpg -map [h{i}] {TIMING} -c:v rawvideo -f framecrc {}",
                decoded_again(i)
            ));
        }
    }
    let (inputs, outputs) = (inputs.join(" "), outputs.join(" "));
    let program = tools.transcoder(task.decoded_codec(), task.ten_bits());
    let args = words(&format!(
        "-v warning -hide_banner -nostdin -y -progress pipe:1 -nostats -copyts {inputs} -filter_complex {graph} {outputs}"
    ));
    Command::new(program, args).within(&task.directory)
}

fn reference_input(task: &ChunkTask) -> String {
    let seek = task.chunk.cut.seek.map_or(String::new(), |seek| {
        format!("-ss {}", filters::decimal(seek))
    });
    let input = input::open(&task.reference_url, task.container);
    let cropping = filters::cropping(task);
    format!("-noaccurate_seek -seek_timestamp 1 {cropping} {seek} {input}")
}

/// Decodes the sampled frames of the mezzanine and scales them to each rung, as `[r0]`, `[r1]`, …
fn reference_graph(task: &ChunkTask, references: &[&ChunkTask]) -> String {
    if references.is_empty() {
        return String::new();
    }
    let mut graph = String::new();
    for (i, reference) in references.iter().enumerate() {
        let steps = filters::decoded_frames(reference).join(",");
        let steps = if steps.is_empty() { "null" } else { &steps };
        let stream = task.source.index;
        graph.push_str(&format!("[{i}:{stream}]{steps},setpts=N[w{i}];"));
    }
    let labels: String = (0..references.len()).map(|i| format!("[w{i}]")).collect();
    if references.len() > 1 {
        graph.push_str(&format!("{labels}concat=n={},", references.len()));
    } else {
        graph.push_str(&format!("{labels}select='{}',", selection(&sampled(task))));
    }
    let rungs = task.rungs.len();
    let split: String = (0..rungs).map(|i| format!("[s{i}]")).collect();
    graph.push_str(&format!("{NUMBERED},split={rungs}{split}"));
    for (i, rendition) in task.rungs.iter().enumerate() {
        graph.push_str(&filters::branch(task, &rendition.rung, i));
    }
    graph.push(';');
    graph
}

/// Numbers frames with times that all outputs reach together: since version 7, ffmpeg stops reading an input if its output
/// is ahead of another by a tenth of a second, and the filters that compare two inputs would wait forever.
const NUMBERED: &str = "settb=expr=1/1000000,setpts=N";
/// Keeps those times.
const TIMING: &str = "-fps_mode passthrough -enc_time_base filter";

/// Decodes a finished rung. `branch` has made `[v0]`, `[v1]`, … of the mezzanine's frames.
fn rung_graph(task: &ChunkTask, sample: &Sample, input: usize, i: usize) -> String {
    let size = format!("scale={CELL_COLUMNS}:{CELL_ROWS}:flags=area,format=yuv444p,{NUMBERED}");
    let separator = if i + 1 < task.rungs.len() { ";" } else { "" };
    if sample.frames.is_empty() {
        return format!("[{input}:0]{size}[c{i}]{separator}");
    }
    let format = &task.rungs[i].rung.settings.pixel_format;
    let selection = selection(&sampled(task));
    let (ssim, psnr) = (ssim(i), psnr(i));
    format!(
        "[{input}:0]split=2[e{i}][d{i}];[e{i}]{size}[c{i}];\
         [d{i}]select='{selection}',{NUMBERED},format={format}[x{i}];[v{i}]split=4[y{i}a][y{i}b][y{i}c][h{i}];\
         [x{i}][y{i}a]ssim=stats_file={ssim}:shortest=1[z{i}];[z{i}][y{i}b]psnr=stats_file={psnr}:shortest=1[q{i}];\
         [y{i}c][q{i}]hstack=shortest=1,scale=w=768:h=-2:flags=area:out_range=pc,format=yuvj420p,{NUMBERED}[j{i}]{separator}"
    )
}
