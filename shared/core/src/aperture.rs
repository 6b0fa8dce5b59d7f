//! The clean aperture: the part of a coded picture that is meant to be seen (ISO/IEC 14496-12, 12.1.4).
//!
//! Builds of ffmpeg differ: 5.1 ignores the `clap` box, later ones crop by it. So the crop is computed here and applied
//! in the filter graph, where the picture still has its coded size.

use serde::{Deserialize, Serialize};

use crate::units::Resolution;

/// A rectangle of whole pixels within a coded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crop {
    /// Columns left of it; even.
    pub x: u32,
    /// Lines above it; even.
    pub y: u32,
    /// Its size; even, unless it extends to the edge of a picture of odd size.
    pub size: Resolution,
}

impl Crop {
    /// The same rectangle after the picture of size `coded` is mirrored top to bottom.
    pub fn flipped(self, coded: Resolution) -> Self {
        let below = coded.height.saturating_sub(self.y + self.size.height);
        Self { y: below, ..self }
    }

    /// The same rectangle after the picture of size `coded` is rotated clockwise by 0, 90, 180 or 270 degrees.
    pub fn turned(self, coded: Resolution, rotation: u16) -> Self {
        let Self { x, y, size } = self;
        let right = coded.width.saturating_sub(x + size.width);
        let below = coded.height.saturating_sub(y + size.height);
        let (x, y) = match rotation {
            90 => (below, x),
            180 => (right, below),
            270 => (y, right),
            _ => (x, y),
        };
        Self {
            x,
            y,
            size: size.turned(rotation),
        }
    }
}

/// Numerator and denominator, as in the box.
pub type Fraction<N> = (N, u32);

/// The `clap` box as it is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanAperture {
    /// Width in coded pixels.
    pub width: Fraction<u32>,
    /// Height in coded pixels.
    pub height: Fraction<u32>,
    /// Distance of its centre to the right of the picture's centre.
    pub right: Fraction<i32>,
    /// Distance of its centre below the picture's centre.
    pub down: Fraction<i32>,
}

impl CleanAperture {
    /// The part of a picture of size `coded` to keep.
    ///
    /// Its edges are the nearest even ones, because chroma exists only for pairs of pixels (of two equally near edges, the
    /// inner one), and lie within the picture. `None` if that is the whole picture, or if the box is invalid: a
    /// denominator of zero, or nothing left.
    pub fn crop(&self, coded: Resolution) -> Option<Crop> {
        let (x, width) = span(coded.width, self.width, self.right)?;
        let (y, height) = span(coded.height, self.height, self.down)?;
        let size = Resolution { width, height };
        (size != coded).then_some(Crop { x, y, size })
    }
}

/// Start and length along one side of `full` pixels. The first visible pixel is at `offset + (full - length) / 2`: `pcX`
/// of the box is the centre of a pixel, so the half pixels that the standard subtracts on both sides cancel out here.
fn span(full: u32, length: Fraction<u32>, offset: Fraction<i32>) -> Option<(u32, u32)> {
    let (length, per) = (i128::from(length.0), i128::from(length.1));
    let (offset, parts) = (i128::from(offset.0), i128::from(offset.1));
    if per == 0 || parts == 0 {
        return None;
    }
    let edge = i128::from(full);
    let scale = 2 * per * parts;
    let start = 2 * per * offset + parts * (edge * per - length);
    let end = start + 2 * parts * length;
    let inside = |even: i128| even.clamp(0, edge);
    let first = inside(2 * nearest(start, 2 * scale));
    let last = match end >= edge * scale {
        true => edge,
        false => inside(-2 * nearest(-end, 2 * scale)),
    };
    let length = u32::try_from(last - first).ok().filter(|l| *l >= 2)?;
    Some((u32::try_from(first).ok()?, length))
}

