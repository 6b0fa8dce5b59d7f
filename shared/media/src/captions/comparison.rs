//! Comparing published captions with another reading of the delivered file or stream.
//!
//! The other reader is ffmpeg, which converts SubRip, WebVTT, ASS and the subtitle streams of a mezzanine to one format, ASS.
//! It cannot read TTML, for which there is a small reader of its own ([`simple_ttml`]). Both are independent of the readers
//! that made the published cues. Compared are the letters and digits of a cue and its times.

use std::path::PathBuf;

use reelsmith_core::caption_comparison::{CaptionComparison, CueDifference};
use reelsmith_core::manifest::CaptionFormat;
use reelsmith_core::plan::Plan;
use reelsmith_core::warning::{Warning, WarningName};

use super::embedded::SHIFT_MS;
use super::{CaptionSource, Captions, EmbeddedTask, encoding, millis, subrip_webvtt};
use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::process::{self, Activity, Limits};
use crate::tools::Tools;

mod simple_ttml;

/// Greatest difference of a time: the rounding of frames, and of a format with hundredths of a second.
const TOLERANCE_MS: i64 = 50;
/// Limit of cues of the second reading; a file of the largest size has fewer.
const MAX_CUES: usize = 1 << 20;
/// Letters of a text in a record.
const SHOWN: usize = 80;
/// Name of the decoded text in the folder.
const DELIVERED: &str = "delivered";

/// A cue as the second reader sees it, or as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PlainCue {
    start: i64,
    end: i64,
    /// Letters and digits.
    text: String,
}

/// Compares the published captions of a file with the file. `directory` is an empty folder.
///
/// # Errors
/// Those of [`process::run`], and [`MediaError::Io`]. Differences are no error.
pub async fn compare_file(
    tools: &Tools,
    bytes: &[u8],
    source: &CaptionSource<'_>,
    captions: &Captions,
    plan: &Plan,
    directory: impl Into<PathBuf>,
    limits: &Limits,
) -> Result<CaptionComparison, MediaError> {
    let text = encoding::decode(bytes, source.language)?.text;
    let text = text.trim_start();
    let (reader, cues) = match source.format {
        CaptionFormat::Ttml => match simple_ttml::read(text) {
            Ok(cues) => ("a second reader of TTML".to_owned(), cues),
            Err(reason) => return Ok(CaptionComparison::impossible(reason)),
        },
        format => {
            let demuxer = match format {
                _ if subrip_webvtt::is_webvtt(text) => "webvtt",
                CaptionFormat::Ass => "ass",
                _ => "srt",
            };
            let directory = directory.into();
            let written = tokio::fs::write(directory.join(DELIVERED), text).await;
            written.map_err(MediaError::io("writing the delivered captions to a file"))?;
            let argv = words(&format!(
                "{BEGIN} -protocol_whitelist file -format_whitelist {demuxer} -f {demuxer} -i {DELIVERED} -map 0:0 {END}"
            ));
            let command = Command::new(tools.caption_extractor(), argv).within(directory);
            let cues = decoded(&command, limits).await?.0;
            (format!("ffmpeg's decoder of {demuxer}"), cues)
        }
    };
    let shifted = |w: &Warning| w.name == WarningName::CaptionTimesShifted;
    let origin = match source.start {
        Some(start) if captions.warnings.iter().any(shifted) => start.label_millis(plan.frame_rate),
        _ => 0,
    };
    let clip = millis(plan.whole().1, plan);
    Ok(compare(reader, cues, origin + clip, captions, plan))
}

