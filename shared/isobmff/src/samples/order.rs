//! Composition times against the output order of pictures.

use crate::Fault;
use crate::sample::{DefectKind, Defects};

/// The pictures of a coded video sequence, with their order counts and their presentation times.
#[derive(Clone, Debug, Default)]
pub(super) struct PictureOrder {
    /// Order count, presentation time and offset.
    pictures: Vec<(i64, i64, u64)>,
    /// Whether the order counts of this sequence are not known.
    unknown: bool,
    /// Latest presentation time of the sequence before.
    before: Option<i64>,
}

impl PictureOrder {
    /// Starts a new coded video sequence: all its pictures are shown after those of the one before.
    pub(super) fn start(&mut self, defects: &mut Defects) {
        let mut pictures = std::mem::take(&mut self.pictures);
        pictures.sort_unstable();
        if !std::mem::take(&mut self.unknown) {
            let first = self.before.map(|time| (i64::MIN, time, 0));
            let all: Vec<_> = first.into_iter().chain(pictures.iter().copied()).collect();
            let wrong = all.windows(2).find(|pair| match pair {
                [a, b] => b.1 <= a.1,
                _ => false,
            });
            if let Some([a, b]) = wrong {
                let expected = format!("a presentation time after {}, by its order count", a.1);
                let fault = Fault::new(b.2, "moof/traf/trun", expected, b.1.to_string());
                defects.push(DefectKind::Order, fault);
            }
        }
        let last = pictures.iter().map(|p| p.1).max();
        self.before = last.or(self.before);
    }

    /// Does not judge the pictures up to the next start.
    pub(super) fn forget(&mut self) {
        self.unknown = true;
    }

    pub(super) fn add(&mut self, order: i64, presentation: i64, offset: u64) {
        self.pictures.push((order, presentation, offset));
    }
}

/// Derives order counts from their least significant bits (ISO/IEC 14496-10, 8.2.1.1; ISO/IEC 23008-2, 8.3.1).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OrderCounter {
    previous: (i64, i64),
}

impl OrderCounter {
    pub(super) fn reset(&mut self) {
        self.previous = (0, 0);
    }

    /// The most significant part and the whole count.
    pub(super) fn count(&self, lsb: u32, bits: u32) -> (i64, i64) {
        let (previous_msb, previous_lsb) = self.previous;
        let (lsb, range) = (i64::from(lsb), 1i64 << bits.min(32));
        let msb = if lsb < previous_lsb && previous_lsb - lsb >= range / 2 {
            previous_msb + range
        } else if lsb > previous_lsb && lsb - previous_lsb > range / 2 {
            previous_msb - range
        } else {
            previous_msb
        };
        (msb, msb + lsb)
    }

    /// Makes a picture the one that the next picture's count is derived from.
    pub(super) fn keep(&mut self, msb: i64, lsb: u32) {
        self.previous = (msb, i64::from(lsb));
    }
}
