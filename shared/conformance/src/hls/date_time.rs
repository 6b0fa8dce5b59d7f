//! Dates of playlists (ISO 8601).

use super::{NANOS, decimal_nanos};

/// A date and time such as `2024-02-29T12:00:00.000+01:00`, in nanoseconds since 1970; UTC without a time zone.
pub fn date_time_nanos(text: &str) -> Option<i128> {
    let (date, time) = text.split_once(['T', 't'])?;
    let mut fields = date.split('-');
    let mut field = |width: usize| number(fields.next()?, width);
    let (year, month, day) = (field(4)?, field(2)?, field(2)?);
    if fields.next().is_some()
        || !(1..=12).contains(&month)
        || day < 1
        || day > days_of(year, month)
    {
        return None;
    }
    let zone_at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    let mut fields = clock.splitn(3, ':');
    let (hour, minute) = (number(fields.next()?, 2)?, number(fields.next()?, 2)?);
    let second = fields.next().unwrap_or("00");
    let whole = second.split('.').next()?;
    let second = decimal_nanos(second).filter(|_| number(whole, 2).is_some_and(|s| s <= 60))?;
    if hour > 24 || minute > 59 {
        return None;
    }
    let days = days_since_1970(year, month, day);
    let minutes = (days * 24 + hour) * 60 + minute - zone_minutes(zone)?;
    Some(i128::from(minutes) * 60 * NANOS + second)
}

/// Minutes of `Z`, `+01`, `+0100` or `+01:00`.
fn zone_minutes(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.chars().next() {
        None | Some('Z' | 'z') => return (zone.len() <= 1).then_some(0),
        Some('-') => (-1, &zone[1..]),
        Some(_) => (1, &zone[1..]),
    };
    let digits = digits.replace(':', "");
    let (hours, minutes) = match digits.len() {
        2 => (number(&digits, 2)?, 0),
        4 => (number(digits.get(..2)?, 2)?, number(digits.get(2..)?, 2)?),
        _ => return None,
    };
    Some(sign * (hours * 60 + minutes))
}

fn number(text: &str, width: usize) -> Option<i64> {
    let digits = text.len() == width && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar. Years start in March, so that leap days are last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_with_their_time_zone() {
        let seconds = |text: &str| date_time_nanos(text).map(|n| n / NANOS);
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-02-29T23:59:59.5Z"), Some(951_868_799));
        assert_eq!(seconds("2026-11-29T23:19:23.175+0000"), Some(1_795_994_363));
        assert_eq!(seconds("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(seconds("1969-12-31T19:00:00.000-05"), Some(0));
        for bad in [
            "",
            "2024-01-01",
            "2024-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-01-01T25:00:00Z",
            "2024-01-01T00:00:00+1",
            "2024-01-01 00:00:00Z",
            "x",
        ] {
            assert_eq!(date_time_nanos(bad), None, "{bad}");
        }
    }
}