/// Compares the published captions of a subtitle stream with the stream; also returns the processor time in milliseconds.
/// Closed captions are not compared, because ffmpeg divides them into other cues.
///
/// # Errors
/// As [`compare_file`].
pub async fn compare_embedded(
    tools: &Tools,
    task: &EmbeddedTask,
    captions: &Captions,
    plan: &Plan,
    limits: &Limits,
) -> Result<(CaptionComparison, u64), MediaError> {
    if task.service.is_some() {
        let reason = "closed captions: ffmpeg divides them into other cues";
        return Ok((CaptionComparison::impossible(reason), 0));
    }
    let input = input::open(&task.url, task.container);
    let (stream, shift) = (task.stream, super::embedded::shift_us(task.video_start));
    let argv = words(&format!(
        "{BEGIN} -copyts {input} -map 0:{stream} -vn -an -dn -output_ts_offset {shift}us {END}"
    ));
    let command = Command::new(tools.caption_extractor(), argv);
    let limits = Limits {
        stall: limits.wall,
        ..*limits
    };
    let (cues, cpu_ms) = decoded(&command, &limits).await?;
    let reader = format!("ffmpeg's decoder of {}", task.codec);
    let found = compare(reader, cues, SHIFT_MS, captions, plan);
    Ok((found, cpu_ms))
}

const BEGIN: &str = "-v error -hide_banner -nostdin -nostats";
const END: &str = "-c:s ass -f ass pipe:1";

/// The cues that ffmpeg prints as ASS, and its processor time.
async fn decoded(command: &Command, limits: &Limits) -> Result<(Vec<PlainCue>, u64), MediaError> {
    let mut cues = Vec::new();
    let collect = |line: &str| {
        cues.extend(dialogue(line).filter(|_| cues.len() < MAX_CUES));
        Ok(Activity::Progress)
    };
    let run = process::run(command, limits, collect).await?;
    Ok((cues, run.cpu_ms))
}

/// A line `Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,Text`. Drawings are no text.
fn dialogue(line: &str) -> Option<PlainCue> {
    let fields = line.strip_prefix("Dialogue:")?;
    let mut fields = fields.splitn(10, ',').skip(1);
    let (start, end) = (fields.next()?, fields.next()?);
    let text = fields.nth(6)?;
    let drawing = text.split("\\p").skip(1);
    let mut drawing = drawing.filter_map(|rest| rest.chars().next());
    if drawing.any(|scale| ('1'..='9').contains(&scale)) {
        return None;
    }
    let text = ["\\N", "\\n", "\\h"]
        .iter()
        .fold(text.to_owned(), |text, escape| text.replace(escape, " "));
    Some(PlainCue {
        start: clock(start)?,
        end: clock(end)?,
        text: letters(&text),
    })
}

/// `H:MM:SS.ff` in milliseconds, with a fraction of any length.
fn clock(text: &str) -> Option<i64> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let mut seconds = 0i64;
    for part in whole.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    let fraction: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    seconds.checked_mul(1_000)?.checked_add(fraction)
}

/// The letters and digits of a text, without markup; all characters of a text without any, for example a note.
fn letters(text: &str) -> String {
    let plain = without_markup(text);
    let plain = html_escape::decode_html_entities(&plain);
    let plain = without_markup(&plain);
    let letters: String = plain.chars().filter(|c| c.is_alphanumeric()).collect();
    if letters.is_empty() {
        let visible = |c: &char| !c.is_whitespace() && !c.is_control();
        return plain.chars().filter(visible).collect();
    }
    letters
}

