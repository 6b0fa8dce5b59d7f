//! `xs:duration`, exactly.

/// A duration as an MPD writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XsDuration {
    /// Nanoseconds; years count 365 days and months 30, for want of a calendar.
    pub nanos: i128,
    /// Whether it has years or months, whose length depends on when it starts.
    pub calendar: bool,
}

const SECOND: i128 = 1_000_000_000;

/// Parses a non-negative `xs:duration` (XML Schema part 2, 3.2.6) of at most nine digits a field.
#[must_use]
pub fn xs_duration(text: &str) -> Option<XsDuration> {
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text.strip_prefix('P')?, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let day = 86_400 * SECOND;
    let mut calendar = false;
    let mut nanos = fields(
        date,
        &[('Y', 365 * day), ('M', 30 * day), ('D', day)],
        &mut |unit| {
            calendar |= unit != 'D';
        },
    )?;
    nanos += fields(
        time,
        &[('H', 3_600 * SECOND), ('M', 60 * SECOND), ('S', SECOND)],
        &mut |_| (),
    )?;
    Some(XsDuration { nanos, calendar })
}

/// Sums `<number><unit>` fields, whose units come in the given order, each at most once.
fn fields(text: &str, units: &[(char, i128)], seen: &mut dyn FnMut(char)) -> Option<i128> {
    let (mut rest, mut sum, mut from) = (text, 0, 0);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit = rest[end..].chars().next()?;
        let index = units.iter().skip(from).position(|(u, _)| *u == unit)? + from;
        let number = &rest[..end];
        if number.contains('.') && unit != 'S' {
            return None;
        }
        if number.split('.').next().is_none_or(|w| w.len() > 9) {
            return None;
        }
        sum += crate::hls::decimal_nanos(number)? * units[index].1 / SECOND;
        seen(unit);
        from = index + 1;
        rest = &rest[end + 1..];
    }
    Some(sum)
}
