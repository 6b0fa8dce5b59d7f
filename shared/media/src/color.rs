//! Colour of the output: what the source states, otherwise the default for its size.

use reelsmith_core::ladder::VideoRange;
use reelsmith_core::probe::VideoStream;

/// The colour of a rung as values of ffmpeg's `setparams` filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color {
    /// `color_primaries`.
    pub(crate) primaries: &'static str,
    /// `color_trc`.
    pub(crate) transfer: &'static str,
    /// `colorspace`.
    pub(crate) matrix: &'static str,
    /// The scale filter's name for the matrix.
    pub(crate) scaler: &'static str,
}

const PRIMARIES: &str = "bt709 bt470m bt470bg smpte170m smpte240m film bt2020 smpte431 smpte432";
const TRANSFERS: &str = "bt709 bt470m bt470bg smpte170m smpte240m linear iec61966-2-1 iec61966-2-4 \
    bt2020-10 bt2020-12 smpte2084 arib-std-b67";
const MATRICES: &str = "bt709 fcc bt470bg smpte170m smpte240m bt2020nc";

/// The value in a list of ffmpeg's values, if it is there.
fn known(values: &'static str, value: Option<&str>) -> Option<&'static str> {
    values.split(' ').find(|known| Some(*known) == value)
}

impl Color {
    /// The colour of a rung with this range. Only RGB, full range, and HDR for SDR rungs are converted.
    pub(crate) fn of(source: &VideoStream, range: VideoRange) -> Self {
        let default = match (source.dynamic_range(), range) {
            (VideoRange::Sdr, _) => sdr_default(source),
            (_, VideoRange::Sdr) => return HD,
            (_, VideoRange::Pq) => wide("smpte2084"),
            (_, VideoRange::Hlg) => wide("arib-std-b67"),
        };
        let matrix = known(MATRICES, source.matrix.as_deref()).unwrap_or(default.matrix);
        Self {
            primaries: known(PRIMARIES, source.primaries.as_deref()).unwrap_or(default.primaries),
            transfer: known(TRANSFERS, source.transfer.as_deref()).unwrap_or(default.transfer),
            matrix,
            scaler: match matrix {
                "bt470bg" => "bt470",
                "bt2020nc" => "bt2020",
                other => other,
            },
        }
    }
}

/// ITU-R BT.709.
const HD: Color = Color {
    primaries: "bt709",
    transfer: "bt709",
    matrix: "bt709",
    scaler: "bt709",
};

/// ITU-R BT.2100.
fn wide(transfer: &'static str) -> Color {
    Color {
        primaries: "bt2020",
        transfer,
        matrix: "bt2020nc",
        scaler: "bt2020",
    }
}

/// What decoders assume for untagged video: ITU-R BT.601 up to 576 lines, with the primaries of its line standard,
/// otherwise BT.709.
fn sdr_default(source: &VideoStream) -> Color {
    let lines = source.coded.height.min(source.coded.width);
    let (primaries, transfer, matrix) = match lines {
        577.. => ("bt709", "bt709", "bt709"),
        487..=576 => ("bt470bg", "smpte170m", "bt470bg"),
        _ => ("smpte170m", "smpte170m", "smpte170m"),
    };
    Color {
        primaries,
        transfer,
        matrix,
        scaler: matrix,
    }
}
