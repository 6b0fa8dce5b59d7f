//! What there is to package: the plan's renditions with their records and init segments.

use reelsmith_contract::{Failure, Objects};
use reelsmith_core::keys::{GenerationKeys, INIT};
use reelsmith_core::plan::{AudioRendition, Plan, TextRendition, VideoRendition};
use reelsmith_core::record::{ImagesRecord, RenditionRecord, RungOutput};
use reelsmith_core::units::BitsPerSecond;
use reelsmith_isobmff::Init;

use crate::rates::{self, Piece};
use crate::unreadable_init;

/// Greatest init segment that is read.
const MAX_INIT: u64 = 1 << 20;

/// A rendition as it is on storage.
pub struct Track {
    /// Its segments.
    pub output: RungOutput,
    /// RFC 6381 codec string of its init segment; empty for text.
    pub codec: String,
}

impl Track {
    /// Folder below the output prefix.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.output.rendition
    }

    pub(crate) fn is_text(&self) -> bool {
        self.codec.is_empty()
    }

    fn pieces(&self) -> Vec<Piece> {
        self.output
            .segments
            .iter()
            .map(|s| (s.size, s.duration))
            .collect()
    }

    pub(crate) fn peak(&self, target_seconds: u64) -> BitsPerSecond {
        rates::peak(&self.pieces(), self.output.timescale, target_seconds)
    }

    pub(crate) fn average(&self) -> BitsPerSecond {
        rates::average(&self.pieces(), self.output.timescale)
    }
}

/// A video rendition.
pub struct Video {
    /// What was planned.
    pub planned: VideoRendition,
    /// What is there.
    pub track: Track,
}

/// An audio rendition.
pub struct Audio {
    /// What was planned.
    pub planned: AudioRendition,
    /// What is there.
    pub track: Track,
    /// Channels, from the init segment.
    pub channels: u32,
}

/// A caption rendition.
pub struct Text {
    /// What was planned.
    pub planned: TextRendition,
    /// What is there.
    pub track: Track,
}

/// Everything to package.
pub struct Package {
    /// The plan.
    pub plan: Plan,
    /// Video, in the plan's order.
    pub video: Vec<Video>,
    /// Audio.
    pub audio: Vec<Audio>,
    /// Text.
    pub text: Vec<Text>,
    /// Thumbnails, where they were made.
    pub images: Option<ImagesRecord>,
}

impl Package {
    /// Every rendition.
    pub(crate) fn renditions(&self) -> impl Iterator<Item = &Track> {
        let video = self.video.iter().map(|v| &v.track);
        let audio = self.audio.iter().map(|a| &a.track);
        video.chain(audio).chain(self.text.iter().map(|t| &t.track))
    }

    /// The target duration in seconds: one for all playlists, so that players switch between them freely.
    pub(crate) fn target_seconds(&self) -> u64 {
        let rounded = self.renditions().flat_map(|track| {
            let scale = i64::from(track.output.timescale.0);
            let segments = track.output.segments.iter();
            segments.map(move |s| (s.duration.0 * 2 + scale) / (scale * 2))
        });
        rounded
            .max()
            .and_then(|s| u64::try_from(s).ok())
            .unwrap_or(1)
            .max(1)
    }
}

/// Reads the plan, every rendition's record and every init segment.
pub(crate) async fn load(outputs: &Objects, keys: &GenerationKeys) -> Result<Package, Failure> {
    let plan: Plan = outputs.read(&keys.plan()).await?;
    let (mut video, mut audio, mut text) = (Vec::new(), Vec::new(), Vec::new());
    for planned in plan.video.clone() {
        let (track, _) = cmaf_track(outputs, keys, &planned.path).await?;
        video.push(Video { planned, track });
    }
    for planned in plan.audio.clone() {
        let (track, init) = cmaf_track(outputs, keys, &planned.path).await?;
        let channels = init.channels;
        audio.push(Audio {
            planned,
            track,
            channels,
        });
    }
    for planned in plan.text.clone() {
        let output = record(outputs, keys, &planned.path).await?;
        let track = Track {
            output,
            codec: String::new(),
        };
        text.push(Text { planned, track });
    }
    Ok(Package {
        plan,
        video,
        audio,
        text,
        images: outputs.find(&keys.images_record()).await?,
    })
}

async fn record(
    outputs: &Objects,
    keys: &GenerationKeys,
    path: &str,
) -> Result<RungOutput, Failure> {
    let record: RenditionRecord = outputs.read(&keys.rendition_record(path)).await?;
    Ok(record.output)
}

async fn cmaf_track(
    outputs: &Objects,
    keys: &GenerationKeys,
    path: &str,
) -> Result<(Track, Init), Failure> {
    let output = record(outputs, keys, path).await?;
    let object = outputs.at(&keys.output(&format!("{path}/{INIT}")));
    let bytes = outputs.store().get(&object, MAX_INIT).await;
    let bytes = bytes.map_err(|e| Failure::storage(&e, &object))?;
    let init = Init::read(&bytes).map_err(|fault| unreadable_init(&object.to_string(), fault))?;
    let codec = init.codec.clone();
    Ok((Track { output, codec }, init))
}