/// `num / den` rounded to nearest, halves up.
fn nearest(num: i128, den: i128) -> i128 {
    (2 * num + den).div_euclid(2 * den)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(width: u32, height: u32) -> Resolution {
        Resolution { width, height }
    }

    fn aperture(
        width: (u32, u32),
        height: (u32, u32),
        right: (i32, u32),
        down: (i32, u32),
    ) -> CleanAperture {
        CleanAperture {
            width,
            height,
            right,
            down,
        }
    }

    #[test]
    fn the_boxes_of_cameras_and_editors_are_cropped_as_intended() {
        let of =
            |a: CleanAperture, w, h| a.crop(size(w, h)).map(|c| (c.x, c.y, c.size.to_string()));
        let none = (0, 1);
        // 702 + 54/59 of 720 pixels: the analogue line of PAL.
        let pal = aperture((41_472, 59), (576, 1), none, none);
        assert_eq!(of(pal, 720, 576), Some((8, 0, "704x576".into())));
        let ntsc = aperture((704, 1), (480, 1), none, (-6, 2));
        assert_eq!(of(ntsc, 720, 486), Some((8, 0, "704x480".into())));
        // 1080 of 1088 coded lines; the rest is below.
        let avc = aperture((1_920, 1), (1_080, 1), none, (-4, 1));
        assert_eq!(of(avc, 1_920, 1_088), Some((0, 0, "1920x1080".into())));
        let whole = aperture((1_920, 1), (1_080, 1), none, none);
        assert_eq!(of(whole, 1_920, 1_080), None);
        assert_eq!(of(whole, 101, 75), None, "larger than the picture");
    }

    #[test]
    fn an_invalid_box_gives_no_crop() {
        let none = (0, 1);
        for bad in [
            aperture((10, 0), (10, 1), none, none),
            aperture((0, 1), (10, 1), none, none),
            aperture((10, 1), (10, 1), (1_000, 1), none),
            aperture((10, 1), (10, 1), none, (i32::MIN, 1)),
            aperture((10, 1), (10, 1), none, (0, 0)),
        ] {
            assert_eq!(bad.crop(size(64, 64)), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn edges_are_even_within_the_picture_and_at_most_a_pixel_off(
            full in 16u32..9_000, length in (1u32..2_000_000, 1u32..2_000), offset in (-200_000i32..200_000, 1u32..2_000),
        ) {
            let exact = |at: f64| at.clamp(0.0, f64::from(full));
            let (long, off) = (f64::from(length.0) / f64::from(length.1), f64::from(offset.0) / f64::from(offset.1));
            let start = exact(off + (f64::from(full) - long) / 2.0);
            let end = exact(off + (f64::from(full) + long) / 2.0);
            match span(full, length, offset) {
                Some((first, kept)) => {
                    let last = first + kept;
                    prop_assert!(first % 2 == 0 && (last % 2 == 0 || last == full) && last <= full && kept >= 2);
                    prop_assert!((f64::from(first) - start).abs() <= 1.0 + 1e-6, "{first} for {start}");
                    prop_assert!((f64::from(last) - end).abs() <= 1.0 + 1e-6, "{last} for {end}");
                }
                None => prop_assert!(end - start < 4.0, "{start} to {end}"),
            }
        }

        #[test]
        fn any_crop_lies_within_the_picture(
            w in any::<(u32, u32)>(), h in any::<(u32, u32)>(), r in any::<(i32, u32)>(), d in any::<(i32, u32)>(),
            width in any::<u32>(), height in any::<u32>(),
        ) {
            if let Some(crop) = aperture(w, h, r, d).crop(size(width, height)) {
                prop_assert!(u64::from(crop.x) + u64::from(crop.size.width) <= u64::from(width));
                prop_assert!(u64::from(crop.y) + u64::from(crop.size.height) <= u64::from(height));
            }
        }

        #[test]
        fn opposite_rotations_cancel_out(x in 0u32..50, y in 0u32..50, w in 2u32..50, h in 2u32..50) {
            let coded = size(100, 120);
            let crop = Crop { x, y, size: size(w, h) };
            let once = crop.turned(coded, 90);
            prop_assert_eq!(once.turned(size(120, 100), 270), crop);
            prop_assert_eq!(once.turned(size(120, 100), 90), crop.turned(coded, 180));
            prop_assert_eq!(crop.turned(coded, 0), crop);
        }
    }
}
