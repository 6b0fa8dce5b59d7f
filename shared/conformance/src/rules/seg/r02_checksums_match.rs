use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-02",
    basis: &[
        must(Reelsmith, "the promises of this pipeline"),
        must(Rfc, "the checksums beside the package"),
        must(Dash, "the checksums beside the package"),
        must(Cmaf, "the checksums beside the package"),
    ],
    parts: &[],
    title: "checksums equal those that were recorded",
    doc: "The SHA-256 of an object is that in the records of the job or in a list beside the package, such as SHA256SUMS. \
          An object that was overwritten or damaged later is not the one that was made. Write it again, or correct the \
          list.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    if view.expected.is_some() {
        out.not_judged("no checksum was recorded or compared");
    }
    for (path, expected) in &view.delivery.checksums {
        let found = view.object(path).and_then(|o| o.sha256.as_ref());
        if let Some(found) = out.each(found).find(|f| *f != expected) {
            let expected = format!("SHA-256 {expected} as recorded");
            out.object(path, expected, found);
        }
    }
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
