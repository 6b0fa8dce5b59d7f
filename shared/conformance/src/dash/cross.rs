//! The second reader must find the same presentation.

use super::{Mpd, xs_duration};
use crate::fault::TextFault;

/// Attributes that `dash-mpd` parses as durations or dates, where it may overflow.
fn is_time(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.ends_with("time")
        || lower.ends_with("duration")
        || lower.contains("delay")
        || lower.contains("period")
        || matches!(name, "timeShiftBufferDepth" | "start")
}

/// Compares with `dash-mpd`, if the document is one that it can be given.
pub(super) fn check(mpd: &mut Mpd, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let ours = format!(
        "{} periods with {} representations",
        mpd.periods.len(),
        mpd.representations().count()
    );
    let theirs = match second_reading(text) {
        Ok(theirs) => theirs,
        Err(Some(reason)) => reason,
        Err(None) => return,
    };
    if ours != theirs {
        mpd.faults.push(TextFault {
            rule: "DSH-01".to_owned(),
            line: mpd.root.line,
            expected: ours,
            found: format!("{theirs} by an independent reader"),
        });
    }
}

/// What `dash-mpd` counts; `Err(None)` where it is not asked, because a time is of a kind that it may choke on.
fn second_reading(text: &str) -> Result<String, Option<String>> {
    let doc = roxmltree::Document::parse(text).map_err(|_| None)?;
    let attributes = doc.descendants().flat_map(|n| n.attributes());
    let harmless = |value: &str| value.bytes().all(|b| b.is_ascii_digit()) && value.len() < 19;
    let safe = attributes
        .filter(|a| is_time(a.name()))
        .all(|a| harmless(a.value()) || xs_duration(a.value()).is_some() || is_utc(a.value()));
    if !safe {
        return Err(None);
    }
    // The guard above is what keeps it from panicking; this is for what nobody thought of.
    let parsed = std::panic::catch_unwind(|| dash_mpd::parse(text));
    let mpd = match parsed {
        Ok(Ok(mpd)) => mpd,
        Ok(Err(e)) => return Err(Some(crate::fault::shorten(&e.to_string()))),
        Err(_) => return Err(Some("a panic".to_owned())),
    };
    let sets = mpd.periods.iter().flat_map(|p| &p.adaptations);
    let count: usize = sets.map(|s| s.representations.len()).sum();
    Ok(format!(
        "{} periods with {count} representations",
        mpd.periods.len()
    ))
}

/// `YYYY-MM-DDThh:mm:ss[.f]Z` with plausible fields.
fn is_utc(text: &str) -> bool {
    let Some((date, time)) = text.strip_suffix('Z').and_then(|t| t.split_once('T')) else {
        return false;
    };
    let time = time.split_once('.').map_or(time, |(whole, fraction)| {
        let digits = fraction.bytes().all(|b| b.is_ascii_digit());
        if digits && (1..=9).contains(&fraction.len()) {
            whole
        } else {
            ""
        }
    });
    let shape = |text: &str, separator: char, lengths: [usize; 3]| {
        let parts: Vec<&str> = text.split(separator).collect();
        parts.len() == 3
            && parts
                .iter()
                .zip(lengths)
                .all(|(p, l)| p.len() == l && p.bytes().all(|b| b.is_ascii_digit()))
    };
    shape(date, '-', [4, 2, 2]) && shape(time, ':', [2, 2, 2])
}
