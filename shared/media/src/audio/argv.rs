//! The command lines of both passes over an audio track.

use super::{AudioTask, Correction};
use crate::command::words;
use crate::input;

/// The encoder's file in the task's folder.
pub(super) const OUTPUT: &str = "audio.mp4";

/// Arguments of ffmpeg for the first pass: measures loudness and true peak of exactly what the second will encode.
#[must_use]
pub fn measure_argv(task: &AudioTask) -> Vec<String> {
    // The summary is a message of level info.
    let mut args = common(task, "info");
    let filters = format!("{},ebur128=peak=true:framelog=verbose", mix(task));
    args.extend(["-af".to_owned(), filters]);
    args.extend(words("-f null -"));
    args
}

/// Arguments of ffmpeg for the second pass.
#[must_use]
pub fn encode_argv(task: &AudioTask, correction: Correction) -> Vec<String> {
    let mut args = common(task, "error");
    let samples = task.rendition.samples;
    let mut filters = vec![mix(task)];
    if correction.gain_db != 0.0 {
        filters.push(format!(
            "volume=volume={}dB:precision=float",
            correction.gain_db
        ));
    }
    if correction.limit {
        filters.push(limiter(task));
    }
    filters.push(format!("apad=whole_len={samples}"));
    filters.push(format!("atrim=end_sample={samples}"));
    args.extend(["-af".to_owned(), filters.join(",")]);
    args.extend(words(
        "-map_metadata -1 -map_chapters -1 -c:a aac -profile:a aac_low -b:a",
    ));
    args.push(task.settings.bitrate.0.to_string());
    // Whole fragments of about four seconds; they are cut anew, so their bounds do not matter.
    args.extend(words("-frag_duration 4000000 -f mp4"));
    args.extend(words(
        "-movflags +default_base_moof+delay_moov+skip_trailer",
    ));
    args.push(OUTPUT.to_owned());
    args
}

fn common(task: &AudioTask, level: &str) -> Vec<String> {
    let mut args = vec!["-v".to_owned(), level.to_owned()];
    args.extend(words("-hide_banner -nostdin -y -progress pipe:1 -nostats"));
    if task.mock {
        args.extend(silence(task));
    } else {
        args.push("-copyts".to_owned());
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

/// The track from the video's first frame on, gaps filled with silence, mixed to the channels of the output, as floats so
/// that a gain cannot clip.
fn mix(task: &AudioTask) -> String {
    let rate = task.rendition.sample_rate;
    if task.mock {
        return format!(
            "aformat=sample_fmts=fltp:channel_layouts={}",
            layout(task.settings.channels)
        );
    }
    let start = start_sample(task);
    format!(
        "aresample={rate}:async=1:first_pts={start},asetpts=PTS-({start}),\
         aformat=sample_fmts=fltp:channel_layouts={}",
        layout(task.settings.channels)
    )
}

/// The video's start in samples, rounded to nearest.
fn start_sample(task: &AudioTask) -> i64 {
    let start = task.video_start;
    let scale = i128::from(start.timescale.0.max(1));
    let samples = i128::from(start.ticks.0) * i128::from(task.rendition.sample_rate);
    i64::try_from((samples + scale / 2).div_euclid(scale)).unwrap_or(0)
}

fn layout(channels: u32) -> &'static str {
    match channels {
        1 => "mono",
        6 => "5.1",
        8 => "7.1",
        _ => "stereo",
    }
}

/// Peaks between the samples count too, so the limiter works at four times the rate.
fn limiter(task: &AudioTask) -> String {
    let rate = task.rendition.sample_rate;
    let ceiling = 10f64.powf(task.settings.true_peak_dbtp / 20.0);
    format!(
        "aresample={},alimiter=level=disabled:limit={ceiling:.6}:attack=5:release=50:latency=1,aresample={rate}",
        u64::from(rate) * 4
    )
}
