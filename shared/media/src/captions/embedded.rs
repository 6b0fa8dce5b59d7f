//! Captions that are a stream of the mezzanine, or within its pictures: taken out as a file, which the readers of files then read.

use std::path::PathBuf;

use bytes::Bytes;
use reelsmith_core::manifest::CaptionFormat;
use reelsmith_core::plan::{CLOSED_CAPTIONS, Plan, TextRendition};
use reelsmith_core::probe::{Probe, Seconds};
use reelsmith_core::sniff::Container;

use super::{LARGEST, TextSegment, cues, segments};
use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::process::{self, Limits, Sign};
use crate::tools::Tools;
use crate::video::read_and_remove;

/// One subtitle stream of a mezzanine, or the captions within its pictures: all that is needed to take them out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedTask {
    /// Address of the mezzanine at the range proxy.
    pub url: String,
    /// Its container.
    pub container: Container,
    /// Index among all streams of the file.
    pub stream: u32,
    /// ffmpeg's name of its codec.
    pub codec: String,
    /// The format that it is taken out in.
    pub format: CaptionFormat,
    /// When the first video frame is shown: time zero of the output.
    pub video_start: Seconds,
    /// An empty folder for the file.
    pub directory: PathBuf,
}

impl EmbeddedTask {
    /// The task of a caption rendition whose source is the mezzanine.
    ///
    /// # Errors
    /// [`MediaError::Plan`] where it is a caption file, or a stream that the probe does not have.
    pub fn new(
        url: impl Into<String>,
        probe: &Probe,
        plan: &Plan,
        text: &TextRendition,
        directory: impl Into<PathBuf>,
    ) -> Result<Self, MediaError> {
        let streams = probe.text.iter().map(|s| (s.index, s.codec.as_str()));
        let video = &probe.video;
        let pictures = video.captioned.then_some((video.index, CLOSED_CAPTIONS));
        let known = streams
            .chain(pictures)
            .find(|(index, _)| Some(*index) == text.stream);
        let (stream, codec) = known.ok_or_else(|| MediaError::Plan {
            expected: format!("{} from a subtitle stream of the mezzanine", text.path),
            found: format!("stream {:?} of {}", text.stream, probe.text.len()),
        })?;
        Ok(Self {
            url: url.into(),
            container: probe.container,
            stream,
            codec: codec.to_owned(),
            format: text.format,
            video_start: plan.video_start,
            directory: directory.into(),
        })
    }
}

/// The file in the task's folder.
const OUTPUT: &str = "captions";

/// Everything is moved by an hour: a muxer of text cannot write the time of a cue before zero, and would move all of
/// them instead. With the longest programme it stays below the ten hours that ASS has digits for.
const SHIFT_MS: i64 = 3_600_000;

/// Arguments of ffmpeg for taking a subtitle stream out.
#[must_use]
pub fn embedded_argv(task: &EmbeddedTask) -> Vec<String> {
    let mut args: Vec<String> =
        words("-v error -hide_banner -nostdin -y -progress pipe:1 -nostats -copyts").collect();
    if task.codec == CLOSED_CAPTIONS {
        let (url, container) = (&task.url, task.container);
        args.extend(input::open_captions(url, container, task.stream));
        args.extend(words("-map 0:s:0"));
    } else {
        args.extend(input::open(&task.url, task.container));
        args.extend(["-map".to_owned(), format!("0:{}", task.stream)]);
    }
    args.extend(words("-vn -an -dn -map_metadata -1 -map_chapters -1 -c:s"));
    // What is text in its container already is copied. 3GPP timed text is not, and becomes SubRip.
    let copied = matches!(task.codec.as_str(), "subrip" | "ass" | "ssa" | "webvtt");
    // Closed captions have no markup, so that they become text in which an angle bracket is none.
    let codec = match task.format {
        _ if copied => "copy",
        CaptionFormat::Ass => "ass",
        _ => "subrip",
    };
    args.push(codec.to_owned());
    args.push("-output_ts_offset".to_owned());
    args.push(format!("{}us", shift_us(task.video_start)));
    args.extend(words("-f"));
    args.push(muxer(task.format).to_owned());
    args.push(OUTPUT.to_owned());
    args
}

fn muxer(format: CaptionFormat) -> &'static str {
    match format {
        CaptionFormat::Ass => "ass",
        CaptionFormat::Vtt => "webvtt",
        CaptionFormat::Srt | CaptionFormat::Ttml => "srt",
    }
}

/// From the source's timeline to the programme's, plus the hour, in microseconds rounded to nearest.
fn shift_us(start: Seconds) -> i64 {
    let scale = i128::from(start.timescale.0.max(1));
    let start = (i128::from(start.ticks.0) * 1_000_000 + scale / 2).div_euclid(scale);
    SHIFT_MS * 1_000 - i64::try_from(start).unwrap_or(0)
}

/// Takes a subtitle stream out and cuts it on the grid of the video, as [`super::convert_captions`] does with a file. A
/// stream without a cue becomes segments without one: a track of forced subtitles may have nothing to say. Also the
/// processor time in milliseconds.
///
/// # Errors
/// [`MediaError::Captions`] for what cannot be read, and what [`process::run`] reports.
pub async fn convert_embedded(
    tools: &Tools,
    task: &EmbeddedTask,
    plan: &Plan,
    limits: &Limits,
) -> Result<(Vec<TextSegment>, u64), MediaError> {
    let limits = Limits {
        // Minutes may pass between two cues, in which ffmpeg reads on without writing anything.
        stall: limits.wall,
        file_size: LARGEST as u64 + 1,
        ..*limits
    };
    let command = Command::new(&tools.ffmpeg, embedded_argv(task)).within(&task.directory);
    let run = process::run(&command, &limits, |_| Ok(Sign::Progress)).await?;
    let file: Bytes = read_and_remove(&task.directory.join(OUTPUT)).await?;
    let mut cues = if file.is_empty() {
        Vec::new()
    } else {
        cues(&file, task.format)?
    };
    for cue in &mut cues {
        cue.start -= SHIFT_MS;
        cue.end -= SHIFT_MS;
    }
    Ok((segments(&super::shown(cues, plan), plan), run.cpu_ms))
}

#[cfg(test)]
mod tests;
