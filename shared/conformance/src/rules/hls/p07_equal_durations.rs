use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P07",
    basis: &[
        must(Rfc, "RFC 8216 6.2.4"),
        must(Apple, "Apple HLS Authoring 8.3, 8.7"),
    ],
    parts: &[&EXACT],
    title: "all playlists cover the same time",
    doc: "The sums of EXTINF of all video playlists are equal. Audio may differ by one access unit and by the \
          priming that an edit list removes.",
    check,
};

const EXACT: RulePart = RulePart {
    title: "playlists differ by at most two access units of audio",
    basis: &[must(Apple, "Apple HLS Authoring 8.3, 8.7")],
};

/// 1024 samples at 48 kHz, for audio that could not be measured.
const AUDIO_FRAME: i128 = 21_333_333;

fn check(view: &View<'_>, out: &mut Findings) {
    let Some(first) = view.playlists(MediaKind::Video).next() else {
        return;
    };
    let total = first.playlist.duration();
    let others = view
        .media_playlists()
        .filter(|r| !r.playlist.is_live() && r.path != first.path);
    for rendition in out.each(others) {
        let found = rendition.playlist.duration();
        let tolerance = match rendition.kind {
            MediaKind::Audio => 2 * rendition.sample_duration().unwrap_or(AUDIO_FRAME),
            _ => 0,
        };
        if (found - total).abs() > tolerance + EXTINF_ROUNDING {
            let expected = format!("{} as in {}", seconds(total), first.path);
            let target = rendition.playlist.target_duration.as_ref();
            let target = target.map_or(0, |t| i128::from(t.value) * NANOS);
            if (found - total).abs() <= target {
                out.of(&EXACT);
            }
            out.object(&rendition.path, expected, seconds(found));
        }
    }
}
