use crate::delivery::Text;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SUB-01",
    basis: &[
        must(Rfc, "RFC 8216 3.5, WebVTT 4"),
        must(Dash, "WebVTT 4"),
        must(Apple, "Apple HLS Authoring 5.3"),
    ],
    parts: &[&MAP, &COVER],
    title: "WebVTT segments are well-formed, in order, and cover the programme",
    doc: "Each segment is UTF-8, starts with WEBVTT and has an X-TIMESTAMP-MAP. Cues start in order and end after \
          they start. The playlist is as long as the video.",
    check,
};

const MAP: RulePart = RulePart {
    title: "segments have an X-TIMESTAMP-MAP",
    basis: &[
        should(Rfc, "RFC 8216 3.5"),
        must(Apple, "Apple HLS Authoring 5.3"),
    ],
};

const COVER: RulePart = RulePart {
    title: "captions cover the programme",
    basis: &[must(Apple, "Apple HLS Authoring 5.5")],
};

fn check(view: &View<'_>, out: &mut Findings) {
    let video = view
        .playlists(MediaKind::Video)
        .next()
        .map(|r| r.playlist.duration());
    for rendition in out.each(view.playlists(MediaKind::Text)) {
        let found = rendition.playlist.duration();
        if let Some(video) = video.filter(|v| (found - v).abs() > NANOS / 10) {
            let expected = format!("captions over {}", seconds(video));
            out.of(&COVER)
                .object(&rendition.path, expected, seconds(found));
        }
        for part in rendition.segments.iter().filter_map(|s| s.part.as_ref()) {
            if let Some(Ok(Text::Other(bytes))) = view.delivery.texts.get(&part.path) {
                check_segment(&part.path, bytes, out);
            }
        }
    }
}

fn check_segment(path: &str, bytes: &[u8], out: &mut Findings) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return out.object(path, "UTF-8", "other bytes");
    };
    let mut header = text.lines().take_while(|l| !l.is_empty());
    let first = header.next().unwrap_or_default();
    if first != "WEBVTT" && !first.starts_with("WEBVTT ") {
        return out.line(path, 1, "WEBVTT", format!("{first:?}"));
    }
    if !header.any(|l| l.starts_with("X-TIMESTAMP-MAP=")) {
        out.of(&MAP)
            .line(path, 1, "X-TIMESTAMP-MAP in the header", "none");
    }
    let mut before = 0;
    for (line, number) in text.lines().zip(1u32..).filter(|(l, _)| l.contains("-->")) {
        match cue(line) {
            Some((start, end)) if start >= before && end > start => before = start,
            Some(_) => {
                let expected = "cues that start in order and end after they start";
                out.line(path, number, expected, line);
            }
            None => {
                let expected = "times such as 00:00:01.000 --> 00:00:02.000";
                out.line(path, number, expected, line);
            }
        }
    }
}

/// Start and end of a cue in milliseconds.
fn cue(line: &str) -> Option<(u64, u64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.split_whitespace().next()?;
    Some((millis(start.trim())?, millis(end)?))
}

fn millis(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once('.')?;
    let parts: Vec<&str> = clock.split(':').collect();
    if !(2..=3).contains(&parts.len()) || fraction.len() != 3 {
        return None;
    }
    let mut total = 0u64;
    for part in parts {
        total = total.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    let fraction = fraction.parse().ok()?;
    total.checked_mul(1_000)?.checked_add(fraction)
}
