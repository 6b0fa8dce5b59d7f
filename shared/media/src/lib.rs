//! ffmpeg and ffprobe, and everything between a pinned mezzanine and finished CMAF segments.
//!
//! Command lines are built by pure functions ([`transcode_argv`], [`measure_argv`], [`encode_argv`]) apart from running
//! them ([`process`]). The child processes see a mezzanine only through the [`RangeProxy`]: one object version, on the
//! loopback, with the demuxer forced; they have no environment and hence no credentials. What they say about their own
//! success is not believed: frames, samples and times of every output are counted before it is returned.

mod audio;
mod captions;
mod color;
mod command;
mod confine;
mod error;
mod hdr;
mod images;
mod index;
mod input;
mod probe;
pub mod process;
pub mod progressive;
mod proxy;
mod scan;
mod segment;
mod takeover;
mod tools;
mod video;

pub use audio::{
    AudioMedia, AudioTask, Correction, Measured, encode_argv, encode_audio, measure_argv,
    result_argv, settle_argv,
};
pub use captions::{EmbeddedTask, TextSegment, convert_captions, convert_embedded, embedded_argv};
pub use command::Command;
pub use confine::{Layers, close_to_others};
pub use error::{MediaError, OnSource};
pub use images::{Brightness, Grid, Stills, brightness, poster, poster_of, sheets};
pub use index::{Indexed, complete, read_index, scan_index, track_reads};
pub use probe::probe;
pub use process::Limits;

pub use proxy::{AskedRange, ProxyOptions, ProxyStats, RangeProxy, asked_range};
pub use segment::SegmentMedia;
pub use takeover::{Origin, VideoTakeover, take_over_audio};
pub use tools::Tools;
pub use video::{ChunkMedia, ChunkTask, RungMedia, transcode, transcode_argv};

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts programs")]
mod testing;
