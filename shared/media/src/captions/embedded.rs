//! Captions inside the mezzanine. ffmpeg extracts a subtitle stream as a file, and the readers of caption files read that;
//! ffprobe prints closed captions of the pictures or of a track, and [`super::closed`] decodes them.

use std::path::PathBuf;

use reelsmith_core::caption_service::CaptionService;
use reelsmith_core::manifest::CaptionFormat;
use reelsmith_core::plan::{CLOSED_CAPTIONS, Plan, TextRendition};
use reelsmith_core::probe::{Probe, Seconds};
use reelsmith_core::sniff::Container;

use reelsmith_core::warning::{Warning, WarningName};

use super::closed::{self, Packet};
use super::{Captions, Cue, MAX_SIZE, Reading, encoding, millis, read, segments, settle, stamp};
use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::process::{self, Activity, Limits};
use crate::tools::Tools;
use crate::video::read_and_remove;

/// Everything needed to extract one subtitle stream, or the closed captions, of a mezzanine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedTask {
    /// Address of the mezzanine at the range proxy.
    pub url: String,
    pub container: Container,
    /// Index among all streams of the file.
    pub stream: u32,
    /// ffmpeg's name for the codec.
    pub codec: String,
    /// The service of closed captions; `None` for another subtitle stream.
    pub service: Option<CaptionService>,
    /// Whether the closed captions are within the pictures of the stream.
    pub in_pictures: bool,
    /// The format of the extracted file.
    pub format: CaptionFormat,
    /// When the first video frame is shown: time zero of the output.
    pub video_start: Seconds,
    /// An empty folder for the file.
    pub directory: PathBuf,
}

impl EmbeddedTask {
    /// The task for a caption rendition whose source is the mezzanine.
    ///
    /// # Errors
    /// [`MediaError::Plan`] if its source is a caption file, or a stream that the probe does not have.
    pub fn new(
        url: impl Into<String>,
        probe: &Probe,
        plan: &Plan,
        text: &TextRendition,
        directory: impl Into<PathBuf>,
    ) -> Result<Self, MediaError> {
        let streams = probe.text.iter().map(|s| (s.index, s.codec.as_str()));
        let video = probe.video.as_ref();
        let captioned = video.filter(|video| video.captioned);
        let pictures = captioned.map(|video| (video.index, CLOSED_CAPTIONS));
        let known = streams
            .chain(pictures)
            .find(|(index, _)| Some(*index) == text.stream);
        let (stream, codec) = known.ok_or_else(|| {
            let expected = format!("{} from a subtitle stream of the mezzanine", text.path);
            let found = format!("stream {:?} of {}", text.stream, probe.text.len());
            MediaError::plan(expected, found)
        })?;
        Ok(Self {
            url: url.into(),
            container: probe.container,
            stream,
            codec: codec.to_owned(),
            service: text.service,
            in_pictures: video.is_some_and(|video| stream == video.index),
            format: text.format,
            video_start: plan.video_start,
            directory: directory.into(),
        })
    }
}

/// Name of the extracted file in the task's folder.
const OUTPUT: &str = "captions";

/// All cues are shifted by an hour for extraction, because a text muxer cannot write a time before zero and would shift
/// all cues instead. The longest programme plus an hour stays below the ten hours that ASS has digits for.
pub(super) const SHIFT_MS: i64 = 3_600_000;

/// Arguments of ffmpeg for extracting a subtitle stream.
#[must_use]
pub fn embedded_argv(task: &EmbeddedTask) -> Vec<String> {
    let (url, container, stream) = (&task.url, task.container, task.stream);
    let input = format!("{} -map 0:{stream}", input::open(url, container));
    let (muxer, converted) = match task.format {
        CaptionFormat::Ass => ("ass", "ass"),
        CaptionFormat::Vtt => ("webvtt", "subrip"),
        CaptionFormat::Srt | CaptionFormat::Ttml => ("srt", "subrip"),
    };
    // Text codecs are copied. 3GPP timed text is binary, so it is converted to SubRip.
    let codec = match task.codec.as_str() {
        "subrip" | "ass" | "ssa" | "webvtt" => "copy",
        _ => converted,
    };
    let shift = shift_us(task.video_start);
    words(&format!(
        "-v error -hide_banner -nostdin -y -progress pipe:1 -nostats -copyts {input} -vn -an -dn -map_metadata -1 \
         -map_chapters -1 -c:s {codec} -output_ts_offset {shift}us -f {muxer} {OUTPUT}"
    ))
}

/// Arguments of ffprobe for printing the packets of closed captions with their times and bytes.
#[must_use]
pub fn closed_argv(task: &EmbeddedTask) -> Vec<String> {
    let (url, container, stream) = (&task.url, task.container, task.stream);
    let (input, stream) = if task.in_pictures {
        let input = input::open_captions(url, container, stream);
        (input, "s:0".to_owned())
    } else {
        (input::open(url, container), stream.to_string())
    };
    words(&format!(
        "-v error -hide_banner -select_streams {stream} -show_packets -show_data \
         -show_entries packet=pts_time,duration_time,data -of compact=print_section=0:nokey=1 {input}"
    ))
}

