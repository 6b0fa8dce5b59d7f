//! HLS-P13: byte ranges are inside their objects, ascending and apart.

use super::super::{Findings, Rule, RuleSet};
use crate::report::Severity;
use crate::view::View;

/// Byte ranges are inside their objects, ascending and apart.
pub(super) static RULE: Rule = Rule {
    id: "HLS-P13",
    severity: Severity::Fail,
    spec: "RFC 8216 4.3.2.2",
    set: RuleSet::Standard,
    title: "byte ranges are inside their objects, ascending and apart",
    doc: "A range past the end is answered with an error; overlapping ranges play the same media twice.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.parser_faults(view);
    for track in &view.tracks {
        let mut last: Option<(&str, u64)> = None;
        for segment in &track.segments {
            let Some((part, (offset, length))) =
                segment.part.as_ref().and_then(|p| Some((p, p.range?)))
            else {
                continue;
            };
            let end = offset.saturating_add(length);
            let size = view.delivery.objects.get(&part.path).map(|o| o.size);
            if let Some(size) = size.filter(|s| *s > 0 && (end > *s || length == 0)) {
                let expected = format!("a range within the {size} bytes of {}", part.path);
                out.line(
                    &track.path,
                    segment.line,
                    expected,
                    format!("{offset} to {end}"),
                );
            }
            if let Some((_, before)) =
                last.filter(|(p, before)| *p == part.path && offset < *before)
            {
                let expected = format!("a range from byte {before}, after the one before");
                out.line(&track.path, segment.line, expected, offset.to_string());
            }
            last = Some((&part.path, end));
        }
    }
}
