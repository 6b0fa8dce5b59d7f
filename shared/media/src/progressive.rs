//! A progressive MP4 from finished segments: copied, not encoded again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reelsmith_isobmff::{Fault, Init, fragments};

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::process::{self, Limits, Sign, run_with_progress};
use crate::segment::ticks;
use crate::tools::Tools;

/// What is joined, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Joined<'a> {
    /// Files of the video rendition: its init segment, then its segments in order.
    pub video: &'a [PathBuf],
    /// Files of an audio rendition likewise.
    pub audio: Option<&'a [PathBuf]>,
    /// The file to make; its folder also holds temporary files of the same size meanwhile.
    pub out: &'a Path,
    /// Wall-clock limit.
    pub limit: Duration,
}

/// Concatenates segments to tracks, and tracks to one MP4 that plays while it loads (`moov` first).
///
/// # Errors
/// [`MediaError::Timing`] where a segment is missing, twice there or out of order; [`MediaError::FrameCount`] where a track of
/// the file has not every sample of its segments; [`MediaError::Output`] for segments that cannot be read; [`MediaError::Io`]; and what [`run_with_progress`] reports.
pub async fn join(tools: &Tools, parts: Joined<'_>) -> Result<(), MediaError> {
    let parent = parts.out.parent().unwrap_or(Path::new("."));
    let folder =
        tempfile::tempdir_in(parent).map_err(MediaError::io("making a temporary folder"))?;
    let mut expected = vec![concatenated(parts.video, folder.path().join(VIDEO)).await?];
    if let Some(audio) = parts.audio {
        expected.push(concatenated(audio, folder.path().join(AUDIO)).await?);
    }
    let limits = Limits {
        wall: parts.limit,
        ..Limits::default()
    };
    let argv = join_argv(parts.audio.is_some());
    let command = Command::new(&tools.ffmpeg, argv).within(folder.path());
    run_with_progress(&command, &limits).await?;
    let found = packets(tools, folder.path(), &limits).await?;
    for (n, (expected, found)) in expected
        .iter()
        .zip(found.iter().chain([&0, &0]))
        .enumerate()
    {
        if expected != found {
            return Err(MediaError::FrameCount {
                rendition: format!("track {n} of the progressive file"),
                unit: "samples",
                expected: *expected,
                found: *found,
            });
        }
    }
    tokio::fs::rename(folder.path().join(OUTPUT), parts.out)
        .await
        .map_err(MediaError::io("moving the progressive file to its place"))
}

const VIDEO: &str = "video.mp4";
const AUDIO: &str = "audio.mp4";
const OUTPUT: &str = "joined.mp4";

/// Both tracks keep their own timelines (`-copyts`): audio begins before zero with its priming, which the edit list of
/// the new file takes off again. A movie timescale as fine as the sample rate keeps that exact.
fn join_argv(audio: bool) -> Vec<String> {
    let mut args: Vec<String> =
        words("-v error -hide_banner -nostdin -y -progress pipe:1 -nostats -copyts").collect();
    let inputs: &[&str] = if audio { &[VIDEO, AUDIO] } else { &[VIDEO] };
    for input in inputs {
        args.extend(words(
            "-protocol_whitelist file -format_whitelist mov -f mov -i",
        ));
        args.push((*input).to_owned());
    }
    for n in 0..inputs.len() {
        args.extend(["-map".to_owned(), format!("{n}:0")]);
    }
    args.extend(words(
        "-c copy -map_metadata -1 -map_chapters -1 -movie_timescale 48000 -movflags +faststart -f mp4",
    ));
    args.push(OUTPUT.to_owned());
    args
}

/// Writes files one after another and counts their samples.
async fn concatenated(files: &[PathBuf], to: PathBuf) -> Result<u64, MediaError> {
    let files = files.to_vec();
    let work = move || concatenate(&files, &to);
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(MediaError::io("concatenating segments"))?
}

fn concatenate(files: &[PathBuf], to: &Path) -> Result<u64, MediaError> {
    let failed = |attempt: &str| MediaError::io(format!("{attempt} a file of segments"));
    let mut out = std::fs::File::create(to).map_err(failed("creating"))?;
    let mut track = Track::default();
    for file in files {
        let bytes = std::fs::read(file).map_err(failed("reading"))?;
        out.write_all(&bytes).map_err(failed("writing"))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        track.follow(&name, &bytes)?;
    }
    Ok(track.samples)
}

/// A track as far as it has been concatenated.
#[derive(Default)]
struct Track {
    init: Option<Init>,
    samples: u64,
    end: u64,
}

impl Track {
    /// Takes the init segment, or a segment that begins where the last one ended.
    fn follow(&mut self, name: &str, bytes: &[u8]) -> Result<(), MediaError> {
        let bad = |fault: Fault| MediaError::output(name, "a CMAF segment", fault.to_string());
        let Some(init) = &self.init else {
            self.init = Some(Init::read(bytes).map_err(bad)?);
            return Ok(());
        };
        let (fragments, faults) = fragments(bytes, &init.defaults);
        if let Some(fault) = faults.into_iter().next() {
            return Err(bad(fault));
        }
        for fragment in fragments {
            if fragment.tfdt != self.end {
                return Err(MediaError::Timing {
                    rendition: name.to_owned(),
                    what: "a fragment".to_owned(),
                    expected: ticks(self.end).0,
                    found: ticks(fragment.tfdt).0,
                });
            }
            self.end = fragment.end();
            self.samples += fragment.samples.len() as u64;
        }
        Ok(())
    }
}

/// Samples of each track of the new file, by its index.
async fn packets(tools: &Tools, folder: &Path, limits: &Limits) -> Result<Vec<u64>, MediaError> {
    let mut args: Vec<String> = words("-v error -hide_banner").collect();
    args.extend(words("-show_entries stream=nb_frames -of csv=p=0"));
    args.extend(words(
        "-protocol_whitelist file -format_whitelist mov -f mov -i",
    ));
    args.push(OUTPUT.to_owned());
    let command = Command::new(&tools.ffprobe, args).within(folder);
    let mut found = Vec::new();
    let collect = |line: &str| {
        found.extend(line.trim().trim_end_matches(',').parse::<u64>());
        Ok(Sign::Progress)
    };
    process::run(&command, limits, collect).await?;
    Ok(found)
}
