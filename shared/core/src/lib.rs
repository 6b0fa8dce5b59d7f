//! The domain of reelsmith: pure functions and data.
//!
//! This crate uses no clock, environment, file system, runtime or AWS. Whatever must happen outside is a method of a port
//! (a trait in [`ports`]); everything else depends only on its arguments, so that it can be tested by example and by
//! property.

pub mod admission;
pub mod aperture;
pub mod assembly;
pub mod audio_track;
pub mod caption_comparison;
pub mod caption_service;
pub mod check;
pub mod clip;
pub mod comparison;
pub mod cost;
pub mod digest;
pub mod encode;
pub mod encoder;
pub mod job;
pub mod keys;
pub mod ladder;
pub mod language;
pub mod manifest;
pub mod object;
pub mod plan;
pub mod ports;
pub mod probe;
pub mod record;
pub mod simulate;
pub mod slug;
pub mod sniff;
pub mod sound;
pub mod submission;
pub mod tail;
pub mod time;
pub mod timecode;
pub mod units;
pub mod warning;
