//! Commands with which a person compares a place of a rendition with the mezzanine.

use reelsmith_core::probe::Seconds;
use reelsmith_core::time::FrameCount;

use crate::evidence::Pictures;
use crate::view::View;

/// Microseconds that a decoder starts before the frame: more than two key frames are apart in most files.
const BEFORE_US: i64 = 10_000_000;

const S3: &str = "s3://";
/// Name of a fetched mezzanine.
const FETCHED: &str = "mezzanine";

impl Pictures {
    /// The commands that write a frame of the mezzanine and of a rendition as pictures. ffmpeg seeks further back and selects
    /// the frame by its time, because its seeks may be inexact.
    pub(super) fn commands(&self, view: &View<'_>, rendition: &str, frame: u64) -> String {
        let time = |frame| Seconds::of_frame(FrameCount(frame), self.frame_rate).micros();
        // Half a frame earlier, so that rounding does not select the next frame.
        let at = time(frame).saturating_sub(time(1) / 2);
        let command = |input: &str, stream: u32, at: i64, file: &str| {
            let (seek, at) = (at.saturating_sub(BEFORE_US), at.max(0));
            format!(
                "ffmpeg -copyts -seek_timestamp 1 -ss {} -i {} -map 0:{stream} -vf \"select='gte(t,{})'\" -frames:v 1 {file}",
                decimal(seek.max(0), 1_000_000),
                quoted(input),
                decimal(at, 1_000_000)
            )
        };
        format!(
            "To view the source: {}{}; the rendition: {}",
            fetching(&self.source),
            command(
                fetched(&self.source),
                self.stream,
                at.saturating_add(self.start_us),
                "source.png"
            ),
            command(playlist(view, rendition), 0, at, "rendition.png")
        )
    }
}

/// The command that fetches a mezzanine from S3, which ffmpeg cannot read; empty for another address.
pub(super) fn fetching(source: &str) -> String {
    match source.starts_with(S3) {
        true => format!("aws s3 cp {} {FETCHED} && ", quoted(source)),
        false => String::new(),
    }
}

/// The file or address that ffmpeg reads after [`fetching`].
pub(super) fn fetched(source: &str) -> &str {
    match source.starts_with(S3) {
        true => FETCHED,
        false => source,
    }
}

/// The playlist of a rendition, or the folder itself if there is none.
pub(super) fn playlist<'a>(view: &'a View<'_>, rendition: &'a str) -> &'a str {
    let below = |path: &&str| {
        let rest = path.strip_prefix(rendition);
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    let mut playlists = view.renditions.iter().map(|r| r.path.as_str());
    playlists.find(below).unwrap_or(rendition)
}

/// Seconds as a decimal number; `value` is 0 or more and counts parts of which a second has `scale`, a power of ten.
pub(super) fn decimal(value: i64, scale: i64) -> String {
    let digits = scale.ilog10() as usize;
    format!("{}.{:0digits$}", value / scale, value % scale)
}

/// Quotes an argument for a POSIX shell.
pub(super) fn quoted(argument: &str) -> String {
    format!("'{}'", argument.replace('\'', r"'\''"))
}
