//! Audio renditions of a plan.

use super::{AudioRendition, PlanError};
use crate::job::Job;
use crate::manifest::AudioTrack;
use crate::probe::{AudioStream, Inspection};
use crate::time::{FrameCount, FrameRate};

/// Channels of 5.1: a source with at least as many keeps a surround mix.
const SURROUND: u32 = 6;
/// Channels of the mix that every device plays.
const STEREO: u32 = 2;

/// Every track as stereo, in the manifest's order; then those that have more, as surround.
pub(super) fn audio(
    job: &Job,
    inspection: &Inspection,
    rate: FrameRate,
    frames: FrameCount,
) -> Result<Vec<AudioRendition>, PlanError> {
    let settings = &job.profile.audio;
    let streams = &inspection.probe.audio;
    let mut stereo = Vec::new();
    let mut surround = Vec::new();
    for track in &job.manifest.audio_tracks {
        let stream = streams.get(track.track_index as usize);
        let stream = stream.ok_or(PlanError::NoAudioStream {
            wanted: track.track_index,
            found: streams.len(),
        })?;
        let rendition = |channels| AudioRendition {
            path: path(track, channels),
            stream: stream.index,
            language: track.language.clone(),
            label: track.label.clone(),
            default: track.default,
            sample_rate: settings.sample_rate,
            samples: rate.samples_in(frames, settings.sample_rate),
            channels,
            described: track.described,
        };
        stereo.push(rendition(STEREO));
        if settings.surround_bitrate.is_some() && has_surround(stream) {
            surround.push(rendition(SURROUND));
        }
    }
    stereo.append(&mut surround);
    Ok(stereo)
}

fn has_surround(stream: &AudioStream) -> bool {
    stream.channels >= SURROUND
}

/// An underscore cannot be in a language tag, so no other language has this folder.
fn path(track: &AudioTrack, channels: u32) -> String {
    let described = if track.described { "_described" } else { "" };
    let surround = if channels == SURROUND {
        "_surround"
    } else {
        ""
    };
    format!("audio/{}{described}{surround}", track.language)
}
