use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SEG-09",
    basis: &[must(Apple, "Apple HLS Authoring 7.1")],
    parts: &[],
    title: "audio and video start and end together",
    doc: "With edit lists applied, starts differ by at most a video frame, and ends by at most a video frame and an \
          access unit of audio.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.audio() {
        let mut video = view.video().filter(|v| v.period == rendition.period);
        let first = video.find_map(|r| Some((r, r.presentation_span()?)));
        let Some((video, (video_start, video_end))) = first else {
            continue;
        };
        let frame = video.sample_duration().unwrap_or(0);
        let live = [video, rendition]
            .iter()
            .any(|r| r.representation.is_none() && r.playlist.is_live());
        let (Some((start, end)), Some(unit), false) = (
            rendition.presentation_span(),
            rendition.sample_duration(),
            live,
        ) else {
            continue;
        };
        out.seen();
        if (start - video_start).abs() > frame {
            let expected = format!("a start within a frame of {}", seconds(video_start));
            out.object(&rendition.path, expected, seconds(start));
        }
        if (end - video_end).abs() > unit + frame {
            let expected = format!("an end within an access unit of {}", seconds(video_end));
            out.object(&rendition.path, expected, seconds(end));
        }
    }
}
