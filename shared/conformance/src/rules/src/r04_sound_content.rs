use reelsmith_core::sound::SoundFault;

use super::sound::{self, channel_name, decibels};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SRC-04",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "every channel has the sound of the source",
    doc: "The worker compares the level of each channel of the published rendition, in windows of 20 ms and in \
          sections of two seconds, with an independent decode of the mezzanine after the known gain, and correlates \
          excerpts. So it finds silence where the source has sound, sound where it has none, a wrong gain, missing \
          or swapped channels, and the sound of another track. What AAC and the limiter change is allowed for; the \
          limits are those of the profile.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    sound::each(view, out, |sound, out| {
        let name = |channel| channel_name(channel, sound.comparison.channels);
        for fault in sound.comparison.content_faults(&sound.tolerances) {
            let (place, expected, found) = match fault {
                SoundFault::Window(level) | SoundFault::Section(level) => {
                    let length = match fault {
                        SoundFault::Window(_) => "20 ms",
                        _ => "2 s",
                    };
                    let louder = if level.difference > 0 {
                        "louder"
                    } else {
                        "quieter"
                    };
                    let found = format!(
                        "{} dBFS, {} dB {louder} than explained",
                        decibels(level.found),
                        decibels(level.difference.saturating_abs())
                    );
                    let expected = format!("{} dBFS in {length}", decibels(level.expected));
                    ((level.at, level.channel), expected, found)
                }
                SoundFault::Unlike(excerpt) => {
                    let least = sound.tolerances.correlation;
                    let expected =
                        format!("the sound of the source: a correlation of {least}/1000");
                    let found = format!("other sound: {}/1000", excerpt.correlation);
                    ((excerpt.at, excerpt.channel), expected, found)
                }
                SoundFault::Swapped(excerpt) => {
                    let other = excerpt.other.map_or(excerpt.channel, |(other, _)| other);
                    let found = format!(
                        "the source's channel {}, in {} excerpts",
                        name(other),
                        sound.comparison.swapped
                    );
                    let expected = format!("the source's channel {}", name(excerpt.channel));
                    ((excerpt.at, excerpt.channel), expected, found)
                }
                SoundFault::Offset(_) | SoundFault::Length { .. } => continue,
            };
            sound.report(view, out, place, expected, found);
        }
    });
}
