use super::sound::{self, decibels};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SRC-05",
    basis: &[must(Reelsmith, "EBU R 128")],
    parts: &[],
    title: "the sound has the planned length, loudness and true peak",
    doc: "The length after the edit list is exact to the sample. Loudness and true peak are measured again in a decode \
          of the published rendition, and must be those that the encode measured; SEG-16 judges whether these reach \
          the target. The true peak may exceed the ceiling of the profile by `true_peak` if the encode applied a gain.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    sound::each(view, out, |sound, out| {
        let found = &sound.comparison;
        if found.length_fault().is_some() {
            let expected = format!("{} samples after the edit list", found.planned);
            out.object(&sound.rendition, expected, found.presented);
        }
        let Some(encode) = &sound.encode else {
            return;
        };
        let tolerances = &sound.tolerances;
        if let (Some(expected), Some(loudness)) = (encode.integrated, found.integrated)
            && loudness.abs_diff(expected) > tolerances.loudness
        {
            let expected = format!("{} LUFS, as the encode measured", decibels(expected));
            let found = format!("{} LUFS", decibels(loudness));
            out.object(&sound.rendition, expected, found);
        }
        let tolerance = i32::try_from(tolerances.true_peak).unwrap_or(i32::MAX);
        let highest = encode.ceiling.saturating_add(tolerance);
        if let Some(peak) = found.true_peak
            && found.gain != 0
            && peak > highest
        {
            let expected = format!("a true peak of at most {} dBTP", decibels(highest));
            let found = format!("{} dBTP", decibels(peak));
            out.object(&sound.rendition, expected, found);
        }
    });
}
