//! The command lines of the passes over an audio track, apart from running them.

use std::ops::Range;

use reelsmith_core::plan::MappedChannel;

use super::loudness::{HOPS, LEAD};
use super::{AudioTask, Correction};
use crate::command::words;
use crate::input;
use crate::video::decimal_micros;

/// Name of the encoder's file in the task's folder.
pub(super) const OUTPUT: &str = "audio.mp4";

/// Name of the mix in the task's folder, before the level correction.
pub(super) const MIX: &str = "mix.w64";
/// Largest mix that is kept, in bytes: nearly two hours of 5.1 or six of stereo. A longer track is read from the mezzanine
/// in every pass.
const MAX_MIX: u64 = 8_000_000_000;

/// Whether the first pass keeps the mix for the other passes.
pub(super) fn keeps_mix(task: &AudioTask) -> bool {
    let track = &task.rendition;
    !task.mock && track.samples * u64::from(track.channels) * 4 <= MAX_MIX
}

/// Arguments of ffmpeg for the first pass: mix the track, measure loudness and true peak, keep the mix, and list the time of
/// every decoded frame on stdout ([`Continuity`](super::continuity::Continuity)).
pub fn measure_argv(task: &AudioTask) -> Vec<String> {
    // The meter logs its summary at the level info.
    let begin = begin("info", task.mock);
    let (input, mix) = source(task, "-f framecrc pipe:1");
    if !keeps_mix(task) {
        return words(&format!(
            "{begin} {input} -filter_complex {mix},{METER}[told] -map [told] -f null -"
        ));
    }
    words(&format!(
        "{begin} {input} -filter_complex {mix},asplit=2[heard][kept];[heard]{METER}[told] \
         -map [told] -f null - -map [kept] -c:a pcm_f32le -f w64 {MIX}"
    ))
}

/// Arguments of ffmpeg for measuring the limited mix, or a slice of it, without encoding. Slices need a kept mix.
pub fn measure_limited_argv(
    task: &AudioTask,
    correction: Correction,
    slice: Option<&Range<u64>>,
) -> Vec<String> {
    let begin = begin("info", slice.is_none());
    let seek = slice.and_then(seek);
    let seek = seek.map_or(String::new(), |time| format!("-copyts -ss {time}"));
    let mut filters = Vec::new();
    filters.extend(slice.map(|slice| part(slice, task.rendition.sample_rate)));
    filters.extend(level(correction));
    filters.push(meter_filter("ebur128=framelog=verbose", slice));
    let mixed = mixed(task, &filters);
    words(&format!("{begin} {seek} {mixed} -f null -"))
}

/// The mix after `filters` as the only stream of an output: from the kept file, or from the mezzanine.
fn mixed(task: &AudioTask, filters: &[String]) -> String {
    let filters = filters.join(",");
    if !keeps_mix(task) {
        let (input, mix) = source(task, "-f null -");
        return format!("{input} -filter_complex {mix},{filters}[out] -map [out]");
    }
    let layout = layout(task.rendition.channels);
    format!(
        "-protocol_whitelist file -format_whitelist w64 -f w64 -i {MIX} \
         -af aformat=sample_fmts=fltp:channel_layouts={layout},{filters}"
    )
}

/// Arguments of ffmpeg for measuring the encoded file, or a slice of it.
pub fn measure_result_argv(task: &AudioTask, slice: Option<&Range<u64>>) -> Vec<String> {
    let begin = begin("info", slice.is_none());
    let seek = slice.and_then(seek);
    let seek = seek.map_or(String::new(), |time| {
        format!("-copyts -noaccurate_seek -ss {time}")
    });
    let part = slice.map_or(String::new(), |slice| {
        part(slice, task.rendition.sample_rate) + ","
    });
    let meter = meter_filter(METER, slice);
    words(&format!(
        "{begin} {seek} -protocol_whitelist file -format_whitelist mov -f mov -i {OUTPUT} -af {part}{meter} -f null -"
    ))
}

