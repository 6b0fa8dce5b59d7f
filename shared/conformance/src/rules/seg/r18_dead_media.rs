use crate::evidence::DeadRun;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-18",
    basis: &[
        must(Rfc, "RFC 8216 3, ISO/IEC 14496-10 8, ISO/IEC 14496-3 4.6"),
        must(Cmaf, "ISO/IEC 23000-19 9.2, 10.2, ISO/IEC 14496-10 8"),
        must(Dash, "ISO/IEC 23009-1 4.5.3, ISO/IEC 14496-10 8"),
        must(Reelsmith, "the promises of this pipeline"),
    ],
    parts: &[&RUNS],
    title: "everything decodes, and no run is black, frozen or silent unless the source is",
    doc: "A decoder conceals damage with parts of other pictures, grey areas or silence, and logs an error. With `--decode`, \
          every rendition is decoded and the errors are listed with their segments. Runs of two seconds or more that are \
          black, frozen or silent are remarks, because the source may have them too. If the source is known, each run must \
          lie within one of the source, with a tolerance of half a second. Encode or fetch the segment again.",
    check,
};

const RUNS: RulePart = RulePart {
    title: "two seconds that are black, frozen or silent are listed, and what was not decoded",
    basis: &[
        may(Rfc, "no clause: a remark"),
        may(Cmaf, "no clause: a remark"),
        may(Dash, "no clause: a remark"),
        may(Reelsmith, "no clause: a remark"),
    ],
};

/// Detectors report starts and ends early or late by up to this, in milliseconds.
const TOLERANCE: u64 = 500;

fn check(view: &View<'_>, out: &mut Findings) {
    let all = &view.delivery.decoded;
    let judged = all.values().any(Result::is_ok);
    for (path, decoded) in all {
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(reason) => {
                out.not_judged(reason.clone());
                if judged {
                    let expected = "media that can be decoded";
                    out.of(&RUNS).object(path, expected, reason);
                }
                continue;
            }
        };
        out.seen();
        let rendition = view.all_renditions().find(|r| r.path == *path);
        for (number, complaint) in &decoded.complaints {
            let expected = "media that decode without an error";
            let at = rendition.zip(*number);
            let segment =
                at.and_then(|(r, n)| Some((r, r.segments.iter().find(|s| s.number == n)?)));
            match segment {
                Some((rendition, segment)) => out.segment(rendition, segment, expected, complaint),
                None => out.object(path, expected, complaint),
            }
        }
        for run in &decoded.runs {
            out.of(&RUNS)
                .object(path, "pictures that move and sound", described(run));
        }
    }
    let Some(dead) = view.evidence().and_then(|e| e.dead.as_ref()) else {
        return out.not_judged("the media was not decoded");
    };
    out.seen();
    for run in &dead.output {
        if !dead.source.iter().any(|s| covers(s, run)) {
            let expected = format!("{} only where the source is", run.kind);
            out.object(&run.rendition, expected, described(run));
        }
    }
}

fn described(run: &DeadRun) -> String {
    format!("{} from {} ms to {} ms", run.kind, run.start_ms, run.end_ms)
}

fn covers(source: &DeadRun, run: &DeadRun) -> bool {
    source.kind == run.kind
        && source.start_ms <= run.start_ms.saturating_add(TOLERANCE)
        && run.end_ms <= source.end_ms.saturating_add(TOLERANCE)
}
