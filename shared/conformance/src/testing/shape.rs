//! Length and rungs of a valid output.

use super::AUDIO;

/// A video rendition of [`ValidOutput`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rung {
    pub folder: &'static str,
    pub codec: &'static str,
    pub width: u32,
    pub height: u32,
    /// Bytes of a picture that is not an IDR; an IDR has three times as many.
    pub picture: u32,
}

pub(crate) const RUNGS: [Rung; 3] = [
    Rung {
        folder: "video/h264_360p",
        codec: "avc1.64001e",
        width: 640,
        height: 360,
        picture: 100,
    },
    Rung {
        folder: "video/h264_720p",
        codec: "avc1.64001f",
        width: 1_280,
        height: 720,
        picture: 300,
    },
    Rung {
        folder: "video/h265_720p",
        codec: "hvc1.1.6.L93.90",
        width: 1_280,
        height: 720,
        picture: 200,
    },
];

/// The rungs of an output of the usual size.
const SIX_RUNGS: [Rung; 6] = [
    rung("video/h264_360p", "avc1.64001e", (640, 360), 100),
    rung("video/h264_480p", "avc1.64001f", (854, 480), 200),
    rung("video/h264_720p", "avc1.64001f", (1_280, 720), 300),
    rung("video/h264_1080p", "avc1.640028", (1_920, 1_080), 400),
    rung("video/h265_720p", "hvc1.1.6.L93.90", (1_280, 720), 250),
    rung("video/h265_1080p", "hvc1.1.6.L120.90", (1_920, 1_080), 350),
];

const fn rung(folder: &'static str, codec: &'static str, size: (u32, u32), picture: u32) -> Rung {
    let (width, height) = size;
    Rung {
        folder,
        codec,
        width,
        height,
        picture,
    }
}

/// Length and rungs of a valid output.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub rungs: Vec<Rung>,
    /// Folder, language and name of each audio rendition; the first language is the default.
    pub audio: &'static [(&'static str, &'static str, &'static str)],
    /// Frames of each segment at 24 frames a second; an IDR picture every 48.
    pub frames: Vec<u32>,
    /// Access units of each audio segment; the last one is cut short.
    pub units: Vec<u32>,
}

impl Shape {
    pub fn short() -> Self {
        Self {
            rungs: RUNGS.to_vec(),
            audio: &AUDIO,
            frames: vec![96, 96, 48],
            units: vec![188, 188, 94],
        }
    }

    /// Segments of four seconds, the last one of two.
    pub fn long(segments: u32, weight: u32) -> Self {
        let last = segments.saturating_sub(1);
        let frames = (0..segments).map(|i| if i == last { 48 } else { 96 });
        let frames: Vec<u32> = frames.collect();
        let all = (frames.iter().sum::<u32>() * 2_000 + 1_024).div_ceil(1_024);
        // Access units do not fit segments: the boundary is the nearest one.
        let until = |i: u32| {
            if i >= segments {
                all
            } else {
                (192_000 * i + 512) / 1_024
            }
        };
        let units = (0..segments).map(|i| until(i + 1) - until(i));
        Self {
            rungs: SIX_RUNGS
                .map(|r| Rung {
                    picture: r.picture * weight,
                    ..r
                })
                .to_vec(),
            audio: &AUDIO,
            units: units.collect(),
            frames,
        }
    }

    pub fn total_frames(&self) -> u32 {
        self.frames.iter().sum()
    }

    /// Ticks of each video segment at 24000 a second.
    pub fn video_ticks(&self) -> Vec<u32> {
        self.frames.iter().map(|f| f * 1_000).collect()
    }

    /// Ticks of each audio segment at 48000 a second, priming in the first.
    pub fn audio_ticks(&self) -> Vec<u32> {
        let mut left = self.total_frames() * 2_000 + 1_024;
        let ticks = self.units.iter().map(|units| {
            let ticks = (units * 1_024).min(left);
            left -= ticks;
            ticks
        });
        ticks.collect()
    }
}