/// The offset from the source's timeline to the programme's, plus the hour, in microseconds rounded to nearest.
pub(super) fn shift_us(start: Seconds) -> i64 {
    let scale = i128::from(start.timescale.0.max(1));
    let start = (i128::from(start.ticks.0) * 1_000_000 + scale / 2).div_euclid(scale);
    SHIFT_MS * 1_000 - i64::try_from(start).unwrap_or(0)
}

/// Extracts a subtitle stream or a service of closed captions and cuts it as [`super::convert_captions`] does; also returns the processor time in
/// milliseconds. Unlike a file, a stream may have no cues: then there are no segments, and a warning.
///
/// # Errors
/// [`MediaError::Captions`] if the extracted file is malformed, and the errors of [`process::run`].
pub async fn convert_embedded(
    tools: &Tools,
    task: &EmbeddedTask,
    plan: &Plan,
    limits: &Limits,
) -> Result<(Captions, u64), MediaError> {
    let limits = Limits {
        // Between two cues ffmpeg may read for minutes without writing anything.
        stall: limits.wall,
        file_size: MAX_SIZE as u64 + 1,
        ..*limits
    };
    if let Some(service) = task.service {
        return convert_closed(tools, task, service, plan, &limits).await;
    }
    let command =
        Command::new(tools.caption_extractor(), embedded_argv(task)).within(&task.directory);
    let run = process::run(&command, &limits, |_| Ok(Activity::Progress)).await?;
    let file = read_and_remove(&task.directory.join(OUTPUT)).await?;
    let text = encoding::decode(&file, "")?.text;
    let mut reading = if text.trim().is_empty() {
        Reading::default()
    } else {
        read(&text, task.format)?
    };
    reading.cues.iter_mut().for_each(|c| c.shift(-SHIFT_MS));
    let name = format!("stream {}", task.stream);
    Ok((within_programme(reading.cues, &name, "", plan), run.cpu_ms))
}

/// Limit of packets of closed captions: those of 24 hours at 60 frames per second.
const MAX_PACKETS: usize = 24 * 3_600 * 60;

async fn convert_closed(
    tools: &Tools,
    task: &EmbeddedTask,
    service: CaptionService,
    plan: &Plan,
    limits: &Limits,
) -> Result<(Captions, u64), MediaError> {
    let command = Command::new(&tools.ffprobe, closed_argv(task));
    let mut packets = Vec::new();
    let collect = |line: &str| {
        // Most pictures have no captions: of those in a row the last is enough.
        if packets.last().is_some_and(Packet::is_padding) {
            packets.pop();
        }
        packets.extend(Packet::read(line).filter(|_| packets.len() < MAX_PACKETS));
        Ok(Activity::Progress)
    };
    let run = process::run(&command, limits, collect).await?;
    packets.sort_by_key(|p| p.start);
    let mut services = closed::read(&packets);
    let names: Vec<String> = services.keys().map(ToString::to_string).collect();
    let others = match names.len() {
        0 => " in any service".to_owned(),
        _ => format!(" in {service}; there are captions in {}", names.join(", ")),
    };
    let mut cues = services.remove(&service).unwrap_or_default();
    let start = -shift_us(task.video_start).div_euclid(1_000) + SHIFT_MS;
    cues.iter_mut().for_each(|c| c.shift(-start));
    let name = format!("{service} of stream {}", task.stream);
    Ok((within_programme(cues, &name, &others, plan), run.cpu_ms))
}

/// The cues of a stream that are shown within the programme. The stream has the mezzanine's clock, so cues outside are
/// those of parts that the programme does not have. `others` continues the finding that there are none.
fn within_programme(cues: Vec<Cue>, name: &str, others: &str, plan: &Plan) -> Captions {
    let total = millis(plan.duration(), plan);
    let all = cues.len();
    let within = |c: &Cue| c.start < total && c.end > 0;
    let mut shown: Vec<Cue> = cues
        .into_iter()
        .filter(|c| c.end > c.start && !c.payload.is_empty())
        .collect();
    // Cues of the parts before InPoint and after OutPoint are left out as the manifest says.
    let (whole, first) = plan.whole();
    let (whole, first) = (millis(whole, plan), millis(first, plan));
    let known = |c: &Cue| c.start < whole - first && c.end > -first;
    let outside = shown.iter().filter(|c| !known(c)).count();
    shown.retain(within);
    for cue in &mut shown {
        cue.start = cue.start.max(0);
        cue.end = cue.end.min(total);
    }
    let mut warnings = Vec::new();
    if shown.is_empty() {
        let found = match all {
            0 => format!("no cue{others}"),
            _ => format!("{all} cues, {outside} of them outside the programme"),
        };
        warnings.push(settle::empty(name, found));
    } else if outside > 0 {
        let expected = format!("cues within the programme of {}", stamp(total));
        let warning = Warning::new(WarningName::CaptionCuesOutside, name).times(outside as u64);
        let found = format!("{outside} of {all} outside");
        warnings.push(warning.because(expected, found, "they are left out"));
    }
    Captions {
        segments: segments(&settle::merged(shown), plan),
        warnings,
    }
}

#[cfg(test)]
mod tests;
