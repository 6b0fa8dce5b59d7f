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
    args.extend(["-af".to_owned(), format!("{},{METER}", mix(task))]);
    args.extend(words("-f null -"));
    args
}

/// Arguments of ffmpeg for measuring the loudness of the limited mix, without encoding it.
#[must_use]
pub fn settle_argv(task: &AudioTask, correction: Correction) -> Vec<String> {
    let mut args = common(task, "info");
    let mut filters = vec![mix(task)];
    filters.extend(level(correction));
    filters.push("ebur128=framelog=verbose".to_owned());
    args.extend(["-af".to_owned(), filters.join(",")]);
    args.extend(words("-f null -"));
    args
}

/// Arguments of ffmpeg for measuring the encoder's file.
#[must_use]
pub fn result_argv() -> Vec<String> {
    let mut args: Vec<String> =
        words("-v info -hide_banner -nostdin -y -progress pipe:1 -nostats").collect();
    args.extend(words(
        "-protocol_whitelist file -format_whitelist mov -f mov -i",
    ));
    args.push(OUTPUT.to_owned());
    args.extend(["-af".to_owned(), METER.to_owned()]);
    args.extend(words("-f null -"));
    args
}

/// The meter, true peak included; its summary is a message of level info.
const METER: &str = "ebur128=peak=true:framelog=verbose";

/// Arguments of ffmpeg for the second pass.
#[must_use]
pub fn encode_argv(task: &AudioTask, correction: Correction) -> Vec<String> {
    let mut args = common(task, "error");
    let samples = task.rendition.samples;
    let mut filters = vec![mix(task)];
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
/// that neither the mix nor a gain can clip.
fn mix(task: &AudioTask) -> String {
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
    format!(
        "aresample={rate}:async=1:first_pts={start},asetpts=PTS-({start}),\
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
