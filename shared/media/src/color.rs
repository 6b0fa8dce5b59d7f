//! Colour of the output: what the source states, and where it states nothing what its size implies.

use reelsmith_core::ladder::VideoRange;
use reelsmith_core::probe::VideoStream;

/// Colour of every rung, in the words of ffmpeg's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color {
    /// `-color_primaries`.
    pub(crate) primaries: &'static str,
    /// `-color_trc`.
    pub(crate) transfer: &'static str,
    /// `-colorspace`.
    pub(crate) matrix: &'static str,
    /// The scaler's name of the matrix.
    pub(crate) scaler: &'static str,
}

/// Name by the probe, name as an option.
type Names = [(&'static str, &'static str)];

const PRIMARIES: &Names = &[
    ("bt709", "bt709"),
    ("bt470m", "bt470m"),
    ("bt470bg", "bt470bg"),
    ("smpte170m", "smpte170m"),
    ("smpte240m", "smpte240m"),
    ("film", "film"),
    ("bt2020", "bt2020"),
    ("smpte431", "smpte431"),
    ("smpte432", "smpte432"),
];

const TRANSFERS: &Names = &[
    ("bt709", "bt709"),
    ("bt470m", "gamma22"),
    ("gamma22", "gamma22"),
    ("bt470bg", "gamma28"),
    ("gamma28", "gamma28"),
    ("smpte170m", "smpte170m"),
    ("smpte240m", "smpte240m"),
    ("linear", "linear"),
    ("iec61966-2-1", "iec61966-2-1"),
    ("iec61966-2-4", "iec61966-2-4"),
    ("bt2020-10", "bt2020-10"),
    ("bt2020-12", "bt2020-12"),
    ("smpte2084", "smpte2084"),
    ("arib-std-b67", "arib-std-b67"),
];

const MATRICES: &Names = &[
    ("bt709", "bt709"),
    ("fcc", "fcc"),
    ("bt470bg", "bt470bg"),
    ("smpte170m", "smpte170m"),
    ("smpte240m", "smpte240m"),
    ("bt2020nc", "bt2020nc"),
];

impl Color {
    /// The colour that a rung of some range is encoded in. Nothing is converted but RGB, full range and HDR for SDR rungs.
    pub(crate) fn of(source: &VideoStream, range: VideoRange) -> Self {
        let usual = match (source.dynamic_range(), range) {
            (VideoRange::Sdr, _) => usual(source),
            (_, VideoRange::Sdr) => return HD,
            (_, VideoRange::Pq) => wide("smpte2084"),
            (_, VideoRange::Hlg) => wide("arib-std-b67"),
        };
        let pick = |names: &Names, stated: &Option<String>, usual| {
            let stated = stated.as_deref().unwrap_or_default();
            let known = names.iter().find(|(probe, _)| *probe == stated);
            known.map_or(usual, |(_, option)| *option)
        };
        let matrix = pick(MATRICES, &source.matrix, usual.matrix);
        Self {
            primaries: pick(PRIMARIES, &source.primaries, usual.primaries),
            transfer: pick(TRANSFERS, &source.transfer, usual.transfer),
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

/// What decoders assume of untagged video: ITU-R BT.601 up to 576 lines, with the primaries of its line standard, else BT.709.
fn usual(source: &VideoStream) -> Color {
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
