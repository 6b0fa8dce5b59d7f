//! The command lines of both passes over an audio track.

use std::ops::Range;

use super::slices::{HOPS, LEAD};
use super::{AudioTask, Correction};
use crate::command::words;
use crate::input;
use crate::video::decimal_micros;

/// The encoder's file in the task's folder.
pub(super) const OUTPUT: &str = "audio.mp4";

/// Arguments of ffmpeg for the first pass: measures loudness and true peak of exactly what the second will encode, or of a slice
/// of it, in hops of 100 ms.
#[must_use]
pub fn measure_argv(task: &AudioTask, slice: Option<&Range<u64>>) -> Vec<String> {
    meter_argv(task, slice, None, METER)
}

/// Arguments of ffmpeg for measuring the loudness of the limited mix, or of a slice of it, without encoding it.
#[must_use]
pub fn settle_argv(
    task: &AudioTask,
    correction: Correction,
    slice: Option<&Range<u64>>,
) -> Vec<String> {
    meter_argv(task, slice, Some(correction), "ebur128=framelog=verbose")
}

fn meter_argv(
    task: &AudioTask,
    slice: Option<&Range<u64>>,
    correction: Option<Correction>,
    meter: &str,
) -> Vec<String> {
    let start = task.video_start;
    let start = i128::from(start.ticks.0) * 1_000_000 / i128::from(start.timescale.0.max(1));
    let seek = slice.and_then(|slice| seek(slice, start));
    // The summary is a message of level info.
    let mut args = common(task, "info", slice.is_none(), seek);
    let mut filters = vec![mix(task, slice.is_none_or(|s| s.start == 0))];
    filters.extend(slice.map(|slice| part(slice, task.rendition.sample_rate)));
    filters.extend(correction.into_iter().flat_map(level));
    filters.push(heard(meter, slice));
    args.extend(["-af".to_owned(), filters.join(",")]);
    args.extend(words("-f null -"));
    args
}

/// Arguments of ffmpeg for measuring the encoder's file, or a slice of it.
#[must_use]
pub fn result_argv(task: &AudioTask, slice: Option<&Range<u64>>) -> Vec<String> {
    let mut args: Vec<String> = words("-v info -hide_banner -nostdin -y").collect();
    args.extend(progress(slice.is_none()));
    if let Some(time) = slice.and_then(|slice| seek(slice, 0)) {
        args.extend(words("-copyts -noaccurate_seek -ss"));
        args.push(time);
    }
    args.extend(words(
        "-protocol_whitelist file -format_whitelist mov -f mov -i",
    ));
    args.push(OUTPUT.to_owned());
    let part = slice.map(|slice| part(slice, task.rendition.sample_rate));
    let filters: Vec<String> = part.into_iter().chain([heard(METER, slice)]).collect();
    args.extend(["-af".to_owned(), filters.join(",")]);
    args.extend(words("-f null -"));
    args
}

/// Progress on stdout, but for a meter that tells each hop there.
fn progress(told: bool) -> impl Iterator<Item = String> {
    words(if told {
        "-progress pipe:1 -nostats"
    } else {
        "-nostats"
    })
}

/// Where the demuxer goes for a slice of a track that begins at `start` microseconds: a second further back than the meter
/// listens, since it may only find a packet somewhat later.
fn seek(slice: &Range<u64>, start: i128) -> Option<String> {
    let lead = slice.start.checked_sub(LEAD + HOPS)?;
    let micros = start + i128::from(lead) * 1_000_000 / i128::from(HOPS);
    Some(decimal_micros(micros))
}

/// The part of a track that a meter listens to.
fn part(slice: &Range<u64>, rate: u32) -> String {
    let at = |hop: u64| hop * u64::from(rate) / HOPS;
    let end = match slice.end {
        u64::MAX => String::new(),
        end => format!(":end_pts={}", at(end)),
    };
    let start = at(slice.start.saturating_sub(LEAD));
    format!("atrim=start_pts={start}{end}")
}

/// A meter that tells each hop, where it hears a slice.
fn heard(meter: &str, slice: Option<&Range<u64>>) -> String {
    match slice {
        Some(_) => {
            format!("{meter}:metadata=1,ametadata=mode=print:key=lavfi.r128.M:file=-")
        }
        None => meter.to_owned(),
    }
}

/// The meter, true peak included; its summary is a message of level info.
const METER: &str = "ebur128=peak=true:framelog=verbose";

