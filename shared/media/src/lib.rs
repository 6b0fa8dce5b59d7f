//! Media processing with ffmpeg and ffprobe: from a pinned mezzanine to finished CMAF segments.
//!
//! | step | entry point |
//! |---|---|
//! | probe a mezzanine | [`probe()`], [`add_movie_facts`] |
//! | list its packets | [`read_index`] |
//! | encode a chunk of video | [`ChunkTask`], [`transcode`] |
//! | encode an audio track, and compare it with its source | [`AudioTask`], [`encode_audio`], [`compare_sound`] |
//! | convert captions, and compare them with their source | [`convert_captions`], [`EmbeddedTask`], [`convert_embedded`], [`compare_file`], [`compare_embedded`] |
//! | convert the output of MediaConvert | [`VideoTakeover`], [`take_over_audio`] |
//! | draw thumbnails and a poster | [`draw_sheets`], [`draw_poster`] |
//! | decode a finished file | [`decode()`] |
//! | join a progressive MP4 | [`progressive::join`] |
//!
//! Rules of this crate:
//! - Command lines are built by pure functions ([`transcode_argv`], [`measure_argv`], [`encode_argv`]), apart from running
//!   them ([`process`]).
//! - ffmpeg reads a mezzanine only through the [`RangeProxy`]: one object version, on the loopback, with a forced demuxer.
//!   It has no environment, hence no credentials, and is confined (`confine`).
//! - The exit status of ffmpeg proves nothing. Frames, samples and times of every output are checked before it is returned.
//! - Errors are [`MediaError`]s; [`OnSource`] converts them where they leave a function.

mod audio;
mod captions;
mod color;
mod command;
mod confine;
mod decode;
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
    AudioMedia, AudioTask, Correction, LoudnessMeasurement, PublishedSound, compare_sound,
    encode_argv, encode_audio, measure_argv, measure_limited_argv, measure_result_argv,
};
pub use captions::{
    CaptionSource, Captions, EmbeddedTask, TextSegment, compare_embedded, compare_file,
    convert_captions, convert_embedded, embedded_argv,
};
pub use command::Command;
pub use confine::{Layers, close_to_others};
pub use decode::{DecodeFindings, DecodedStream, decode};
pub use error::{MediaError, OnSource, ProgramFailure};
pub use images::{
    Brightness, KeyPictures, SheetGrid, choose_poster, draw_poster, draw_sheets, measure_brightness,
};
pub use index::{
    Indexed, add_movie_facts, audio_spans, explain_unreadable, read_index, scan_index, track_reads,
};
pub use probe::probe;
pub use process::Limits;
pub use reelsmith_sound::Treatment;

pub use proxy::{ProxyOptions, RangeProxy, RequestedRange, parse_range};
pub use segment::SegmentMedia;
pub use takeover::{VideoTakeover, take_over_audio};
pub use tools::Tools;
pub use video::{ChunkMedia, ChunkTask, Damage, RungMedia, transcode, transcode_argv};

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test starts programs")]
mod testing;
