//! Decoding a finished file to find what only a decoder notices: damaged pictures and sound, and black, frozen and silent
//! runs.

use std::path::Path;
use std::time::Duration;

use crate::command::{Command, words};
use crate::error::{MediaError, ProgramFailure};
use crate::input::MAX_STREAMS;
use crate::process::{self, Activity, Limits};

/// Shortest run that the filters report, in seconds. Callers join runs and drop those that are too short for them.
const SHORTEST: &str = "0.5";
/// Longest time of one run.
const WALL: Duration = Duration::from_secs(840);
/// Lines of a log that are kept.
const MAX_COMPLAINTS: usize = 3;

/// The kind of stream that is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodedStream {
    Video,
    Audio,
}

/// What decoding a file found. Times are milliseconds from its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecodeFindings {
    /// The first errors that the decoder logged.
    pub complaints: Vec<String>,
    /// `black`, `frozen` or `silent`, with the start and the end; `None` at the end of the file.
    pub runs: Vec<(&'static str, u64, Option<u64>)>,
}

/// Decodes all streams of a kind of the file `name` in `directory` with a demuxer of ffmpeg. Nothing is found in a file
/// without such streams.
///
/// # Errors
/// [`MediaError::Program`] if ffmpeg cannot read the file, has no decoder for it, or takes too long.
pub async fn decode(
    ffmpeg: &Path,
    directory: &Path,
    name: &str,
    demuxer: &str,
    stream: DecodedStream,
) -> Result<DecodeFindings, MediaError> {
    let args = argv(name, demuxer, stream);
    let command = Command::new(ffmpeg, args).within(directory);
    // Lines come only where media is dead.
    let limits = Limits {
        wall: WALL,
        stall: WALL,
        file_size: 0,
        ..Limits::default()
    };
    let mut findings = DecodeFindings::default();
    let read = |line: &str| {
        findings.read(line);
        Ok(Activity::Progress)
    };
    let ran = process::run(&command, &limits, read).await;
    let log = match ran {
        Ok(run) => run.stderr,
        Err(MediaError::Program { failure, .. }) if is_without_streams(&failure) => String::new(),
        Err(error) => return Err(error),
    };
    let complaints = log.lines().filter(|l| is_complaint(l));
    findings.complaints = complaints.take(MAX_COMPLAINTS).map(plain).collect();
    Ok(findings)
}

fn is_without_streams(failure: &ProgramFailure) -> bool {
    let text = failure.to_string();
    text.contains("does not contain any stream") || text.contains("matches no streams")
}

/// One process for one kind, because both would write to the same output.
fn argv(name: &str, demuxer: &str, stream: DecodedStream) -> Vec<String> {
    let (map, filters) = match stream {
        DecodedStream::Video => (
            "0:v?",
            format!("-vf blackdetect=d={SHORTEST},freezedetect=d={SHORTEST},metadata=print:file=-"),
        ),
        DecodedStream::Audio => (
            "0:a?",
            format!("-af silencedetect=d={SHORTEST},ametadata=print:file=-"),
        ),
    };
    words(&format!(
        "-hide_banner -nostdin -nostats -v error -max_error_rate 1 -err_detect crccheck -protocol_whitelist file,pipe -format_whitelist {demuxer} \
         -max_streams {MAX_STREAMS} -f {demuxer} -i {name} -map {map} {filters} -f null -"
    ))
}

/// Whether a line of the log is about the media. Lines of the null muxer and of filters are not.
fn is_complaint(line: &str) -> bool {
    let ours = ["[null @", "[out#", "[Parsed_", "[vost#", "[aost#"];
    !line.trim().is_empty() && !ours.iter().any(|start| line.starts_with(start))
}

/// A line without the addresses of ffmpeg's objects, which differ in every run.
fn plain(line: &str) -> String {
    let words = line.split(' ');
    let words = words.map(|word| match word.find("0x") {
        Some(0) if word.ends_with(']') => "]",
        _ => word,
    });
    let joined = words.collect::<Vec<_>>().join(" ");
    joined.replace(" @ ]", "]")
}

impl DecodeFindings {
    /// Reads a line that the filter `metadata` prints, for example `lavfi.freezedetect.freeze_start=4.04`.
    fn read(&mut self, line: &str) {
        const KEYS: [(&str, &str, bool); 6] = [
            ("lavfi.black_start", "black", true),
            ("lavfi.black_end", "black", false),
            ("lavfi.freezedetect.freeze_start", "frozen", true),
            ("lavfi.freezedetect.freeze_end", "frozen", false),
            ("lavfi.silence_start", "silent", true),
            ("lavfi.silence_end", "silent", false),
        ];
        let Some((key, value)) = line.split_once('=') else {
            return;
        };
        let known = KEYS.iter().find(|(k, ..)| *k == key);
        let time = crate::command::micros(value.trim_start_matches('-'));
        let (Some((_, kind, starts)), Some(time)) = (known, time) else {
            return;
        };
        let ms = u64::try_from(time / 1_000).unwrap_or(0);
        if *starts {
            self.runs.push((kind, ms, None));
        } else if let Some(run) = self.runs.iter_mut().rfind(|r| r.0 == *kind) {
            run.2 = Some(ms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read_from_the_metadata_of_frames() {
        let mut found = DecodeFindings::default();
        let lines = "frame:144  pts:73728   pts_time:6\nlavfi.freezedetect.freeze_start=4\nlavfi.black_start=8.5\n\
                     lavfi.freezedetect.freeze_duration=4\nlavfi.freezedetect.freeze_end=8\nlavfi.black_end=x";
        lines.lines().for_each(|line| found.read(line));
        let runs = [("frozen", 4_000, Some(8_000)), ("black", 8_500, None)];
        assert_eq!(found.runs, runs);
    }

    #[test]
    fn lines_of_the_output_are_no_complaints() {
        let line = "[h264 @ 0x557da453d040] Invalid NAL unit size (1431655765 > 3099).";
        assert!(is_complaint(line));
        assert_eq!(
            plain(line),
            "[h264] Invalid NAL unit size (1431655765 > 3099)."
        );
        assert!(!is_complaint(
            "[null @ 0x557da453d040] Application provided invalid dts"
        ));
    }
}
