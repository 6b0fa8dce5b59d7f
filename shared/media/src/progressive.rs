//! A progressive MP4 from finished segments, without encoding them again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reelsmith_isobmff::{Fault, Init, fragments};

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::process::{self, Activity, Limits, run_with_progress};
use crate::tools::Tools;

/// The files to join into a progressive MP4.
#[derive(Clone, Copy, Debug)]
pub struct JoinTask<'a> {
    /// Files of the video rendition: its init segment, then its segments in order.
    pub video: &'a [PathBuf],
    /// Files of the audio rendition, in the same way.
    pub audio: Option<&'a [PathBuf]>,
    /// The file to make. Its folder temporarily holds files of the same total size.
    pub out: &'a Path,
    /// Wall-clock limit.
    pub limit: Duration,
}

/// Concatenates the segments of each track, and joins the tracks into one MP4 with `moov` first, which plays while it loads.
///
/// # Errors
/// [`MediaError::Timing`] if a segment is missing, repeated or out of order; [`MediaError::FrameCount`] if a track of the file
/// does not have every sample of its segments; [`MediaError::Output`] if a segment cannot be read; [`MediaError::Io`]; and
/// the errors of [`run_with_progress`].
pub async fn join(tools: &Tools, task: JoinTask<'_>) -> Result<(), MediaError> {
    let parent = task.out.parent().unwrap_or(Path::new("."));
    let folder =
        tempfile::tempdir_in(parent).map_err(MediaError::io("making a temporary folder"))?;
    let mut expected = vec![concatenated(task.video, folder.path().join(VIDEO)).await?];
    if let Some(audio) = task.audio {
        expected.push(concatenated(audio, folder.path().join(AUDIO)).await?);
    }
    let limits = Limits {
        wall: task.limit,
        ..Limits::default()
    };
    let argv = join_argv(task.audio.is_some());
    let command = Command::new(&tools.ffmpeg, argv).within(folder.path());
    run_with_progress(&command, &limits).await?;
    let found = sample_counts(tools, folder.path(), &limits).await?;
    for (n, (expected, found)) in expected
        .iter()
        .zip(found.iter().chain([&0, &0]))
        .enumerate()
    {
        if expected != found {
            let track = format!("track {n} of the progressive file");
            return Err(MediaError::frame_count(track, "samples", *expected, *found));
        }
    }
    tokio::fs::rename(folder.path().join(OUTPUT), task.out)
        .await
        .map_err(MediaError::io("moving the progressive file to its place"))
}

const VIDEO: &str = "video.mp4";
const AUDIO: &str = "audio.mp4";
const OUTPUT: &str = "joined.mp4";
/// Opens a local file.
const FILE: &str = "-protocol_whitelist file -format_whitelist mov -f mov -i";

/// Both tracks keep their timelines (`-copyts`). Audio starts before zero with its priming, which the edit list of the new
/// file removes; a movie timescale as fine as the sample rate keeps that exact.
fn join_argv(audio: bool) -> Vec<String> {
    let (inputs, maps) = match audio {
        true => (
            format!("{FILE} {VIDEO} {FILE} {AUDIO}"),
            "-map 0:0 -map 1:0",
        ),
        false => (format!("{FILE} {VIDEO}"), "-map 0:0"),
    };
    words(&format!(
        "-v error -hide_banner -nostdin -y -progress pipe:1 -nostats -copyts {inputs} {maps} -c copy -map_metadata -1 \
         -map_chapters -1 -movie_timescale 48000 -movflags +faststart -f mp4 {OUTPUT}"
    ))
}

/// Concatenates the files of a track and returns its number of samples.
async fn concatenated(files: &[PathBuf], to: PathBuf) -> Result<u64, MediaError> {
    let files = files.to_vec();
    let work = move || concatenate(&files, &to);
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(MediaError::io("concatenating segments"))?
}

fn concatenate(files: &[PathBuf], to: &Path) -> Result<u64, MediaError> {
    let failed = |attempt: &str| MediaError::io(format!("{attempt} a file of segments"));
    let mut out = std::fs::File::create(to).map_err(failed("creating"))?;
    let mut track = ContinuityCheck::default();
    for file in files {
        let bytes = std::fs::read(file).map_err(failed("reading"))?;
        out.write_all(&bytes).map_err(failed("writing"))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        track.accept(&name, &bytes)?;
    }
    Ok(track.samples)
}

/// Checks that the files of a track follow each other.
#[derive(Default)]
struct ContinuityCheck {
    init: Option<Init>,
    samples: u64,
    end: u64,
}

impl ContinuityCheck {
    /// Accepts the init segment, or a segment that begins at the end of the previous one.
    fn accept(&mut self, name: &str, bytes: &[u8]) -> Result<(), MediaError> {
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
                return Err(MediaError::timing(
                    name,
                    "a fragment",
                    self.end,
                    fragment.tfdt,
                ));
            }
            self.end = fragment.end();
            self.samples += fragment.samples.len() as u64;
        }
        Ok(())
    }
}

/// The number of samples of each track in the new file.
async fn sample_counts(
    tools: &Tools,
    folder: &Path,
    limits: &Limits,
) -> Result<Vec<u64>, MediaError> {
    let args = words(&format!(
        "-v error -hide_banner -show_entries stream=nb_frames -of csv=p=0 {FILE} {OUTPUT}"
    ));
    let command = Command::new(&tools.ffprobe, args).within(folder);
    let mut found = Vec::new();
    let collect = |line: &str| {
        found.extend(line.trim().trim_end_matches(',').parse::<u64>());
        Ok(Activity::Progress)
    };
    process::run(&command, limits, collect).await?;
    Ok(found)
}
