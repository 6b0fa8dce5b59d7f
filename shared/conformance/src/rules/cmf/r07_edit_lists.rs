use crate::fault::Mismatch;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "CMF-07",
    basis: &[
        must(Cmaf, "ISO/IEC 23000-19 7.5"),
        must(DashIf, "DASH-IF IOP 6.2.5.2"),
    ],
    parts: &[&EDIT, &DURATION],
    title: "the edit list removes priming and nothing else, and moov has no samples",
    doc: "There is at most one edit, at normal rate. For video it starts at the composition offset of the first \
          picture, for audio within the priming of the encoder. If a duration is declared, it is that of the track.",
    check,
};

const EDIT: RulePart = RulePart {
    title: "the edit list removes priming and nothing else",
    basis: &[must(DashIf, "DASH-IF IOP 6.2.5.2")],
};

const DURATION: RulePart = RulePart {
    title: "a duration in the init segment is that of the track",
    basis: &[must(Reelsmith, "the promises of this pipeline")],
};

/// The longest priming, that of HE-AAC encoders, in samples; AAC-LC has 1024 to 2112.
const MAX_PRIMING: i64 = 5_186;

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.video_and_audio() {
        let Some((init, path)) = rendition.init_at() else {
            continue;
        };
        out.seen();
        if let Some(wrong) = wrong_edit(rendition, init) {
            out.of(&EDIT).object(path, wrong.expected, wrong.found);
        }
        if init.moov_samples > 0 {
            let found = format!("{} samples", init.moov_samples);
            out.object(path, "no samples in moov", found);
        }
        let Some((_, ticks)) = rendition.totals() else {
            continue;
        };
        let declared = init.fragment_duration.unwrap_or(init.movie_duration);
        let declared = nanos(declared.into(), init.movie_timescale);
        let measured = nanos(ticks.into(), init.timescale);
        if declared > 0 && (declared - measured).abs() > NANOS / 10 {
            let expected = format!("a duration of 0 or of {}", seconds(measured));
            out.of(&DURATION).object(path, expected, seconds(declared));
        }
    }
}

fn wrong_edit(rendition: &Rendition<'_>, init: &Init) -> Option<Mismatch> {
    let edit = match init.edits.as_slice() {
        [] => return None,
        [edit] if edit.media_time >= 0 && edit.rate == 0x1_0000 => edit,
        edits => {
            let expected = "at most one edit, at normal rate";
            return Some(Mismatch::new(expected, format!("{edits:?}")));
        }
    };
    let first = rendition.segments.first()?.facts?.fragments.first()?;
    let offset = first.first_presentation()? - i64::try_from(first.tfdt).ok()?;
    let allowed = match rendition.kind {
        MediaKind::Audio => 0..=MAX_PRIMING,
        _ => offset..=offset,
    };
    (!allowed.contains(&edit.media_time)).then(|| {
        let expected = format!("an edit at {} to {}", allowed.start(), allowed.end());
        Mismatch::new(expected, edit.media_time)
    })
}
