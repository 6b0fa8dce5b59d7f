//! What an audio track is made of, and what it is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// What distinguishes a track from others of its language.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    strum::Display,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum AudioRole {
    /// The sound of the programme.
    #[default]
    Main,
    /// Another mix of the programme, for example that of the cinema.
    Alternate,
    /// Somebody comments on the programme.
    Commentary,
    /// An audio description for people who do not see the pictures.
    Description,
}

impl AudioRole {
    /// Whether the track is the sound of the programme.
    pub fn is_main(&self) -> bool {
        *self == Self::Main
    }

    /// Whether the track is an audio description.
    pub fn is_description(self) -> bool {
        self == Self::Description
    }
}

/// A channel of the mezzanine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceChannel {
    /// Position of the stream among the audio streams, from 0, as `TrackIndex`.
    pub track: u32,
    /// Position of the channel in the stream, from 0.
    pub channel: u32,
}

/// The channels of the mezzanine that make up a track, in the order of its layout: mono, stereo (left, right), 5.1 (left,
/// right, centre, LFE, left and right surround) or 7.1 (then left and right side).
///
/// ```
/// use reelsmith_core::audio_track::ChannelMap;
///
/// let map: ChannelMap = "0:0 1:0".parse().unwrap();
/// assert_eq!(map.channels().len(), 2);
/// assert!("0:0 1:0 2:0".parse::<ChannelMap>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChannelMap(Vec<SourceChannel>);

impl ChannelMap {
    /// The valid texts, as the object of "expected …".
    pub const EXPECTED: &'static str =
        "1, 2, 6 or 8 channels as TRACK:CHANNEL, both from 0 to 63, for example 0:0 1:0";
    /// Streams and channels of a stream that a map can name.
    const LIMIT: u32 = 64;

    /// The channels, in the order of the layout.
    pub fn channels(&self) -> &[SourceChannel] {
        &self.0
    }
}

/// A text that is not a channel map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {0:?}", expected = ChannelMap::EXPECTED)]
pub struct BadChannelMap(pub String);

impl FromStr for ChannelMap {
    type Err = BadChannelMap;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| {
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            let number = digits.parse().ok().filter(|_| plain);
            number.filter(|n| *n < Self::LIMIT)
        };
        let channel = |word: &str| {
            let (track, channel) = word.split_once(':')?;
            Some(SourceChannel {
                track: number(track)?,
                channel: number(channel)?,
            })
        };
        let channels: Option<Vec<_>> = text.split_ascii_whitespace().map(channel).collect();
        let known = |c: &Vec<SourceChannel>| matches!(c.len(), 1 | 2 | 6 | 8);
        let channels = channels.filter(known);
        channels
            .map(Self)
            .ok_or_else(|| BadChannelMap(text.to_owned()))
    }
}

impl fmt::Display for ChannelMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, c) in self.0.iter().enumerate() {
            let gap = if n > 0 { " " } else { "" };
            write!(f, "{gap}{}:{}", c.track, c.channel)?;
        }
        Ok(())
    }
}

impl TryFrom<String> for ChannelMap {
    type Error = BadChannelMap;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ChannelMap> for String {
    fn from(map: ChannelMap) -> Self {
        map.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_read_and_shown() {
        for text in ["3:0", "0:0 1:0", "0:2 0:3 0:4 0:5 0:6 63:63"] {
            assert_eq!(text.parse::<ChannelMap>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "0",
            "0:0 1:0 2:0",
            "64:0",
            "0:64",
            "+1:0",
            "0:-1",
            "0:0,1:0",
            "0:0:0",
        ] {
            assert!(text.parse::<ChannelMap>().is_err(), "{text}");
        }
    }
}
