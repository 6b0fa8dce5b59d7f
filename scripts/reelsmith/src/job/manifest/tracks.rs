//! The audio tracks that a new manifest lists.

use reelsmith_core::audio_track::AudioRole;
use reelsmith_core::check::decodes_audio;
use reelsmith_core::language;
use reelsmith_core::manifest::cleaned;
use reelsmith_core::probe::{AudioStream, Probe};
use reelsmith_core::sniff::Container;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioTrack {
    /// BCP 47 tag.
    pub language: String,
    /// The name that players show, unique.
    pub label: String,
    pub role: AudioRole,
    pub source: AudioSource,
}

/// What an audio track is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioSource {
    /// A stream with this number of channels.
    Stream { index: usize, channels: u32 },
    /// A guess from the number of channels: `ChannelMap` and `SurroundChannelMap`.
    Channels {
        map: String,
        surround: Option<String>,
    },
}

/// The tracks of a new manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChosenTracks {
    pub tracks: Vec<AudioTrack>,
    /// What was not listed, and guesses that must be checked, as sentences.
    pub notes: Vec<String>,
}

impl ChosenTracks {
    /// Lists every audio stream that can be decoded. If none can, all are listed, so that the file is refused.
    pub fn of(probe: &Probe) -> Self {
        let mut chosen = Self::default();
        let usable = |stream: &&AudioStream| decodes_audio(&stream.codec);
        let any = probe.audio.iter().any(|s| usable(&s));
        if let Some(source) = separate_channels(probe) {
            chosen.notes.extend(guess(&source));
            if let Some(first) = probe.audio.first() {
                chosen.add(first, source);
            }
            return chosen;
        }
        for (index, stream) in probe.audio.iter().enumerate() {
            let channels = stream.channels;
            if any && !usable(&stream) {
                chosen.notes.push(format!(
                    "audio stream {index} ({}, {channels} channels) is not listed: CodecUnsupported",
                    stream.codec
                ));
            } else {
                chosen.add(stream, AudioSource::Stream { index, channels });
            }
        }
        chosen
    }

    fn add(&mut self, stream: &AudioStream, source: AudioSource) {
        let tag = language::tag(stream.language.as_deref().unwrap_or(language::UNKNOWN));
        let named = |tag: &str| cleaned(&language::name(tag), 56, "\"");
        let label = stream.title.as_deref().and_then(|t| cleaned(t, 56, "\""));
        let label = label.or_else(|| named(&tag)).unwrap_or_else(|| tag.clone());
        let label = unique(&label, |l| self.tracks.iter().any(|k| k.label == l));
        self.tracks.push(AudioTrack {
            language: tag,
            label,
            role: stream.role,
            source,
        });
    }
}

/// The usual mix of separate channels: two are stereo, six are 5.1, and eight are 5.1 and then stereo. Separate are mono
/// streams of one language, and the channels of an only stream without a layout. Eight channels in Matroska without a
/// layout are 7.1; in other containers they may be separate.
fn separate_channels(probe: &Probe) -> Option<AudioSource> {
    let audio = &probe.audio;
    let placed = |s: &AudioStream| s.layout.is_some() || probe.container == Container::Matroska;
    let decoded = audio.iter().all(|s| decodes_audio(&s.codec));
    let channels: Vec<String> = match &audio[..] {
        [only] if !placed(only) && only.channels > 2 => {
            (0..only.channels).map(|n| format!("0:{n}")).collect()
        }
        [first, ..]
            if audio
                .iter()
                .all(|a| a.channels == 1 && a.language == first.language) =>
        {
            (0..audio.len()).map(|n| format!("{n}:0")).collect()
        }
        _ => return None,
    };
    let (map, surround) = match channels.len() {
        2 | 6 => (channels.join(" "), None),
        8 => (channels[6..].join(" "), Some(channels[..6].join(" "))),
        _ => return None,
    };
    decoded.then_some(AudioSource::Channels { map, surround })
}

fn guess(source: &AudioSource) -> Option<String> {
    let AudioSource::Channels { map, surround } = source else {
        return None;
    };
    let mix = match map.split(' ').count() {
        3.. => "5.1",
        _ => "stereo",
    };
    let surround = surround.iter().map(|map| format!(", and 5.1 of {map}"));
    let surround: String = surround.collect();
    Some(format!(
        "guessed from the number of channels: {mix} of {map}{surround} (TRACK:CHANNEL); correct ChannelMap if this is wrong"
    ))
}

/// Appends a number to a text that is taken: the labels of tracks must be unique.
fn unique(text: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(text) {
        return text.to_owned();
    }
    let numbered = (2..).map(|n: u32| format!("{text} {n}"));
    numbered.into_iter().find(|t| !taken(t)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use reelsmith_core::probe::Probe;
    use serde_json::json;

    use super::*;

    /// A file with this number of equal streams.
    fn chosen(count: usize, codec: &str, channels: u32, layout: Option<&str>) -> ChosenTracks {
        let stream = json!({"index": 1, "codec": codec, "channels": channels, "layout": layout, "sample_rate": 48_000,
            "language": null});
        let mut audio = vec![stream; count];
        if codec != "aac" {
            let mut decoded = audio[0].clone();
            decoded["codec"] = json!("aac");
            audio.push(decoded);
        }
        let probe = json!({"container": "mov", "duration_us": 8_000_000, "audio": audio, "streams": 1, "video": {
            "index": 0, "codec": "h264", "profile": null, "coded": {"width": 64, "height": 64}, "sar": [1, 1], "rotation": 0,
            "pixel_format": "yuv420p", "bit_depth": 8, "base_frame_rate": "24", "average_frame_rate": "24",
            "time_base": [1, 24], "field_order": "progressive", "primaries": null, "transfer": null, "matrix": null,
            "range": null}});
        let probe: Probe = serde_json::from_value(probe).unwrap();
        ChosenTracks::of(&probe)
    }

    #[test]
    fn separate_channels_become_the_usual_mixes() {
        let maps = |count, channels, layout| {
            let tracks = chosen(count, "aac", channels, layout).tracks;
            let source = |t: AudioTrack| match t.source {
                AudioSource::Stream { .. } => String::new(),
                AudioSource::Channels { map, surround } => {
                    let all: Vec<String> = std::iter::once(map).chain(surround).collect();
                    all.join(", ")
                }
            };
            tracks.into_iter().map(source).collect::<Vec<_>>()
        };
        assert_eq!(maps(2, 1, Some("mono")), ["0:0 1:0"]);
        assert_eq!(maps(6, 1, None), ["0:0 1:0 2:0 3:0 4:0 5:0"]);
        assert_eq!(maps(8, 1, None), ["6:0 7:0, 0:0 1:0 2:0 3:0 4:0 5:0"]);
        assert_eq!(maps(1, 8, None), ["0:6 0:7, 0:0 0:1 0:2 0:3 0:4 0:5"]);
        assert_eq!(maps(1, 8, Some("7.1")), [""]);
        assert_eq!(maps(3, 1, None), ["", "", ""]);
    }

    #[test]
    fn a_stream_that_cannot_be_decoded_is_named_instead_of_listed() {
        let chosen = chosen(1, "truehd", 2, Some("stereo"));
        assert_eq!(chosen.tracks.len(), 1);
        let note = "audio stream 0 (truehd, 2 channels) is not listed: CodecUnsupported";
        assert_eq!(chosen.notes, [note]);
    }
}
