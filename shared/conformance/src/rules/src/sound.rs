//! What the rules about sound share: which renditions are judged, and where a person listens to a difference.

use std::fmt::Display;

use crate::evidence::SoundEvidence;
use crate::rule::Findings;
use crate::rules::viewing::{decimal, fetched, fetching, playlist, quoted};
use crate::view::View;

/// Judges every comparison of a rendition. Without one the rule is not judged, unless there is no audio.
pub(super) fn each(
    view: &View<'_>,
    out: &mut Findings,
    judge: impl Fn(&SoundEvidence, &mut Findings),
) {
    let planned = view.expected.map_or(1, |expected| expected.audio.len());
    let sounds = view
        .evidence()
        .map(|e| e.sounds.as_slice())
        .unwrap_or_default();
    if sounds.len() < planned {
        out.not_judged("not every audio rendition was compared with the mezzanine");
    }
    for sound in out.each(sounds) {
        judge(sound, out);
    }
}

/// Seconds that a person listens to.
const EXCERPT: u64 = 5;

impl SoundEvidence {
    /// Reports a difference at a place, a sample and a channel, with the commands to listen to both sides.
    pub(super) fn report(
        &self,
        view: &View<'_>,
        out: &mut Findings,
        place: (u64, u32),
        expected: impl Display,
        found: impl Display,
    ) {
        let (at, channel) = place;
        let rate = u64::from(self.comparison.sample_rate.max(1));
        let channel = channel_name(channel, self.comparison.channels);
        let time = millis(at, self.comparison.sample_rate);
        // One second earlier, to hear what precedes it.
        let start_ms = (at.saturating_mul(1_000) / rate).saturating_sub(1_000);
        let source_ms = i64::try_from(start_ms)
            .unwrap_or(i64::MAX)
            .saturating_add(self.start_ms)
            .max(0);
        let stream = self.comparison.stream;
        let (fetch, source) = (fetching(&self.source), quoted(fetched(&self.source)));
        out.object(
            &self.rendition,
            format!("{expected} at {time}, channel {channel}"),
            format!(
                "{found}. To listen to the source: {fetch}ffmpeg -copyts -i {source} -map 0:{stream} -af \
                 atrim=start={}:duration={EXCERPT},asetpts=PTS-STARTPTS source.wav; to the rendition: ffplay -ss {} -t \
                 {EXCERPT} {}",
                decimal(source_ms, 1_000),
                decimal(i64::try_from(start_ms).unwrap_or(i64::MAX), 1_000),
                quoted(playlist(view, &self.rendition)),
            ),
        );
    }
}

/// The time of a sample as HH:MM:SS.mmm.
pub(super) fn millis(sample: u64, rate: u32) -> String {
    let ms = sample.saturating_mul(1_000) / u64::from(rate.max(1));
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{ms:03}", seconds % 60)
}

/// Hundredths as a decimal number.
pub(super) fn decibels(hundredths: i32) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let value = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", value / 100, value % 100)
}

pub(super) fn channel_name(channel: u32, channels: u32) -> &'static str {
    match (channels, channel) {
        (_, 0) => "left",
        (_, 1) => "right",
        (_, 2) => "centre",
        (_, 3) => "LFE",
        (_, 4) => "left surround",
        _ => "right surround",
    }
}
