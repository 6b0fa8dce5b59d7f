use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "CMF-04",
    basis: &[must(Cmaf, "ISO/IEC 23000-19 7.3.2.4")],
    parts: &[],
    title: "every fragment can be decoded independently",
    doc: "Each fragment of video starts with an IDR picture. SEG-03 checks the first fragment of a segment.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video() {
        for (segment, facts) in rendition.measured_segments() {
            // A later chunk of a fragment need not start with an access point, and says so.
            let starts = |i: usize| facts.fragments.get(i).and_then(|f| f.samples.first());
            let is_chunk = |i: usize| view.expected.is_none() && starts(i).is_some_and(|s| !s.sync);
            let later = facts.first_pictures.iter().enumerate().skip(1);
            let later = later.filter(|(i, _)| !is_chunk(*i));
            let pictures = later.filter_map(|(i, p)| Some((i, p.as_ref()?)));
            let mut pictures = out.each(pictures);
            if let Some((index, picture)) = pictures.find(|(_, p)| p.idr == Some(false)) {
                let expected = format!("an IDR picture first in fragment {}", index + 1);
                let found = format!("NAL unit types {:?}", picture.nal_types);
                out.segment(rendition, segment, expected, found);
            }
        }
    }
}
