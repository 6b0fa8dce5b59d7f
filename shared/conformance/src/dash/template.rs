//! `SegmentTemplate` (ISO/IEC 23009-1, 5.3.9.4): expansion of identifiers and of the `SegmentTimeline`.

use super::Element;

/// The values of a template's identifiers.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    pub id: &'a str,
    pub bandwidth: Option<u64>,
    pub number: Option<u64>,
    pub time: Option<u64>,
}

/// Replaces the identifiers of a template.
///
/// # Errors
/// The identifier that is unknown or has no value here.
pub(super) fn expand(template: &str, values: Values<'_>) -> Result<String, String> {
    let mut out = String::new();
    let mut parts = template.split('$');
    out.push_str(parts.next().unwrap_or_default());
    while let Some(identifier) = parts.next() {
        let after = parts
            .next()
            .ok_or_else(|| format!("a lone $ in {template:?}"))?;
        out.push_str(&value(identifier, values)?);
        out.push_str(after);
    }
    Ok(out)
}

fn value(identifier: &str, values: Values<'_>) -> Result<String, String> {
    let (name, format) = match identifier.split_once('%') {
        Some((name, format)) => (name, Some(format)),
        None => (identifier, None),
    };
    let unknown = || format!("${identifier}$");
    let number = match name {
        "" if format.is_none() => return Ok("$".to_owned()),
        "RepresentationID" if format.is_none() => return Ok(values.id.to_owned()),
        "Number" => values.number,
        "Time" => values.time,
        "Bandwidth" => values.bandwidth,
        _ => None,
    }
    .ok_or_else(unknown)?;
    let width = match format {
        None => 1,
        Some(format) => {
            let digits = format.strip_prefix('0').and_then(|f| f.strip_suffix('d'));
            let width = digits.and_then(|d| d.parse::<usize>().ok());
            width.filter(|w| *w <= 20).ok_or_else(unknown)?
        }
    };
    Ok(format!("{number:0width$}"))
}

/// Greatest number of segments in one MPD: a day of two-second segments in ten representations.
pub(super) const MAX_SEGMENTS: usize = 500_000;

/// A segment of an expanded timeline, in ticks.
pub(super) struct Entry {
    pub line: u32,
    pub time: u64,
    pub duration: u64,
}

/// Expands `S` elements. `end` is the end of the period in ticks, for a negative `@r`.
///
/// # Errors
/// The line, and what is wrong there.
pub(super) fn timeline(
    elements: &[Element],
    end: Option<u64>,
    budget: &mut usize,
) -> Result<Vec<Entry>, (u32, String)> {
    let mut out: Vec<Entry> = Vec::new();
    let mut time = 0u64;
    for s in elements {
        let bad = |what: &str| (s.line, what.to_owned());
        if let Some(t) = s.get("t") {
            let start = t.parse().map_err(|_| bad("S@t is not an integer"))?;
            if !out.is_empty() && start != time {
                return Err(bad(&format!(
                    "S@t {start}, but the previous segment ends at {time}"
                )));
            }
            time = start;
        }
        let duration = s.integer("d").filter(|d| *d > 0);
        let duration = duration.ok_or_else(|| bad("S@d is not a positive integer"))?;
        let repeat: i64 = s
            .get("r")
            .unwrap_or("0")
            .parse()
            .map_err(|_| bad("S@r is not an integer"))?;
        let count = match u64::try_from(repeat) {
            Ok(repeat) => repeat.saturating_add(1),
            Err(_) => {
                let end = end.ok_or_else(|| bad("S@r is negative without an end"))?;
                end.saturating_sub(time).div_ceil(duration)
            }
        };
        for _ in 0..count {
            *budget = budget
                .checked_sub(1)
                .ok_or_else(|| bad(&format!("more than {MAX_SEGMENTS} segments")))?;
            out.push(Entry {
                line: s.line,
                time,
                duration,
            });
            time = time.saturating_add(duration);
        }
    }
    Ok(out)
}
