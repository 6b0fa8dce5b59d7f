//! Arithmetic that rules share: exact times, peak and average bit rates.

use reelsmith_core::units::BitsPerSecond;

use crate::hls::NANOS;

/// What the rounding of `EXTINF` to six decimals adds up to over ten hours of segments, in nanoseconds.
pub(crate) const EXTINF_ROUNDING: i128 = 5_000_000;

/// Ticks in nanoseconds, rounded to nearest.
pub(crate) fn nanos(ticks: i128, timescale: u32) -> i128 {
    let scale = i128::from(timescale.max(1));
    (ticks * NANOS * 2 + scale).div_euclid(scale * 2)
}

/// Bits per second of `bytes` over a duration in nanoseconds, rounded up; 0 if the duration is 0.
pub(crate) fn rate(bytes: u64, duration: i128) -> u64 {
    if duration <= 0 {
        return 0;
    }
    let bits = i128::from(bytes) * 8 * NANOS;
    u64::try_from((bits + duration - 1) / duration).unwrap_or(u64::MAX)
}

/// Longest run that is examined, so that a playlist of segments without a duration takes bounded time.
const MAX_RUN: usize = 512;

/// The peak segment bit rate of RFC 8216, 4.1: the greatest rate of any contiguous run of segments whose duration is
/// between 0.5 and 1.5 times the target duration. `segments` are bytes and nanoseconds; `target` is in seconds.
///
/// The average if no run has such a duration, as in a very short programme.
pub(crate) fn peak_rate(segments: &[(u64, i128)], target: u64) -> BitsPerSecond {
    let target = i128::from(target) * NANOS;
    let mut peak = None;
    for start in 0..segments.len() {
        let (mut bytes, mut duration) = (0u64, 0i128);
        for (size, length) in segments.iter().skip(start).take(MAX_RUN) {
            bytes = bytes.saturating_add(*size);
            duration += length;
            if duration * 2 > target * 3 {
                break;
            }
            if duration * 2 >= target {
                peak = peak.max(Some(rate(bytes, duration)));
            }
        }
    }
    peak.map_or_else(|| average_rate(segments), BitsPerSecond)
}

/// The average bit rate of all segments.
pub(crate) fn average_rate(segments: &[(u64, i128)]) -> BitsPerSecond {
    let bytes = segments
        .iter()
        .fold(0u64, |sum, (b, _)| sum.saturating_add(*b));
    let duration = segments.iter().map(|(_, d)| d).sum();
    BitsPerSecond(rate(bytes, duration))
}

/// Whether `found` is within `percent` of `declared`.
pub(crate) fn within_percent(found: u64, declared: u64, percent: u64) -> bool {
    u128::from(found.abs_diff(declared)) * 100 <= u128::from(declared) * u128::from(percent)
}

/// Nanoseconds as seconds with six decimals, for messages.
pub(crate) fn seconds(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let micros = (nanos.unsigned_abs() + 500) / 1_000;
    format!("{sign}{}.{:06} s", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_last_segment_is_not_a_peak_by_itself() {
        let segments = [(1_000, 4 * NANOS), (1_000, 4 * NANOS), (1_000, NANOS)];
        assert_eq!(peak_rate(&segments, 4), BitsPerSecond(3_200));
        assert_eq!(average_rate(&segments), BitsPerSecond(2_667));
    }

    #[test]
    fn the_peak_of_a_very_short_programme_is_its_average() {
        assert_eq!(peak_rate(&[(1_000, NANOS)], 4), BitsPerSecond(8_000));
        assert_eq!(peak_rate(&[], 4), BitsPerSecond(0));
    }

    #[test]
    fn ntsc_ticks_are_exact_to_the_nanosecond() {
        assert_eq!(nanos(96 * 1_001, 24_000), 4_004_000_000);
        assert_eq!(nanos(-1_024, 48_000), -21_333_333);
        assert_eq!(seconds(-21_333_333), "-0.021333 s");
    }

    proptest! {
        #[test]
        fn the_peak_is_never_below_the_average_of_equal_segments(sizes in proptest::collection::vec(1u64..1_000_000, 1..30)) {
            let segments: Vec<_> = sizes.iter().map(|s| (*s, 4 * NANOS)).collect();
            prop_assert!(peak_rate(&segments, 4) >= average_rate(&segments));
        }

        #[test]
        fn the_percentage_is_relative_to_the_declared_value(declared in 1u64..1_000_000_000) {
            prop_assert!(within_percent(declared / 10 * 9 + declared % 10, declared, 10));
            prop_assert!(!within_percent(declared + declared / 10 + 1, declared, 10));
        }
    }
}
