use reelsmith_core::caption_comparison::{CaptionFault, CueDifference};

use super::sound::millis;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SRC-06",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "the captions have the cues, order, times and text of their source",
    doc: "The worker reads the delivered file or stream a second time with another reader, ffmpeg or a small one for \
          TTML, and compares the letters, digits and times of every cue with the published segments. Malformed cues \
          that were left out with a warning, cues outside of the programme, cues of the same text that became one, and \
          times from a start timecode are allowed for. Closed captions, and TTML that the small reader does not know, \
          are not compared; the record of the track states the reason.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let planned = view.expected.map_or(1, |expected| expected.text.len());
    let captions = view.evidence().map(|e| &e.captions);
    let compared: Vec<_> = captions
        .into_iter()
        .flatten()
        .filter(|(_, comparison)| comparison.not_compared.is_none())
        .collect();
    if compared.len() < planned {
        out.not_judged("not every caption track was compared with its source");
    }
    for (rendition, comparison) in out.each(compared) {
        for fault in comparison.faults() {
            let (expected, cue, found, count) = match fault {
                CaptionFault::Missing(cue) => (
                    "the source's cue",
                    cue,
                    "none with this text and time",
                    comparison.missing,
                ),
                CaptionFault::Unexpected(cue) => (
                    "only cues of the source",
                    cue,
                    "another cue",
                    comparison.unexpected,
                ),
                CaptionFault::Disordered(cue) => (
                    "cues in the order of their times",
                    cue,
                    "a cue after a later one",
                    comparison.disordered,
                ),
            };
            let expected = format!("{expected} at {}", describe(cue));
            let elsewhere = cue
                .elsewhere_ms
                .map(|ms| format!(", but one with this text at {}", time(ms)));
            let found = format!(
                "{found}{}; {count} of {} cues, read by {}",
                elsewhere.unwrap_or_default(),
                comparison.expected.max(comparison.found),
                comparison.reader
            );
            out.object(rendition, expected, found);
        }
    }
}

fn describe(cue: &CueDifference) -> String {
    format!(
        "{} to {}: {:?}",
        time(cue.start_ms),
        time(cue.end_ms),
        cue.text
    )
}

fn time(ms: i64) -> String {
    millis(ms.max(0).unsigned_abs(), 1_000)
}
