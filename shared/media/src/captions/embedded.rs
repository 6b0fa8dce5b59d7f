//! Captions inside the mezzanine: a subtitle stream, or closed captions within the pictures. ffmpeg extracts them as a
//! file, and the readers of caption files read that.

use std::path::PathBuf;

use reelsmith_core::manifest::CaptionFormat;
use reelsmith_core::plan::{CLOSED_CAPTIONS, Plan, TextRendition};
use reelsmith_core::probe::{Probe, Seconds};
use reelsmith_core::sniff::Container;

use super::{MAX_SIZE, TextSegment, read, segments};
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
        let video = &probe.video;
        let pictures = video.captioned.then_some((video.index, CLOSED_CAPTIONS));
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
const SHIFT_MS: i64 = 3_600_000;

/// Arguments of ffmpeg for extracting a subtitle stream.
#[must_use]
pub fn embedded_argv(task: &EmbeddedTask) -> Vec<String> {
    let (url, container, stream) = (&task.url, task.container, task.stream);
    let input = if task.codec == CLOSED_CAPTIONS {
        format!(
            "{} -map 0:s:0",
            input::open_captions(url, container, stream)
        )
    } else {
        format!("{} -map 0:{stream}", input::open(url, container))
    };
    // Closed captions are extracted as ASS, in which an angle bracket is plain text.
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

/// The offset from the source's timeline to the programme's, plus the hour, in microseconds rounded to nearest.
fn shift_us(start: Seconds) -> i64 {
    let scale = i128::from(start.timescale.0.max(1));
    let start = (i128::from(start.ticks.0) * 1_000_000 + scale / 2).div_euclid(scale);
    SHIFT_MS * 1_000 - i64::try_from(start).unwrap_or(0)
}

/// Extracts a subtitle stream and cuts it as [`super::convert_captions`] does; also returns the processor time in
/// milliseconds. Unlike a file, a stream may have no cues: a track of forced subtitles may be empty.
///
/// # Errors
/// [`MediaError::Captions`] if the extracted file is malformed, and the errors of [`process::run`].
pub async fn convert_embedded(
    tools: &Tools,
    task: &EmbeddedTask,
    plan: &Plan,
    limits: &Limits,
) -> Result<(Vec<TextSegment>, u64), MediaError> {
    let limits = Limits {
        // Between two cues ffmpeg may read for minutes without writing anything.
        stall: limits.wall,
        file_size: MAX_SIZE as u64 + 1,
        ..*limits
    };
    let command =
        Command::new(tools.caption_extractor(), embedded_argv(task)).within(&task.directory);
    let run = process::run(&command, &limits, |_| Ok(Activity::Progress)).await?;
    let file = read_and_remove(&task.directory.join(OUTPUT)).await?;
    let mut cues = if file.is_empty() {
        Vec::new()
    } else {
        read(&file, task.format)?
    };
    for cue in &mut cues {
        cue.start -= SHIFT_MS;
        cue.end -= SHIFT_MS;
    }
    Ok((segments(&super::shown(cues, plan), plan), run.cpu_ms))
}

#[cfg(test)]
mod tests;
