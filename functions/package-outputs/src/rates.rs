//! Bit rates as HLS declares them, from the sizes and durations of segments.

use reelsmith_core::time::{Ticks, Timescale};
use reelsmith_core::units::{BitsPerSecond, Bytes};

/// Size and duration of one segment.
pub(crate) type Piece = (Bytes, Ticks);

/// The peak: the largest rate of any contiguous run of segments that lasts 0.5 to 1.5 target durations (RFC 8216,
/// 4.3.4.2). Where the whole is shorter than that, its average.
pub(crate) fn peak(pieces: &[Piece], timescale: Timescale, target_seconds: u64) -> BitsPerSecond {
    let target = i64::try_from(target_seconds).unwrap_or(i64::MAX / 4) * i64::from(timescale.0);
    let mut best = None;
    for start in 0..pieces.len() {
        let (mut size, mut duration) = (Bytes(0), Ticks(0));
        for (piece_size, piece_duration) in &pieces[start..] {
            size.0 += piece_size.0;
            duration.0 += piece_duration.0;
            if duration.0 * 2 > target * 3 {
                break;
            }
            if duration.0 * 2 >= target {
                best = best.max(size.rate_over(duration, timescale));
            }
        }
    }
    best.unwrap_or_else(|| average(pieces, timescale))
}

/// The average over everything.
pub(crate) fn average(pieces: &[Piece], timescale: Timescale) -> BitsPerSecond {
    let size: Bytes = pieces.iter().map(|p| p.0).sum();
    let duration = Ticks(pieces.iter().map(|p| p.1.0).sum());
    size.rate_over(duration, timescale).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Timescale = Timescale(1_000);

    fn pieces(list: &[(u64, i64)]) -> Vec<Piece> {
        list.iter()
            .map(|(size, ms)| (Bytes(*size), Ticks(*ms)))
            .collect()
    }

    #[test]
    fn a_short_last_segment_does_not_make_the_peak() {
        // 400 ms at a wild rate counts only together with its neighbour.
        let list = pieces(&[(500_000, 4_000), (500_000, 4_000), (400_000, 400)]);
        let joined = Bytes(900_000).rate_over(Ticks(4_400), SECOND).unwrap();
        assert_eq!(peak(&list, SECOND, 4), joined);
        assert_eq!(
            average(&list, SECOND),
            Bytes(1_400_000).rate_over(Ticks(8_400), SECOND).unwrap()
        );
    }

    #[test]
    fn a_clip_shorter_than_half_a_target_has_its_average() {
        let list = pieces(&[(1_000, 100)]);
        assert_eq!(peak(&list, SECOND, 4), BitsPerSecond(80_000));
        assert_eq!(peak(&[], SECOND, 4), BitsPerSecond(0));
    }
}
