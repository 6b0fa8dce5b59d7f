use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-M24",
    basis: &[should(Apple, "Apple HLS Authoring 1.33")],
    parts: &[],
    title: "all variants have the same aspect ratio",
    doc: "A picture that changes its shape at a switch was scaled wrongly. 2 % are allowed for rounding to even sizes.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let variants = view.variants().iter();
    let mut sizes = variants.filter_map(|v| Some((v.line, v.resolution()?)));
    let Some((_, (w, h))) = sizes.next() else {
        return;
    };
    let product = |a: u32, b: u32| u64::from(a) * u64::from(b);
    for (line, (width, height)) in out.each(sizes) {
        if !within_percent(product(w, height), product(width, h), 2) {
            let expected = format!("the aspect ratio of {w}x{h}");
            out.multivariant(line, expected, format!("{width}x{height}"));
        }
    }
}
