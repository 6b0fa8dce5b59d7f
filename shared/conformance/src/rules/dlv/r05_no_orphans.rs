use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "DLV-05",
    basis: &[should(Reelsmith, "the promises of this pipeline")],
    parts: &[],
    title: "every object is referenced",
    doc: "Left-over objects cost money and may belong to another job. Reports, images and progressive files need no \
          reference.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let referenced = view.delivery.referenced();
    let exempt = |path: &str| {
        path == "report.html" || path.starts_with("progressive/") || path.starts_with("images/")
    };
    for path in out.each(view.delivery.objects.keys()) {
        if !exempt(path) && !referenced.contains(path) {
            let expected = "an object that a playlist or the MPD references";
            out.object(path, expected, "no reference");
        }
    }
}
