use crate::dash::Addressing;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-10",
    basis: &[must(Dash, "ISO/IEC 23009-1 5.3.9.1, 5.3.9.2")],
    parts: &[],
    title: "there is one addressing mode, with a duration or a timeline",
    doc: "Each level has at most one of SegmentBase, SegmentTemplate and SegmentList, and either @duration or \
          SegmentTimeline.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for set in view.adaptation_sets() {
        check_level(&set.addressing, out);
        for representation in &set.representations {
            check_level(&representation.addressing, out);
        }
    }
}

fn check_level(level: &[Addressing], out: &mut Findings) {
    if let [first, second, ..] = level {
        let expected = format!("only {}", first.mode);
        out.mpd(
            second.element.line,
            expected,
            format!("{} too", second.mode),
        );
    }
    for addressing in out.each(level) {
        if addressing.element.get("duration").is_some() && addressing.has_timeline {
            out.mpd(
                addressing.element.line,
                "@duration or SegmentTimeline",
                "both",
            );
        }
    }
}
