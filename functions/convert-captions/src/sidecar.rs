//! One WebVTT file of all segments' cues. A cue that is shown across a cut is in both segments; here it is once.

use std::collections::HashSet;

use reelsmith_media::TextSegment;

/// Joins segments; the HLS-only timestamp map is left out, since the whole file counts from zero.
pub(crate) fn whole(segments: &[TextSegment]) -> String {
    let mut seen = HashSet::new();
    let mut text = String::from("WEBVTT\n");
    for block in segments.iter().flat_map(|s| s.body.split("\n\n").skip(1)) {
        let block = block.trim_matches('\n');
        if !block.is_empty() && seen.insert(block) {
            text.push('\n');
            text.push_str(block);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use reelsmith_core::time::Ticks;

    use super::*;

    fn segment(number: u32, body: &str) -> TextSegment {
        TextSegment {
            number,
            body: body.into(),
            start: Ticks(0),
            duration: Ticks(1),
            cues: 1,
        }
    }

    #[test]
    fn a_cue_across_a_cut_is_there_once() {
        let head = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n";
        let (a, b) = (
            "00:00:01.000 --> 00:00:05.000\nacross",
            "00:00:05.000 --> 00:00:06.000\nafter\nit",
        );
        let segments = [
            segment(1, &format!("{head}\n{a}\n")),
            segment(2, &format!("{head}\n{a}\n\n{b}\n")),
            segment(3, head),
        ];
        assert_eq!(whole(&segments), format!("WEBVTT\n\n{a}\n\n{b}\n"));
    }
}
