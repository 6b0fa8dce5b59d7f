//! Output for people: numbers, times, tables and the two output streams.

use std::io::Write as _;

use serde::Serialize;

/// Prints a result to standard output. A closed pipe is not an error.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints everything that is not a result to standard error.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Milliseconds since the epoch as RFC 3339, whole seconds, UTC.
pub fn instant(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    format!("{at:.0}")
}

/// Milliseconds as seconds, at least 0.
pub fn seconds(ms: i64) -> f64 {
    let ms = ms.max(0) as f64;
    ms / 1000.0
}

/// `4.2 s`, `3 min 07 s`, `2 h 05 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    if hours > 0 {
        return format!("{hours} h {minutes:02} min");
    }
    format!("{minutes} min {:02} s", whole % 60)
}

/// `1.5 MB`: decimal units, as prices of storage use.
pub fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            let digits = usize::from(unit != "B");
            return format!("{value:.digits$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// A table with a header. Each column is as wide as its widest cell, and two spaces separate the columns.
pub fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let header = header.map(str::to_owned);
    columns(std::iter::once(header).chain(rows))
}

/// As [`table`], without a header.
pub fn columns<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|c| width(c).unwrap_or(0)).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells.map(|(c, w)| format!("{c:<w$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Lines of a name and a value. Empty values are left out.
pub fn fields(rows: &[(&str, String)]) -> String {
    let rows = rows.iter().filter(|(_, value)| !value.is_empty());
    let line = |(name, value): &(&str, String)| format!("{name:<12}{value}");
    rows.map(line).collect::<Vec<_>>().join("\n")
}

pub fn json_lines<T: Serialize>(values: &[T]) -> String {
    let line = |v: &T| serde_json::to_string(v).unwrap_or_default();
    values.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_units_of_a_readable_size() {
        let of: Vec<String> = [0.04, 59.9, 187.0, 7_500.0].map(duration).to_vec();
        assert_eq!(of, ["0.0 s", "59.9 s", "3 min 07 s", "2 h 05 min"]);
        let of: Vec<String> = [0, 999, 1_500, 2_000_000_000, 5_000_000_000_000_000]
            .map(bytes)
            .to_vec();
        assert_eq!(of, ["0 B", "999 B", "1.5 kB", "2.0 GB", "5000.0 TB"]);
        assert_eq!(instant(0), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["aaa", "é", ""].map(str::to_owned)];
        assert_eq!(table(["a", "bb", "c"], rows), "a    bb  c\naaa  é");
    }
}
