use reelsmith_core::sound::SoundFault;

use super::sound::{self, millis};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SRC-03",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "no sound is early or late by more than a millisecond",
    doc: "The worker correlates excerpts of the published rendition with an independent decode of the mezzanine, one \
          in each section of the programme and for each channel. So it finds an offset, a drift and a shift that \
          begins midway. Periodic sound has several offsets; the one nearest to zero counts. The limit is \
          `offset_us` of the profile.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    sound::each(view, out, |sound, out| {
        let Some(SoundFault::Offset(offset)) = sound.comparison.offset_fault(&sound.tolerances)
        else {
            return;
        };
        let rate = i64::from(sound.comparison.sample_rate.max(1));
        let tenths = offset.samples.saturating_abs().saturating_mul(10_000) / rate;
        let direction = if offset.samples > 0 { "late" } else { "early" };
        let micros = sound.tolerances.offset_us;
        let expected = format!("sound within {micros} µs of the source's");
        let mut found = format!("{}.{} ms {direction}", tenths / 10, tenths % 10);
        for (name, at) in [
            ("first", sound.comparison.first_offset),
            ("last", sound.comparison.last_offset),
        ] {
            if let Some(at) = at.filter(|at| at.samples != offset.samples) {
                let place = millis(at.at, sound.comparison.sample_rate);
                found.push_str(&format!(
                    ", {} samples in the {name} excerpt at {place}",
                    at.samples
                ));
            }
        }
        sound.report(view, out, (offset.at, offset.channel), expected, found);
    });
}
