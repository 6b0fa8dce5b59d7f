//! Tone mapping from HDR to SDR as a three-dimensional lookup table, so that every build of ffmpeg makes the same picture.
//!
//! 1. The signal becomes light (SMPTE ST 2084, or ARIB STD-B67 with the display function of ITU-R BT.2100 for
//!    1,000 cd/m²).
//! 2. Highlights are compressed by the curve of ITU-R BT.2390, 5.4.1, on the brightest component, which preserves hues.
//! 3. Colours are converted from BT.2020 to BT.709 by the matrix of ITU-R BT.2087, and clipped.
//! 4. 203 cd/m² (the HDR reference white of ITU-R BT.2408) becomes SDR white on an ITU-R BT.1886 display.

use std::fmt::Write as _;

use reelsmith_core::ladder::VideoRange;
use reelsmith_core::probe::VideoStream;

/// Points of the table on each axis.
const POINTS: u32 = 33;
/// Reference white of HDR, which becomes SDR white, in cd/m².
const WHITE: f64 = 203.0;
/// The peak if the file states none, and the peak of an HLG display, in cd/m².
const DEFAULT_PEAK: f64 = 1_000.0;

/// Name of the table's file in the task's folder.
pub(crate) const FILE: &str = "hdr-to-sdr.cube";

/// The lookup table for a source, as a `.cube` file.
pub(crate) fn cube(source: &VideoStream) -> String {
    let range = source.dynamic_range();
    let peak = peak(source);
    let mut text = format!("LUT_3D_SIZE {POINTS}\n");
    let at = |n: u32| f64::from(n) / f64::from(POINTS - 1);
    for blue in 0..POINTS {
        for green in 0..POINTS {
            for red in 0..POINTS {
                let [r, g, b] = to_sdr([at(red), at(green), at(blue)], range, peak);
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{r:.5} {g:.5} {b:.5}");
            }
        }
    }
    text
}

/// The brightest light of the source in cd/m²: that of the content if it is stated, otherwise that of the mastering display.
fn peak(source: &VideoStream) -> f64 {
    let content = source.light.map(|l| f64::from(l.brightest));
    let graded = source.mastering.map(|m| f64::from(m.brightest) / 10_000.0);
    let stated = content.filter(|p| *p > 0.0).or(graded);
    match source.dynamic_range() {
        VideoRange::Pq => stated.unwrap_or(DEFAULT_PEAK).clamp(WHITE, 10_000.0),
        VideoRange::Hlg | VideoRange::Sdr => DEFAULT_PEAK,
    }
}

/// Converts one colour from an HDR signal to an SDR signal; components are from 0 to 1.
pub(crate) fn to_sdr(signal: [f64; 3], range: VideoRange, peak: f64) -> [f64; 3] {
    let light = match range {
        VideoRange::Hlg => hlg_light(signal),
        VideoRange::Pq | VideoRange::Sdr => signal.map(pq_light),
    };
    let brightest = light.into_iter().fold(0.0, f64::max);
    let scale = if brightest > 0.0 {
        compressed(brightest, peak) / brightest
    } else {
        0.0
    };
    let [r, g, b] = light.map(|l| l * scale / WHITE);
    let narrow = [
        1.660_491 * r - 0.587_641 * g - 0.072_850 * b,
        -0.124_550 * r + 1.132_900 * g - 0.008_349 * b,
        -0.018_151 * r - 0.100_579 * g + 1.118_730 * b,
    ];
    narrow.map(|l| l.clamp(0.0, 1.0).powf(1.0 / 2.4))
}

const M1: f64 = 2_610.0 / 16_384.0;
const M2: f64 = 2_523.0 / 32.0;
const C1: f64 = 3_424.0 / 4_096.0;
const C2: f64 = 2_413.0 / 128.0;
const C3: f64 = 2_392.0 / 128.0;

/// Light in cd/m² of a PQ signal.
fn pq_light(signal: f64) -> f64 {
    let power = signal.powf(1.0 / M2);
    let base = (power - C1).max(0.0) / (C2 - C3 * power);
    10_000.0 * base.powf(1.0 / M1)
}

fn pq_signal(light: f64) -> f64 {
    let power = (light / 10_000.0).powf(M1);
    ((C1 + C2 * power) / (1.0 + C3 * power)).powf(M2)
}

/// Light in cd/m² of an HLG signal on a display of 1,000 cd/m².
fn hlg_light(signal: [f64; 3]) -> [f64; 3] {
    const A: f64 = 0.178_832_77;
    const B: f64 = 0.284_668_92;
    const C: f64 = 0.559_910_73;
    let scene = signal.map(|s| {
        if s <= 0.5 {
            s * s / 3.0
        } else {
            (((s - C) / A).exp() + B) / 12.0
        }
    });
    let luma = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2];
    scene.map(|s| DEFAULT_PEAK * luma.powf(0.2) * s)
}

/// Compresses light so that `peak` becomes [`WHITE`]: unchanged below the knee, by a Hermite spline in PQ above it.
fn compressed(light: f64, peak: f64) -> f64 {
    let top = pq_signal(peak);
    let limit = pq_signal(WHITE) / top;
    let knee = 1.5 * limit - 0.5;
    let signal = (pq_signal(light) / top).min(1.0);
    if signal < knee || knee >= 1.0 {
        return light.min(WHITE);
    }
    let t = (signal - knee) / (1.0 - knee);
    let (t2, t3) = (t * t, t * t * t);
    let spline = (2.0 * t3 - 3.0 * t2 + 1.0) * knee
        + (t3 - 2.0 * t2 + t) * (1.0 - knee)
        + (3.0 * t2 - 2.0 * t3) * limit;
    pq_light(spline * top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transfer_functions_match_their_standards() {
        // ITU-R BT.2408, table 1: 203 cd/m² is 58 % PQ, 100 cd/m² is 51 %; 75 % HLG is 203 cd/m².
        assert!((pq_signal(203.0) - 0.58).abs() < 0.002);
        assert!((pq_light(0.508) - 100.0).abs() < 0.5);
        assert!((hlg_light([0.75; 3])[1] - 203.0).abs() < 1.0);
        assert!((hlg_light([1.0; 3])[1] - 1_000.0).abs() < 1.0);
    }

    #[test]
    fn grey_stays_grey_and_increases_from_black_to_white() {
        for range in [VideoRange::Pq, VideoRange::Hlg] {
            let mut before = -1.0;
            for step in 0..=100 {
                let [r, g, b] = to_sdr([f64::from(step) / 100.0; 3], range, 1_000.0);
                assert!((r - g).abs() < 1e-3 && (g - b).abs() < 1e-3, "{r} {g} {b}");
                assert!(g >= before - 1e-9, "{step}: {before} to {g}");
                before = g;
            }
            assert!(before > 0.999, "{before}");
            assert_eq!(to_sdr([0.0; 3], range, 1_000.0), [0.0; 3]);
        }
    }

    #[test]
    fn light_below_the_knee_is_unchanged() {
        assert!((compressed(10.0, 1_000.0) - 10.0).abs() < 1e-9);
        assert!((compressed(1_000.0, 1_000.0) - WHITE).abs() < 0.5);
        assert!(
            (compressed(150.0, WHITE) - 150.0).abs() < 1e-9,
            "nothing to compress"
        );
    }
}
