use crate::delivery::Text;
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "SUB-04",
    basis: &[must(Rfc, "RFC 8216 3.5")],
    parts: &[],
    title: "X-TIMESTAMP-MAP is well-formed and the same in all segments of a playlist",
    doc: "It has MPEGTS, a time of 90,000 ticks per second, and LOCAL, the cue time that belongs to it. All segments \
          of a playlist map the same way, except after a discontinuity.",
    check,
};

/// The clock of MPEG-2 systems wraps around after 2^33 ticks.
const WRAP: i128 = 1 << 33;
const TICKS: i128 = 90_000;

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in view.playlists(MediaKind::Text) {
        let mut first: Option<i128> = None;
        for segment in &rendition.segments {
            let text = segment
                .part
                .as_ref()
                .and_then(|p| view.delivery.texts.get(&p.path));
            let Some(Ok(Text::Other(bytes))) = text else {
                continue;
            };
            let Some(header) = map_line(bytes) else {
                continue;
            };
            out.seen();
            let path = segment.part.as_ref().map_or("", |p| &p.path);
            let Some(shift) = shift(&header) else {
                let expected = "X-TIMESTAMP-MAP with MPEGTS and LOCAL";
                out.object(path, expected, header);
                continue;
            };
            if segment.discontinuity {
                first = None;
            }
            let expected = *first.get_or_insert(shift);
            if (expected - shift).rem_euclid(WRAP) > TICKS / 10
                && (shift - expected).rem_euclid(WRAP) > TICKS / 10
            {
                let expected = format!("the mapping of the other segments, {expected} ticks");
                out.object(path, expected, format!("{shift} ticks"));
            }
        }
    }
}

/// The `X-TIMESTAMP-MAP` of a header, without its name.
fn map_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut header = text.lines().take_while(|l| !l.trim().is_empty());
    header.find_map(|l| Some(l.strip_prefix("X-TIMESTAMP-MAP=")?.trim().to_owned()))
}

/// The MPEG-2 time of cue time 0, in ticks.
fn shift(header: &str) -> Option<i128> {
    let (mut mpegts, mut local) = (None, None);
    for part in header.split(',') {
        let (name, value) = part.trim().split_once(':')?;
        match name {
            "MPEGTS" => mpegts = Some(value.parse::<u64>().ok()?),
            "LOCAL" => local = Some(cue_millis(value)?),
            _ => return None,
        }
    }
    let (mpegts, local) = mpegts.zip(local)?;
    Some(i128::from(mpegts) - i128::from(local) * (TICKS / 1_000))
}

/// Milliseconds of `[hh:]mm:ss.ttt`.
fn cue_millis(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once('.')?;
    let parts: Vec<&str> = clock.split(':').collect();
    if !(2..=3).contains(&parts.len()) || fraction.len() != 3 {
        return None;
    }
    let mut total = 0u64;
    for part in parts {
        total = total.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    total
        .checked_mul(1_000)?
        .checked_add(fraction.parse().ok()?)
}
