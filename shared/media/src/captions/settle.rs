//! From the cues of a file to the cues of the programme: malformed cues are left out, times that begin at the programme's
//! start timecode are shifted, and cues that repeat their text without a gap become one.

use std::collections::HashMap;

use reelsmith_core::plan::Plan;
use reelsmith_core::warning::{Place, Warning, WarningName};

use super::{CaptionSource, Clock, Cue, Fault, Reading, millis, stamp, wrong};
use crate::error::MediaError;

/// Longest gap between two cues of the same text that become one: the rounding of a format with hundredths of a second.
const GAP_MS: i64 = 10;

/// From this start timecode on, times are more likely to count from it than from zero.
const LATE_START_MS: i64 = 30 * 60_000;

/// The cues that are shown within the programme, in order, and warnings about the others.
///
/// No cues and a warning are the result for a forced track without cues.
pub(super) fn settle(
    reading: Reading,
    source: &CaptionSource<'_>,
    plan: &Plan,
) -> Result<(Vec<Cue>, Vec<Warning>), MediaError> {
    let Reading {
        cues,
        mut faults,
        clock,
    } = reading;
    let shown = usable(cues, &mut faults);
    let mut warnings = Vec::new();
    faults.sort_by_key(|f| f.line);
    judge(&faults, shown.len(), source, &mut warnings)?;
    if shown.is_empty() {
        if !source.forced || source.strict {
            return Err(wrong(None, "at least one cue", "none"));
        }
        warnings.push(empty(source.name, "no cue"));
        return Ok((Vec::new(), warnings));
    }
    let shown = placed(shown, clock, source, plan, &mut warnings)?;
    let all = shown.len();
    let shown = clipped(shown, plan);
    if shown.is_empty() {
        let found = format!("{all} cues, none of them between InPoint and OutPoint");
        warnings.push(empty(source.name, found));
    }
    Ok((merged(shown), warnings))
}

/// The warning about a track that is left out because it has no cues.
pub(super) fn empty(source: &str, found: impl Into<String>) -> Warning {
    Warning::new(WarningName::CaptionTrackEmpty, source).because(
        "at least one cue",
        found,
        "the track is left out",
    )
}

/// The cues with text that end after they start. Cues without text hide nothing and are no fault.
fn usable(cues: Vec<Cue>, faults: &mut Vec<Fault>) -> Vec<Cue> {
    let mut shown = Vec::with_capacity(cues.len());
    for cue in cues {
        if cue.payload.is_empty() {
            continue;
        }
        if cue.end > cue.start {
            shown.push(cue);
            continue;
        }
        let expected = format!("an end after {}", stamp(cue.start));
        faults.push(Fault {
            line: cue.line,
            expected,
            found: stamp(cue.end),
        });
    }
    shown
}

/// Faults are warnings as long as they are fewer than the good cues, and errors in strict mode.
fn judge(
    faults: &[Fault],
    good: usize,
    source: &CaptionSource<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<(), MediaError> {
    if let Some(first) = faults.first()
        && (source.strict || faults.len() > good)
    {
        return Err(wrong(
            first.line,
            first.expected.clone(),
            first.found.clone(),
        ));
    }
    let all = faults.len() + good;
    for fault in faults {
        let found = format!(
            "{}; {} of {all} cues are malformed",
            fault.found,
            faults.len()
        );
        Warning::new(WarningName::CaptionCueDropped, source.name)
            .at(Place::Line(fault.line))
            .because(fault.expected.clone(), found, "the cue is left out")
            .add_to(warnings);
    }
    Ok(())
}

/// Shifts the cues by the start timecode if that explains all of them, and leaves out those outside the programme.
fn placed(
    mut cues: Vec<Cue>,
    clock: Clock,
    source: &CaptionSource<'_>,
    plan: &Plan,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Cue>, MediaError> {
    let total = millis(plan.whole().0, plan);
    let origin = source.start.map_or(0, |start| clock.origin(start, plan));
    let all_within = |cues: &[Cue], shift: i64| {
        cues.iter()
            .all(|c| c.end > shift && c.start >= shift && c.start < total + shift)
    };
    let plain = all_within(&cues, 0);
    let first = cues
        .iter()
        .min_by_key(|c| c.start)
        .map(|c| (c.line, c.start));
    let (line, earliest) = first.unwrap_or_default();
    if origin > 0 && all_within(&cues, origin) {
        let start = source.start.map(|s| s.to_string()).unwrap_or_default();
        let about = |name| Warning::new(name, source.name).at(Place::Line(line));
        if !plain {
            cues.iter_mut().for_each(|c| c.shift(-origin));
            warnings.push(about(WarningName::CaptionTimesShifted).because(
                "times from the start of the programme",
                format!(
                    "the first at {}, as the programme's timecode starts at {start}",
                    stamp(earliest)
                ),
                format!("{} is subtracted from all times", stamp(origin)),
            ));
        } else if origin >= LATE_START_MS {
            warnings.push(about(WarningName::CaptionTimesAmbiguous).because(
                format!("times before {}", stamp(origin)),
                format!(
                    "the first at {}, while the programme's timecode starts at {start}",
                    stamp(earliest)
                ),
                "the times count from the start of the programme",
            ));
        }
    }
    let before = cues.len();
    let outside = |c: &Cue| c.start >= total || c.end <= 0;
    let lost = cues.iter().find(|c| outside(c)).map(|c| (c.line, c.start));
    cues.retain(|c| !outside(c));
    let expected = format!("cues within the programme of {}", stamp(total));
    if cues.is_empty() {
        let timecode = source
            .start
            .map_or_else(|| "no timecode".to_owned(), |s| format!("the timecode {s}"));
        let found = format!(
            "the first at {}, in a programme with {timecode} at its start",
            stamp(earliest)
        );
        return Err(wrong(line, expected, found));
    }
    if let Some((line, start)) = lost {
        let count = before - cues.len();
        warnings.push(
            Warning::new(WarningName::CaptionCuesOutside, source.name)
                .at(Place::Line(line))
                .times(count as u64)
                .because(
                    expected,
                    format!("one at {}; {count} of {before} are outside", stamp(start)),
                    "they are left out",
                ),
        );
    }
    for cue in &mut cues {
        cue.start = cue.start.max(0);
        cue.end = cue.end.min(total);
    }
    Ok(cues)
}

/// The cues of the whole mezzanine that are shown in its published part, with times from the start of that part.
fn clipped(mut cues: Vec<Cue>, plan: &Plan) -> Vec<Cue> {
    let (start, length) = (millis(plan.whole().1, plan), millis(plan.duration(), plan));
    cues.iter_mut().for_each(|c| c.shift(-start));
    cues.retain(|c| c.start < length && c.end > 0);
    for cue in &mut cues {
        cue.start = cue.start.max(0);
        cue.end = cue.end.min(length);
    }
    cues
}

/// The cues in order of time. Cues that repeat their text at the same place and without a gap become one, for example the
/// layers and steps of an animated sign.
pub(super) fn merged(mut cues: Vec<Cue>) -> Vec<Cue> {
    cues.sort_by_key(|c| (c.start, c.end));
    let mut out: Vec<Cue> = Vec::with_capacity(cues.len());
    let mut last: HashMap<(String, String), usize> = HashMap::new();
    for cue in cues {
        let key = (cue.payload.clone(), cue.placement.to_string());
        match last.get(&key).and_then(|at| out.get_mut(*at)) {
            Some(same) if cue.start <= same.end + GAP_MS => same.end = same.end.max(cue.end),
            _ => {
                last.insert(key, out.len());
                out.push(cue);
            }
        }
    }
    out
}
