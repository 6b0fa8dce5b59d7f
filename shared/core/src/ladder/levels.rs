//! The lowest level that allows a picture size, rate of samples and bit rate.

use super::VideoCodec;
use crate::time::FrameRate;
use crate::units::{BitsPerSecond, Resolution};

/// Level times ten, greatest luma or macroblock rate, greatest picture, greatest bit rate in kbit/s.
type Row = (u32, u64, u64, u64);

/// ISO/IEC 14496-10, table A-1, with the bit rates of the High profile (1.25 × the base).
const AVC: [Row; 9] = [
    (30, 40_500, 1_620, 12_500),
    (31, 108_000, 3_600, 17_500),
    (32, 216_000, 5_120, 25_000),
    (40, 245_760, 8_192, 25_000),
    (41, 245_760, 8_192, 62_500),
    (42, 522_240, 8_704, 62_500),
    (50, 589_824, 22_080, 168_750),
    (51, 983_040, 36_864, 300_000),
    (52, 2_073_600, 36_864, 300_000),
];

/// ISO/IEC 23008-2, tables A.8 and A.9, main tier.
const HEVC: [Row; 7] = [
    (30, 16_588_800, 552_960, 6_000),
    (31, 33_177_600, 983_040, 10_000),
    (40, 66_846_720, 2_228_224, 12_000),
    (41, 133_693_440, 2_228_224, 20_000),
    (50, 267_386_880, 8_912_896, 25_000),
    (51, 534_773_760, 8_912_896, 40_000),
    (52, 1_069_547_520, 8_912_896, 60_000),
];

pub(super) fn level(
    codec: VideoCodec,
    resolution: Resolution,
    frame_rate: FrameRate,
    rate: BitsPerSecond,
) -> u32 {
    let (w, h) = (u64::from(resolution.width), u64::from(resolution.height));
    let (picture, rows): (u64, &[Row]) = match codec {
        VideoCodec::H264 => (w.div_ceil(16) * h.div_ceil(16), &AVC),
        VideoCodec::H265 => (w * h, &HEVC),
    };
    let per_second = (picture * u64::from(frame_rate.num())).div_ceil(u64::from(frame_rate.den()));
    let kbits = rate.0.div_ceil(1_000);
    let fits = |row: &&Row| per_second <= row.1 && picture <= row.2 && kbits <= row.3;
    rows.iter()
        .find(fits)
        .or(rows.last())
        .map_or(52, |row| row.0)
}
