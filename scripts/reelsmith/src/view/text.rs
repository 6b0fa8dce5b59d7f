//! How numbers, times and tables are written for people.

use serde::Serialize;

/// Milliseconds since the epoch as RFC 3339, whole seconds, UTC.
#[must_use]
pub fn instant(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    format!("{at:.0}")
}

/// Milliseconds as seconds; never negative.
#[must_use]
pub fn seconds(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
    let ms = ms.max(0) as f64;
    ms / 1000.0
}

/// `4.2 s`, `3 min 07 s`, `2 h 05 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "for showing only"
    )]
    let whole = seconds.round() as u64;
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    if hours > 0 {
        return format!("{hours} h {minutes:02} min");
    }
    format!("{minutes} min {:02} s", whole % 60)
}

/// `1.5 MB`, decimal as storage is sold.
#[must_use]
pub fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
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

/// `3.1 Mbit/s`.
#[must_use]
pub fn rate(bits_per_second: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for showing only")]
    let value = bits_per_second as f64;
    if value < 1e6 {
        return format!("{:.0} kbit/s", value / 1e3);
    }
    format!("{:.1} Mbit/s", value / 1e6)
}

/// Columns side by side, two spaces apart, each as wide as its widest cell; nothing after the last.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|r| r.get(column));
        cells.map(|c| c.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// One JSON object per line.
#[must_use]
pub fn json_lines<T: Serialize>(values: &[T]) -> String {
    let line = |v: &T| serde_json::to_string(v).unwrap_or_default();
    values.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// JSON for people to read and programs to parse.
#[must_use]
pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_people_say_them() {
        let of: Vec<String> = [0.04, 59.9, 187.0, 7_500.0].map(duration).to_vec();
        assert_eq!(of, ["0.0 s", "59.9 s", "3 min 07 s", "2 h 05 min"]);
        let of: Vec<String> = [0, 999, 1_500, 2_000_000_000, 5_000_000_000_000_000]
            .map(bytes)
            .to_vec();
        assert_eq!(of, ["0 B", "999 B", "1.5 kB", "2.0 GB", "5000.0 TB"]);
        assert_eq!(
            [rate(800_000), rate(3_140_000)],
            ["800 kbit/s", "3.1 Mbit/s"]
        );
        assert_eq!(instant(0), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["a", "bb", "c"]), row(["aaa", "é", ""])];
        assert_eq!(table(&rows), "a    bb  c\naaa  é");
    }
}
