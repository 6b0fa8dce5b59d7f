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

/// A segment of an expanded template. Times are in ticks of the media timeline: the presentation time offset is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub line: u32,
    pub number: u64,
    pub time: u64,
    pub duration: Option<u64>,
    /// Whether the times come from `@duration`, from which segments may deviate.
    pub is_nominal: bool,
    /// Whether the end is not declared, so that the segment exists only if its object does.
    pub is_open: bool,
    /// Whether the segment need not exist.
    pub is_optional: bool,
}

/// A run of equal segments.
#[derive(Clone, Copy, Debug)]
struct Run {
    line: u32,
    number: u64,
    time: u64,
    duration: Option<u64>,
    /// `None` if it has no declared end.
    count: Option<u64>,
    /// The latest end of the last segment.
    end: Option<u64>,
}

/// The segments of a template, in order. It is lazy: a repeat count of the document allocates nothing.
#[derive(Clone, Debug)]
pub(super) struct Expansion {
    line: u32,
    start_number: u64,
    end_number: Option<u64>,
    offset: u64,
    /// Duration of the period in ticks.
    length: Option<u64>,
    is_nominal: bool,
    /// Whether the last segment need not exist.
    last_is_optional: bool,
    runs: std::collections::VecDeque<Run>,
}

impl Expansion {
    /// An expansion without segments. `line` is that of the template; `offset` and `length`, the duration of the period,
    /// are in ticks.
    pub fn new(
        line: u32,
        start_number: u64,
        end_number: Option<u64>,
        offset: u64,
        length: Option<u64>,
    ) -> Self {
        Self {
            line,
            start_number,
            end_number,
            offset,
            length,
            is_nominal: false,
            last_is_optional: false,
            runs: std::collections::VecDeque::new(),
        }
    }

    /// Segments of equal duration that fill the period (5.3.9.5.3). The media of a segment may deviate by half of the
    /// duration, so a last one of less than half need not exist.
    pub fn of_duration(mut self, duration: u64) -> Self {
        let count = self.length.map(|length| length.div_ceil(duration));
        let declared = self.end_number.map(|end| {
            let numbers = end.checked_sub(self.start_number);
            numbers.map_or(0, |n| n.saturating_add(1))
        });
        self.is_nominal = true;
        let rest = self.length.map_or(0, |length| length % duration);
        self.last_is_optional = declared.is_none() && rest > 0 && rest < duration.div_ceil(2);
        self.runs.push_back(Run {
            line: self.line,
            number: self.start_number,
            time: self.offset,
            duration: Some(duration),
            count: declared.or(count),
            end: None,
        });
        self
    }

    /// One segment that lasts as long as the period.
    pub fn of_one_segment(mut self) -> Self {
        self.is_nominal = true;
        self.runs.push_back(Run {
            line: self.line,
            number: self.start_number,
            time: self.offset,
            duration: None,
            count: Some(1),
            end: None,
        });
        self
    }

    /// The segments of the `S` elements (5.3.9.6).
    ///
    /// # Errors
    /// The line, and what is wrong there.
    pub fn of_timeline(&self, elements: &[Element]) -> Result<Self, (u32, String)> {
        let mut out = self.clone();
        let (mut time, mut number) = (0u64, self.start_number);
        for (index, s) in elements.iter().enumerate() {
            let bad = |what: &str| (s.line, what.to_owned());
            if let Some(t) = s.get("t") {
                let start = t.parse().map_err(|_| bad("S@t is not an integer"))?;
                if index > 0 && start < time {
                    return Err(bad(&format!(
                        "S@t {start}, but the previous segment ends at {time}"
                    )));
                }
                time = start;
            }
            if let Some(n) = s.get("n") {
                number = n.parse().map_err(|_| bad("S@n is not an integer"))?;
            }
            let duration = s.integer("d").filter(|d| *d > 0);
            let duration = duration.ok_or_else(|| bad("S@d is not a positive integer"))?;
            let repeat: i64 = s
                .get("r")
                .unwrap_or("0")
                .parse()
                .map_err(|_| bad("S@r is not an integer"))?;
            let (count, end) = match u64::try_from(repeat) {
                Ok(repeat) => (Some(repeat.saturating_add(1)), None),
                Err(_) => {
                    let next = elements.get(index + 1).map(|s| s.integer("t"));
                    let end = match next {
                        Some(next) => next.ok_or_else(|| bad("S@r is negative without an end"))?,
                        None => match self.length {
                            Some(length) => length.saturating_add(self.offset),
                            None => u64::MAX,
                        },
                    };
                    let open = next.is_none() && self.length.is_none();
                    let count = (!open).then(|| end.saturating_sub(time).div_ceil(duration));
                    (count, Some(end))
                }
            };
            out.runs.push_back(Run {
                line: s.line,
                number,
                time,
                duration: Some(duration),
                count,
                end,
            });
            let count = count.unwrap_or(0);
            time = time.saturating_add(duration.saturating_mul(count));
            number = number.saturating_add(count);
        }
        Ok(out)
    }

    /// The next segment of a list, whose own length decides how many there are.
    pub fn next_of_list(&mut self) -> Option<Entry> {
        if let Some(run) = self.runs.front_mut().filter(|_| self.is_nominal) {
            run.count = None;
        }
        self.next()
    }
}

impl Iterator for Expansion {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        while self.runs.front()?.count == Some(0) {
            self.runs.pop_front();
        }
        let (is_nominal, last_is_optional) = (self.is_nominal, self.last_is_optional);
        let run = self.runs.front_mut()?;
        if self.end_number.is_some_and(|end| run.number > end) {
            return None;
        }
        let entry = Entry {
            line: run.line,
            number: run.number,
            time: run.time,
            duration: match run.end {
                Some(end) => run.duration.map(|d| d.min(end.saturating_sub(run.time))),
                None => run.duration,
            },
            is_nominal,
            is_open: run.count.is_none(),
            is_optional: last_is_optional && run.count == Some(1),
        };
        run.number = run.number.saturating_add(1);
        run.time = run.time.saturating_add(run.duration.unwrap_or(0));
        run.count = run.count.map(|n| n.saturating_sub(1));
        Some(entry)
    }
}
