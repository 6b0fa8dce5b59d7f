//! Comparing the sound of a rendition with that of its source, in bounded memory.
//!
//! **Problem.** An encoder exits with status 0 although half of the sound is silent, late, of another language or in the wrong
//! channels. The comparison must find this in hours of sound, without an alarm about what a lossy codec, a gain and a limiter
//! change.
//!
//! **Idea.** Both sides are decoded once, from the start to the end, and reduced while they are read:
//!
//! ```text
//! frames of the source ──▶ Timeline ──▶ Mix ──▶ Analyser::source ──▶ SourceTrack ─┐
//!                                                                                  ├─ compare ──▶ SoundComparison
//! frames of the rendition ──▶ Timeline ───────▶ Analyser::rendition ─▶ RenditionTrack ─┘
//! ```
//!
//! - The *level* of each channel in windows of 20 ms finds silence, noise, missing channels and a wrong gain anywhere.
//! - *Excerpts* of a third of a second, one in each section of the programme, are correlated: this finds offsets, drift,
//!   swapped channels and other content of the same level.
//! - The rendition's loudness and true peak are measured.
//!
//! Levels are those below 12 kHz and excerpts those below 3 kHz at 48 kHz, because AAC changes what is above: it leaves out
//! the highest frequencies and replaces noise by other noise. The LFE is compared below 120 Hz, as encoders limit it.
//!
//! This crate is pure: it neither starts programs nor reads files.

mod analysis;
mod compare;
mod filter;
mod meter;
mod mix;
mod timeline;

pub use analysis::{Analyser, RenditionTrack, SourceTrack};
pub use compare::{Treatment, compare};
pub use mix::Mix;
pub use timeline::{Piece, Timeline, samples};

#[cfg(test)]
mod tests;
