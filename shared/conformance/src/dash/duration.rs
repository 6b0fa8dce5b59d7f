//! The exact value of an `xs:duration` (XML Schema part 2, 3.2.6).

/// A parsed `xs:duration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XsDuration {
    /// Nanoseconds, with 365 days for a year and 30 for a month.
    pub nanos: i128,
    /// Whether it has years or months, whose length depends on the start.
    pub calendar: bool,
}

const SECOND: i128 = 1_000_000_000;

/// Parses a non-negative `xs:duration` with at most nine digits in each field.
pub fn xs_duration(text: &str) -> Option<XsDuration> {
    let text = text.strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let day = 86_400 * SECOND;
    let date_units = [('Y', 365 * day), ('M', 30 * day), ('D', day)];
    let time_units = [('H', 3_600 * SECOND), ('M', 60 * SECOND), ('S', SECOND)];
    Some(XsDuration {
        nanos: sum(date, &date_units)? + sum(time, &time_units)?,
        calendar: date.contains(['Y', 'M']),
    })
}

/// Sums `<number><unit>` fields. The units are in the given order, each at most once.
fn sum(text: &str, units: &[(char, i128)]) -> Option<i128> {
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
        from = index + 1;
        rest = &rest[end + 1..];
    }
    Some(sum)
}
