//! Everything to package: the planned renditions with their records and init segments, and their bit rates.

use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::keys::{GenerationKeys, INIT};
use reelsmith_core::plan::{AudioRendition, Plan, TextRendition, VideoRendition};
use reelsmith_core::record::{ImagesRecord, RenditionRecord, RungOutput};
use reelsmith_core::time::{Ticks, Timescale};
use reelsmith_core::units::{BitsPerSecond, Bytes};
use reelsmith_isobmff::{Handler, Init};

use reelsmith_pipeline::records;

const MAX_INIT: u64 = 1 << 20;

/// A rendition in storage.
pub struct PackagedTrack {
    pub output: RungOutput,
    /// RFC 6381 codec string of its init segment; empty for text.
    pub codec: String,
    /// Number of audio channels, from the init segment.
    pub channels: u32,
    /// Samples of audio at the start that the edit list of the init segment removes; 0 for other media.
    pub priming: Ticks,
}

impl PackagedTrack {
    /// Folder below the output prefix.
    pub fn path(&self) -> &str {
        &self.output.rendition
    }

    pub(crate) fn is_text(&self) -> bool {
        self.codec.is_empty()
    }

    fn sizes(&self) -> Vec<SizeAndDuration> {
        self.output
            .segments
            .iter()
            .map(|s| (s.size, s.duration))
            .collect()
    }

    pub(crate) fn peak(&self, target_seconds: u64) -> BitsPerSecond {
        peak_rate(&self.sizes(), self.output.timescale, target_seconds)
    }

    pub(crate) fn average(&self) -> BitsPerSecond {
        average_rate(&self.sizes(), self.output.timescale)
    }
}

/// A rendition as it was planned and as it is in storage.
pub struct Packaged<R> {
    pub planned: R,
    pub track: PackagedTrack,
}

pub(crate) type Video = Packaged<VideoRendition>;
pub(crate) type Audio = Packaged<AudioRendition>;
pub(crate) type Text = Packaged<TextRendition>;

/// Everything to package.
pub struct Package {
    pub plan: Plan,
    /// In the order of the plan.
    pub video: Vec<Video>,
    pub audio: Vec<Audio>,
    pub text: Vec<Text>,
    /// Thumbnails, if they were made.
    pub images: Option<ImagesRecord>,
}

impl Package {
    /// Every rendition.
    pub(crate) fn renditions(&self) -> impl Iterator<Item = &PackagedTrack> {
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
    let plan = records::plan(outputs, keys).await?;
    let (mut video, mut audio, mut text) = (Vec::new(), Vec::new(), Vec::new());
    for planned in plan.video.clone() {
        let track = cmaf_track(outputs, keys, &planned.path).await?;
        video.push(Packaged { planned, track });
    }
    for planned in plan.audio.clone() {
        let track = cmaf_track(outputs, keys, &planned.path).await?;
        audio.push(Packaged { planned, track });
    }
    for planned in plan.text.clone() {
        let output = record(outputs, keys, &planned.path).await?;
        // A track without cues has no segments, and a warning in its record.
        if output.segments.is_empty() {
            continue;
        }
        let track = PackagedTrack {
            output,
            codec: String::new(),
            channels: 0,
            priming: Ticks(0),
        };
        text.push(Packaged { planned, track });
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
) -> Result<PackagedTrack, Failure> {
    let output = record(outputs, keys, path).await?;
    let key = keys.output(&format!("{path}/{INIT}"));
    let bytes = outputs.get(&key, MAX_INIT).await?;
    let init = Init::read(&bytes).map_err(|fault| {
        Failure::new(
            ErrorName::RecordsIncomplete,
            "an init segment of one track",
            fault.to_string(),
            outputs.at(&key).to_string(),
            "drop the manifest again; if the error recurs, force a new generation",
        )
    })?;
    let is_audio = init.handler == Handler::Audio;
    Ok(PackagedTrack {
        priming: Ticks(if is_audio { init.media_start() } else { 0 }),
        output,
        codec: init.codec,
        channels: init.channels,
    })
}

/// Size and duration of one segment.
pub(crate) type SizeAndDuration = (Bytes, Ticks);

/// The peak bit rate: the highest rate of any contiguous run of segments that lasts 0.5 to 1.5 target durations (RFC 8216,
/// 4.3.4.2). If all segments together are shorter, the average.
pub(crate) fn peak_rate(
    segments: &[SizeAndDuration],
    timescale: Timescale,
    target_seconds: u64,
) -> BitsPerSecond {
    let target = i64::try_from(target_seconds).unwrap_or(i64::MAX / 4) * i64::from(timescale.0);
    let mut best = None;
    for start in 0..segments.len() {
        let (mut size, mut duration) = (Bytes(0), Ticks(0));
        for (next_size, next_duration) in &segments[start..] {
            size.0 += next_size.0;
            duration.0 += next_duration.0;
            if duration.0 * 2 > target * 3 {
                break;
            }
            if duration.0 * 2 >= target {
                best = best.max(size.rate_over(duration, timescale));
            }
        }
    }
    best.unwrap_or_else(|| average_rate(segments, timescale))
}

/// The average bit rate of all segments.
pub(crate) fn average_rate(segments: &[SizeAndDuration], timescale: Timescale) -> BitsPerSecond {
    let size: Bytes = segments.iter().map(|p| p.0).sum();
    let duration = Ticks(segments.iter().map(|p| p.1.0).sum());
    size.rate_over(duration, timescale).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Timescale = Timescale(1_000);

    fn segments(list: &[(u64, i64)]) -> Vec<SizeAndDuration> {
        list.iter()
            .map(|(size, ms)| (Bytes(*size), Ticks(*ms)))
            .collect()
    }

    #[test]
    fn a_short_last_segment_alone_is_not_the_peak() {
        // 400 ms at a very high rate count only together with the segment before.
        let list = segments(&[(500_000, 4_000), (500_000, 4_000), (400_000, 400)]);
        let joined = Bytes(900_000).rate_over(Ticks(4_400), SECOND).unwrap();
        assert_eq!(peak_rate(&list, SECOND, 4), joined);
        assert_eq!(
            average_rate(&list, SECOND),
            Bytes(1_400_000).rate_over(Ticks(8_400), SECOND).unwrap()
        );
    }

    #[test]
    fn a_clip_shorter_than_half_a_target_duration_has_its_average_rate() {
        let list = segments(&[(1_000, 100)]);
        assert_eq!(peak_rate(&list, SECOND, 4), BitsPerSecond(80_000));
        assert_eq!(peak_rate(&[], SECOND, 4), BitsPerSecond(0));
    }
}