/// A text without `<tags>` and `{overrides}`.
fn without_markup(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '{']) {
        let (before, tag) = rest.split_at(at);
        plain.push_str(before);
        let close = if tag.starts_with('<') { '>' } else { '}' };
        let Some(end) = tag.find(close) else {
            rest = tag;
            break;
        };
        rest = tag.get(end + 1..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// The cues of the published segments. A cue across a cut is in both segments, and here once.
fn published(captions: &Captions) -> Vec<PlainCue> {
    let mut cues: Vec<PlainCue> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for block in captions
        .segments
        .iter()
        .flat_map(|s| s.body.split("\n\n").skip(1))
    {
        let block = block.trim_matches('\n');
        let mut lines = block.lines();
        let times = lines.find_map(|line| line.split_once(" --> "));
        let Some((start, end)) = times else {
            continue;
        };
        let end = end.split_ascii_whitespace().next().unwrap_or_default();
        if let Some((start, end)) = clock(start).zip(clock(end))
            && seen.insert(block)
        {
            let text = letters(&lines.collect::<Vec<_>>().join(" "));
            cues.push(PlainCue { start, end, text });
        }
    }
    cues
}

/// Compares the published cues with those of the second reading, whose times start at `origin`.
fn compare(
    reader: String,
    cues: Vec<PlainCue>,
    origin: i64,
    captions: &Captions,
    plan: &Plan,
) -> CaptionComparison {
    let total = millis(plan.duration(), plan);
    let found = published(captions);
    let mut expected: Vec<PlainCue> = Vec::new();
    for mut cue in cues {
        cue.start = cue.start.saturating_sub(origin);
        cue.end = cue.end.saturating_sub(origin);
        let shown = cue.end > cue.start && !cue.text.is_empty();
        if shown && cue.start < total && cue.end > 0 {
            cue.start = cue.start.max(0);
            cue.end = cue.end.min(total);
            expected.push(cue);
        }
    }
    // Cues that hardly overlap the programme may be in one reading only, because times are rounded.
    let inner = |c: &&PlainCue| c.end > TOLERANCE_MS && c.start < total - TOLERANCE_MS;
    let (by_text, of_source) = (ByText::new(&found), ByText::new(&expected));
    let missing = expected.iter().filter(inner).filter(|cue| {
        // Cues of the same text that follow each other become one.
        let covers =
            |p: &&PlainCue| p.start <= cue.start + TOLERANCE_MS && p.end >= cue.end - TOLERANCE_MS;
        !by_text.of(cue).any(|p| covers(&p))
    });
    let missing: Vec<CueDifference> = missing.map(|cue| by_text.difference(cue)).collect();
    let unexpected = found.iter().filter(inner).filter(|cue| {
        let near = |a: i64, b: i64| (a - b).abs() <= TOLERANCE_MS;
        let starts = of_source.of(cue).any(|c| near(c.start, cue.start));
        let ends = of_source.of(cue).any(|c| near(c.end, cue.end));
        !(starts && ends)
    });
    let unexpected: Vec<CueDifference> = unexpected.map(|cue| of_source.difference(cue)).collect();
    let disordered = found.windows(2).filter_map(|pair| match pair {
        [first, second] if second.start < first.start => Some(of_source.difference(second)),
        _ => None,
    });
    let disordered: Vec<CueDifference> = disordered.collect();
    let left_out = captions.warnings.iter();
    let left_out = left_out.filter(|w| w.name == WarningName::CaptionCueDropped);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    CaptionComparison {
        reader,
        not_compared: None,
        expected: count(expected.len()),
        found: count(found.len()),
        left_out: left_out
            .map(|w| u32::try_from(w.count).unwrap_or(u32::MAX))
            .sum(),
        missing: count(missing.len()),
        first_missing: missing.into_iter().next(),
        unexpected: count(unexpected.len()),
        first_unexpected: unexpected.into_iter().next(),
        disordered: count(disordered.len()),
        first_disordered: disordered.into_iter().next(),
    }
}

/// Cues by their text.
struct ByText<'a>(std::collections::HashMap<&'a str, Vec<&'a PlainCue>>);

impl<'a> ByText<'a> {
    fn new(cues: &'a [PlainCue]) -> Self {
        let mut all: std::collections::HashMap<&str, Vec<&PlainCue>> = Default::default();
        for cue in cues {
            all.entry(cue.text.as_str()).or_default().push(cue);
        }
        Self(all)
    }

    /// The cues with the text of this one.
    fn of(&self, cue: &PlainCue) -> impl Iterator<Item = &'a PlainCue> {
        self.0.get(cue.text.as_str()).into_iter().flatten().copied()
    }

    fn difference(&self, cue: &PlainCue) -> CueDifference {
        let nearest = self.of(cue).min_by_key(|c| (c.start - cue.start).abs());
        CueDifference {
            start_ms: cue.start,
            end_ms: cue.end,
            text: cue.text.chars().take(SHOWN).collect(),
            elsewhere_ms: nearest.map(|c| c.start),
        }
    }
}

#[cfg(test)]
mod tests;
