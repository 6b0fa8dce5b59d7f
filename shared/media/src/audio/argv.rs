//! The command lines of the passes over an audio track.

use std::ops::Range;

use super::slices::{HOPS, LEAD};
use super::{AudioTask, Correction};
use crate::command::words;
use crate::input;
use crate::video::decimal_micros;

/// The encoder's file in the task's folder.
pub(super) const OUTPUT: &str = "audio.mp4";

/// The mix in the task's folder, as it is encoded but for its level.
pub(super) const MIX: &str = "mix.w64";
/// Largest mix that is kept: nearly two hours of 5.1, nearly six of stereo. What is longer is read from the mezzanine in every
/// pass.
const LARGEST_MIX: u64 = 8_000_000_000;

/// Whether the first pass keeps the mix for the others.
pub(super) fn keeps_mix(task: &AudioTask) -> bool {
    let track = &task.rendition;
    !task.mock && track.samples * u64::from(track.channels) * 4 <= LARGEST_MIX
}

/// Arguments of ffmpeg for the first pass: mixes the track, measures loudness and true peak of the mix, and keeps it, so that the
/// mezzanine is read once.
#[must_use]
pub fn measure_argv(task: &AudioTask) -> Vec<String> {
    // The summary is a message of level info.
    let mut args = begin("info", true);
    args.extend(mezzanine(task));
    let mix = mix(task);
    if !keeps_mix(task) {
        args.extend(track(task));
        args.extend(["-af".to_owned(), format!("{mix},{METER}")]);
        args.extend(words("-f null -"));
        return args;
    }
    let stream = task.rendition.stream;
    let graph = format!("[0:{stream}]{mix},asplit=2[heard][kept];[heard]{METER}[told]");
    args.extend(["-filter_complex".to_owned(), graph]);
    args.extend(words(
        "-map [told] -f null - -map [kept] -c:a pcm_f32le -f w64",
    ));
    args.push(MIX.to_owned());
    args
}

/// Arguments of ffmpeg for measuring the loudness of the limited mix, or of a slice of it, without encoding it. Only a mix that
/// is kept has slices.
#[must_use]
pub fn settle_argv(
    task: &AudioTask,
    correction: Correction,
    slice: Option<&Range<u64>>,
) -> Vec<String> {
    let mut args = begin("info", slice.is_none());
    if let Some(time) = slice.and_then(seek) {
        args.extend(["-copyts".to_owned(), "-ss".to_owned(), time]);
    }
    let (input, first) = mixed(task);
    args.extend(input);
    let mut filters = vec![first];
    filters.extend(slice.map(|slice| part(slice, task.rendition.sample_rate)));
    filters.extend(level(correction));
    filters.push(heard("ebur128=framelog=verbose", slice));
    args.extend(["-af".to_owned(), filters.join(",")]);
    args.extend(words("-f null -"));
    args
}

/// The mix: from the first pass where that kept it, from the mezzanine otherwise; and the filter that makes it.
fn mixed(task: &AudioTask) -> (Vec<String>, String) {
    if !keeps_mix(task) {
        let input = mezzanine(task).into_iter().chain(track(task));
        return (input.collect(), mix(task));
    }
    let input = format!("-protocol_whitelist file -format_whitelist w64 -f w64 -i {MIX}");
    let layout = layout(task.rendition.channels);
    let same = format!("aformat=sample_fmts=fltp:channel_layouts={layout}");
    (words(&input).collect(), same)
}

/// Arguments of ffmpeg for measuring the encoder's file, or a slice of it.
#[must_use]
pub fn result_argv(task: &AudioTask, slice: Option<&Range<u64>>) -> Vec<String> {
    let mut args = begin("info", slice.is_none());
    if let Some(time) = slice.and_then(seek) {
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

/// What every command begins with. Progress goes to stdout, but where a meter tells each hop there.
fn begin(level: &str, progress: bool) -> Vec<String> {
    let mut args = vec!["-v".to_owned(), level.to_owned()];
    args.extend(words("-hide_banner -nostdin -y"));
    args.extend(words(if progress {
        "-progress pipe:1 -nostats"
    } else {
        "-nostats"
    }));
    args
}

/// Where the demuxer goes for a slice: a second further back than the meter listens, since it may only find a packet somewhat
/// later.
fn seek(slice: &Range<u64>) -> Option<String> {
    let lead = slice.start.checked_sub(LEAD + HOPS)?;
    Some(decimal_micros(
        i128::from(lead) * 1_000_000 / i128::from(HOPS),
    ))
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
    let mut args = begin("error", true);
    let samples = task.rendition.samples;
    let (input, first) = mixed(task);
    args.extend(input);
    let mut filters = vec![first];
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

/// The mezzanine, or silence in its place.
fn mezzanine(task: &AudioTask) -> Vec<String> {
    if task.mock {
        return silence(task);
    }
    let mut args = vec!["-copyts".to_owned()];
    args.extend(input::open(&task.url, task.container));
    args
}

/// The track alone.
fn track(task: &AudioTask) -> Vec<String> {
    let mut args = Vec::new();
    if !task.mock {
        args.extend(["-map".to_owned(), format!("0:{}", task.rendition.stream)]);
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
