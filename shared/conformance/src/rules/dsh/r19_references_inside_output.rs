use crate::path::resolve;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DSH-19",
    basis: &[must(Reelsmith, "ISO/IEC 23009-1 5.6, security")],
    parts: &[],
    title: "no reference leads outside the output prefix",
    doc: "BaseURL, templates and xlink:href are absent or relative. A remote period could contain anything.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(mpd) = view.mpd else { return };
    out.seen();
    for reference in &mpd.references {
        let refused = match reference.name.as_str() {
            "BaseURL" => resolve(MPD, &reference.text).err().map(|e| e.to_string()),
            _ => Some(format!("{:?}", reference.text)),
        };
        let (name, line) = (&reference.name, reference.line);
        let reported = mpd
            .faults
            .iter()
            .any(|f| f.rule == RULE.id && f.line == line);
        if let Some(found) = refused.filter(|_| !reported) {
            let expected = format!("{name} absent, or relative and inside the output prefix");
            out.mpd(line, expected, found);
        }
    }
}