/// The common first arguments. Progress goes to stdout, unless a meter prints its hops there. `-cpuflags 0` selects the
/// portable code, because the code for other instruction sets rounds floating-point samples differently; an encode takes
/// about a fifth more processor time with it.
fn begin(level: &str, progress: bool) -> String {
    let progress = if progress { "-progress pipe:1" } else { "" };
    format!("-v {level} -hide_banner -nostdin -y -cpuflags 0 {progress} -nostats")
}

/// The seek position for a slice: a second before the meter starts, because the demuxer may find a packet only after it.
fn seek(slice: &Range<u64>) -> Option<String> {
    let lead = slice.start.checked_sub(LEAD + HOPS)?;
    Some(decimal_micros(
        i128::from(lead) * 1_000_000 / i128::from(HOPS),
    ))
}

/// The filter for the part of a track that a meter measures.
fn part(slice: &Range<u64>, rate: u32) -> String {
    let at = |hop: u64| hop * u64::from(rate) / HOPS;
    let end = match slice.end {
        u64::MAX => String::new(),
        end => format!(":end_pts={}", at(end)),
    };
    let start = at(slice.start.saturating_sub(LEAD));
    format!("atrim=start_pts={start}{end}")
}

/// The filter of a meter; for a slice it prints the value of every hop.
fn meter_filter(meter: &str, slice: Option<&Range<u64>>) -> String {
    match slice {
        Some(_) => {
            format!("{meter}:metadata=1,ametadata=mode=print:key=lavfi.r128.M:file=-")
        }
        None => meter.to_owned(),
    }
}

/// The meter, with true peak.
const METER: &str = "ebur128=peak=true:framelog=verbose";

/// Arguments of ffmpeg for encoding the corrected mix.
pub fn encode_argv(task: &AudioTask, correction: Correction) -> Vec<String> {
    let begin = begin("error", true);
    let samples = task.rendition.samples;
    let whole = [
        format!("apad=whole_len={samples}"),
        format!("atrim=end_sample={samples}"),
    ];
    let filters: Vec<String> = level(correction).chain(whole).collect();
    let mixed = mixed(task, &filters);
    let bitrate = task.settings.bitrate_of(task.rendition.channels).0;
    // Fragments of about four seconds. They are regrouped later, so their bounds do not matter.
    words(&format!(
        "{begin} {mixed} -map_metadata -1 -map_chapters -1 \
         -c:a aac -profile:a aac_low -b:a {bitrate} -frag_duration 4000000 -f mp4 \
         -movflags +default_base_moof+delay_moov+skip_trailer {OUTPUT}"
    ))
}

/// The input and the graph of the mix, whose output has no label.
///
/// ffmpeg rebuilds a filter graph if the decoded audio changes its rate, channels or format, and every filter then starts
/// again. So the mix has two stages. The first one has no memory: it gives every frame the rate and the channels of the
/// output and a time from the start of the video. The second one, behind a decoder of the first one's PCM, always sees the
/// same format: it starts the sound at time zero and fills gaps with silence. Offsets are exact, because both stages count in
/// samples of the output. `frames` is the destination of the first stage's own output. With a channel map, the first stage has
/// a mono output for each channel, and the second one joins them.
fn source(task: &AudioTask, frames: &str) -> (String, String) {
    let (rate, channels) = (task.rendition.sample_rate, task.rendition.channels);
    if task.mock {
        let (layout, end) = (layout(channels), task.rendition.samples);
        let silence = format!(
            "-f lavfi -i anullsrc=sample_rate={rate}:channel_layout=stereo,atrim=end_sample={end}"
        );
        let same = format!("[0:a]aformat=sample_fmts=fltp:channel_layouts={layout}");
        return (silence, same);
    }
    let mezzanine = input::open(&task.url, task.container);
    let start = start_sample(task);
    let timed = format!("aresample={rate},asetpts=PTS-({start})");
    let jump = task.least_jump_ms as f64 / 1_000.0;
    let samples = task.rendition.samples;
    let placed = format!(
        "aresample=async=1:min_hard_comp={jump}:first_pts=0,apad=whole_len={samples},atrim=end_sample={samples}"
    );
    let (mix, layout) = (mix(channels), layout(channels));
    let map = &task.rendition.map;
    let (outputs, placed) = if map.is_empty() {
        let stream = task.rendition.stream;
        let output = format!("-map 0:{stream} -filter:a:0 {timed},{mix}");
        (output, format!("[dec:0]{placed}"))
    } else {
        let outputs = map.iter().enumerate().map(|(n, MappedChannel { stream, channel })| {
            format!(
                "-map 0:{stream} -filter:a:{n} {timed},aformat=sample_fmts=fltp,pan=mono|c0=c{channel}"
            )
        });
        let outputs: Vec<String> = outputs.collect();
        (
            outputs.join(" "),
            format!("{},{mix}", joined(map.len(), &placed)),
        )
    };
    let decoders: Vec<String> = (0..map.len().max(1))
        .map(|n| format!("-dec 0:{n}"))
        .collect();
    let decoders = decoders.join(" ");
    let first =
        format!("-copyts {mezzanine} {outputs} -vn -sn -dn -c:a pcm_f32le {frames} {decoders}");
    let same = format!("aformat=sample_fmts=fltp:channel_layouts={layout}");
    (first, format!("{placed},{same}"))
}