/// Arguments of ffmpeg for the second pass.
#[must_use]
pub fn encode_argv(task: &AudioTask, correction: Correction) -> Vec<String> {
    let mut args = common(task, "error", true, None);
    let samples = task.rendition.samples;
    let mut filters = vec![mix(task, true)];
    filters.extend(level(correction));
    filters.push(format!("apad=whole_len={samples}"));
    filters.push(format!("atrim=end_sample={samples}"));
    args.extend(["-af".to_owned(), filters.join(",")]);
    args.extend(words(
        "-map_metadata -1 -map_chapters -1 -c:a aac -profile:a aac_low -b:a",
    ));
    let bitrate = task.settings.bitrate_of(task.rendition.channels);
    args.push(bitrate.0.to_string());
    // Whole fragments of about four seconds; they are cut anew, so their bounds do not matter.
    args.extend(words("-frag_duration 4000000 -f mp4"));
    args.extend(words(
        "-movflags +default_base_moof+delay_moov+skip_trailer",
    ));
    args.push(OUTPUT.to_owned());
    args
}

fn common(task: &AudioTask, level: &str, told: bool, seek: Option<String>) -> Vec<String> {
    let mut args = vec!["-v".to_owned(), level.to_owned()];
    args.extend(words("-hide_banner -nostdin -y"));
    args.extend(progress(told));
    if task.mock {
        args.extend(silence(task));
    } else {
        args.push("-copyts".to_owned());
        if let Some(time) = seek {
            args.extend(words("-noaccurate_seek -seek_timestamp 1 -ss"));
            args.push(time);
        }
        args.extend(input::open(&task.url, task.container));
        args.push("-map".to_owned());
        args.push(format!("0:{}", task.rendition.stream));
    }
    args.extend(words("-vn -sn -dn"));
    args
}

/// Exactly the programme's samples of silence.
fn silence(task: &AudioTask) -> Vec<String> {
    let rate = task.rendition.sample_rate;
    let source = format!("anullsrc=sample_rate={rate}:channel_layout=stereo");
    [
        "-f",
        "lavfi",
        "-i",
        &format!("{source},atrim=end_sample={}", task.rendition.samples),
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The track from the video's first frame on, or from where a slice of it was found, gaps filled with silence, mixed to the channels of the output, as floats so
/// that neither the mix nor a gain can clip.
fn mix(task: &AudioTask, from_start: bool) -> String {
    let (rate, channels) = (task.rendition.sample_rate, task.rendition.channels);
    if task.mock {
        let layout = layout(channels);
        return format!("aformat=sample_fmts=fltp:channel_layouts={layout}");
    }
    let start = start_sample(task);
    let folded = channels == 2 && task.source_channels >= 6;
    let (layout, fold) = if folded {
        (layout(6), DOWNMIX)
    } else {
        (layout(channels), "")
    };
    let first = if from_start {
        format!(":first_pts={start}")
    } else {
        String::new()
    };
    format!(
        "aresample={rate}:async=1{first},asetpts=PTS-({start}),\
         aformat=sample_fmts=fltp:channel_layouts={layout}{fold}"
    )
}

fn layout(channels: u32) -> &'static str {
    if channels == 6 { "5.1" } else { "stereo" }
}

/// Stereo of 5.1 as ITU-R BS.775-4, annex 4, table 2 has it: centre and surrounds at -3 dB, no LFE.
const DOWNMIX: &str = ",pan=stereo|FL=FL+0.7071*FC+0.7071*BL|FR=FR+0.7071*FC+0.7071*BR";

/// The video's start in samples, rounded to nearest.
fn start_sample(task: &AudioTask) -> i64 {
    let start = task.video_start;
    let scale = i128::from(start.timescale.0.max(1));
    let samples = i128::from(start.ticks.0) * i128::from(task.rendition.sample_rate);
    i64::try_from((samples + scale / 2).div_euclid(scale)).unwrap_or(0)
}

/// The gain, and a limiter where peaks have to be caught. What it misses between samples, and what the codec adds, the
/// measurement of the result finds.
fn level(correction: Correction) -> impl Iterator<Item = String> {
    let gain = (correction.gain_db != 0.0)
        .then(|| format!("volume=volume={}dB:precision=float", correction.gain_db));
    let limiter = correction.limit_db.map(|ceiling| {
        let limit = 10f64.powf(ceiling / 20.0);
        format!("alimiter=level=disabled:limit={limit:.6}:attack=5:release=50:latency=1")
    });
    gain.into_iter().chain(limiter)
}
