use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-02",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "checksums equal those that the workers recorded",
    doc: "The SHA-256 of a stored object is that of the bytes its worker made. A segment that was overwritten later \
          is not the one that was checked.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    out.not_judged("no checksum was recorded or compared");
    for recorded in view.recorded() {
        let segments = recorded.segments.iter().map(|s| (&*s.name, &s.sha256));
        let init = (reelsmith_core::keys::INIT, &recorded.init_sha256);
        for (name, sha256) in segments.chain([init]).filter(|(_, sha)| !sha.is_empty()) {
            let path = format!("{}/{name}", recorded.rendition);
            let stored = view.object(&path).and_then(|o| o.sha256.as_ref());
            for stored in out.each(stored).filter(|s| *s != sha256) {
                let expected = format!("SHA-256 {sha256} as recorded");
                out.object(&path, expected, stored);
            }
        }
    }
}