/// The graph that joins decoded mono tracks, each placed by the filters `placed`, to one track.
fn joined(channels: usize, placed: &str) -> String {
    const PLACES: [&str; 8] = ["FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"];
    let (layout, places) = match channels {
        1 => ("mono", &["FC"][..]),
        2 => ("stereo", &PLACES[..2]),
        6 => ("5.1", &PLACES[..6]),
        _ => ("7.1", &PLACES[..]),
    };
    let places = places.iter().enumerate();
    let places: Vec<String> = places.map(|(n, place)| format!("{n}.0-{place}")).collect();
    let places = places.join("|");
    let graph = |n| format!("[dec:{n}]{placed}[c{n}];");
    let graphs: String = (0..channels).map(graph).collect();
    let labels: String = (0..channels).map(|n| format!("[c{n}]")).collect();
    format!("{graphs}{labels}join=inputs={channels}:channel_layout={layout}:map={places}")
}

/// The filters that mix a frame by its own layout to the channels of the output, in floating point, which cannot clip.
fn mix(channels: u32) -> String {
    let fold = if channels == 2 { DOWNMIX } else { "" };
    format!("aformat=sample_fmts=fltp:channel_layouts=5.1{fold}")
}

fn layout(channels: u32) -> &'static str {
    if channels == 6 { "5.1" } else { "stereo" }
}

/// The stereo downmix by ITU-R BS.775-4, annex 4, table 2: centre and surrounds at -3 dB, without
/// LFE. Mono is the centre of 5.1.
const DOWNMIX: &str = ",pan=stereo|FL=FL+0.7071*FC+0.7071*BL|FR=FR+0.7071*FC+0.7071*BR";

/// The start of the video in samples, rounded to nearest.
pub(super) fn start_sample(task: &AudioTask) -> i64 {
    let start = task.video_start;
    let scale = i128::from(start.timescale.0.max(1));
    let samples = i128::from(start.ticks.0) * i128::from(task.rendition.sample_rate);
    i64::try_from((samples + scale / 2).div_euclid(scale)).unwrap_or(0)
}

/// The filters of the level correction. The limiter does not see peaks between samples or those that the codec adds; the
/// measurement of the result does.
fn level(correction: Correction) -> impl Iterator<Item = String> {
    let gain = (correction.gain_db != 0.0)
        .then(|| format!("volume=volume={}dB:precision=float", correction.gain_db));
    let limiter = correction.limit_db.map(|ceiling| {
        let limit = 10f64.powf(ceiling / 20.0);
        format!("alimiter=level=disabled:limit={limit:.6}:attack=5:release=50:latency=1")
    });
    gain.into_iter().chain(limiter)
}
