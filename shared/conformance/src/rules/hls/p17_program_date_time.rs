use crate::hls::date_time_nanos;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P17",
    basis: &[must(Rfc, "RFC 8216 4.3.2.6, 6.2.4")],
    parts: &[&CONSISTENT],
    title: "EXT-X-PROGRAM-DATE-TIME is a date and time, and agrees with EXTINF",
    doc: "The value is ISO 8601 with a date, a time and, as a recommendation, a time zone. Between two of them, as much \
          time passes as the segments last, except at a discontinuity.",
    check,
};

const CONSISTENT: RulePart = RulePart {
    title: "EXT-X-PROGRAM-DATE-TIME agrees with EXTINF",
    basis: &[must(Rfc, "RFC 8216 6.2.4")],
};

/// Clocks of live encoders drift, and EXTINF rounds.
const TOLERANCE: i128 = NANOS / 2;

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in &view.renditions {
        // The date of the next segment, if it follows from the one before.
        let mut next: Option<i128> = None;
        for segment in &rendition.playlist.segments {
            if segment.discontinuity {
                next = None;
            }
            if let Some(declared) = &segment.date_time {
                out.seen();
                let date = date_time_nanos(&declared.value);
                match (date, next) {
                    (None, _) => {
                        let expected = "a date and time such as 2024-01-01T00:00:00.000Z";
                        out.line(&rendition.path, declared.line, expected, &declared.value);
                    }
                    (Some(date), Some(next)) if (date - next).abs() > TOLERANCE => {
                        let expected = "the time at which the previous segment ends";
                        let found = format!(
                            "{}, a difference of {}",
                            declared.value,
                            seconds(date - next)
                        );
                        out.of(&CONSISTENT)
                            .line(&rendition.path, declared.line, expected, found);
                    }
                    _ => {}
                }
                next = date.or(next);
            }
            next = next.map(|date| date + segment.duration);
        }
    }
}
