//! The command line of a chunk, apart from running it.

use reelsmith_core::ladder::{CodecSettings, ResolvedRung, VideoCodec, VideoRange};
use reelsmith_core::probe::VideoStream;

use super::ChunkTask;
use super::compare::argv as compare;
use super::filters::{branch, cropping, decimal, decoded_frames};
use crate::command::words;
use crate::input;

/// Name of a rung's file in the task's folder.
pub(super) fn output_name(rung: usize) -> String {
    format!("{rung}.mp4")
}

/// Arguments of ffmpeg for a chunk: one input, one decode, one output file for each rung, progress on stdout.
#[must_use]
pub fn transcode_argv(task: &ChunkTask) -> Vec<String> {
    let input = if task.mock {
        // Colour bars. They are small, because every rung scales them.
        let rate = task.frame_rate;
        format!(
            "-f lavfi -i smptebars=size=320x180:rate={}/{}",
            rate.num(),
            rate.den()
        )
    } else {
        let seek = task.chunk.cut.seek;
        let seek = seek.map_or(String::new(), |seek| format!("-ss {}", decimal(seek)));
        let input = input::open_described(&task.url, task.container, task.described);
        let cropping = cropping(task);
        format!("-copyts -noaccurate_seek -seek_timestamp 1 {cropping} {seek} {input}")
    };
    let graph = graph(task);
    let rungs = task.rungs.iter().enumerate();
    let mut outputs: Vec<String> = rungs.map(|(i, r)| output(task, &r.rung, i)).collect();
    if !task.mock {
        outputs.push(compare::evidence_outputs(task));
    }
    let outputs = outputs.join(" ");
    words(&format!(
        "-v warning -hide_banner -nostdin -y -progress pipe:1 -nostats {input} -filter_complex {graph} {outputs}"
    ))
}

/// The filter graph: deinterlace, cut, crop, number the frames on the output's grid, then one branch for each rung.
fn graph(task: &ChunkTask) -> String {
    let (mut graph, mut steps) = if task.mock {
        let frames = task.chunk.frames.count().0;
        (String::new(), vec![format!("trim=end_frame={frames}")])
    } else {
        (compare::fingerprints(task), decoded_frames(task))
    };
    let rate = task.frame_rate;
    steps.push(format!("settb=expr={}/{}", rate.den(), rate.num()));
    steps.push(format!("setpts=N+{}", task.chunk.frames.start));
    let branches = task.rungs.len();
    let labels: String = (0..branches).map(|i| format!("[s{i}]")).collect();
    steps.push(format!("split={branches}{labels}"));
    let decoded = if task.mock { "[0:0]" } else { compare::DECODED };
    graph.push_str(&format!("{decoded}{}", steps.join(",")));
    for (i, rendition) in task.rungs.iter().enumerate() {
        graph.push_str(&branch(task, &rendition.rung, i));
        graph.push_str(&match task.mock {
            true => format!(";[v{i}]null[e{i}]"),
            false => compare::given(task, i),
        });
    }
    graph
}

fn output(task: &ChunkTask, rung: &ResolvedRung, i: usize) -> String {
    let (rate, gop) = (task.frame_rate, task.gop_frames.0);
    let (num, den, timescale) = (rate.num(), rate.den(), rate.timescale().0);
    let parameter_sets = match rung.range {
        // With HDR10, x265 repeats its parameter sets at every IDR picture; `hvc1` allows them in the init segment only.
        VideoRange::Pq => "-bsf:v filter_units=remove_types=32-34",
        _ => "",
    };
    let encoder = encoder(task, rung);
    let file = output_name(i);
    format!(
        "-map [e{i}] -an -sn -dn -map_metadata -1 -map_chapters -1 -fps_mode passthrough -enc_time_base {den}/{num} \
         {parameter_sets} {encoder} \
         -force_key_frames expr:eq(mod(n,{gop}),0) -forced-idr 1 -video_track_timescale {timescale} \
         -f mp4 -movflags +frag_keyframe+default_base_moof+frag_discont+delay_moov+skip_trailer {file}"
    )
}

/// The parameters state the frame rate, because encoders otherwise take the container's, which may be a wrong guess: x265
/// refuses 1,000 frames per second, and both compute rates with it.
fn encoder(task: &ChunkTask, rung: &ResolvedRung) -> String {
    let gop = task.gop_frames.0;
    let fps = format!("fps={}/{}", task.frame_rate.num(), task.frame_rate.den());
    let CodecSettings {
        preset,
        profile,
        pixel_format,
        threads,
        ..
    } = &rung.settings;
    let (name, parameters) = match rung.codec {
        VideoCodec::H264 => (
            "libx264",
            format!(
                "-level:v {}.{} -x264-params {fps}:{}",
                rung.level / 10,
                rung.level % 10,
                x264(gop)
            ),
        ),
        VideoCodec::H265 => (
            "libx265 -tag:v hvc1",
            format!(
                "-x265-params {fps}:{}{}",
                x265(rung, gop),
                mastering(&task.source, rung)
            ),
        ),
    };
    let (crf, cap, buffer) = (rung.crf, rung.max_bitrate.0, rung.buffer_bits);
    format!(
        "-c:v {name} -preset {preset} -profile:v {profile} -pix_fmt {pixel_format} -crf {crf} -maxrate {cap} \
         -bufsize {buffer} -threads {threads} {parameters}"
    )
}

/// `stitchable` makes the parameter sets independent of content and quality. With `vbv-init` every chunk starts with a
/// half-full buffer, so the chunks share one buffer model. Without scene cuts, IDR pictures stay on their grid. With
/// `cpu-independent`, processors with other instruction sets give the same bytes, even of another architecture.
fn x264(gop: u64) -> String {
    format!(
        "keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:stitchable=1:vbv-init=0.5:cpu-independent=1"
    )
}

/// x265 gives the same bytes with every instruction set of one architecture, but others on x86_64 than on arm64, because its
/// rate control computes with floating-point numbers. All workers of a deployment have one architecture.
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

/// The HDR10 metadata of the source as parameters of x265.
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
    match source.light {
        Some(light) => params.push_str(&format!(":max-cll={},{}", light.brightest, light.average)),
        // Otherwise x265 writes a content light level of 0.
        None => params.push_str(":no-cll=1"),
    }
    params
}
