//! The part of a mezzanine that is published: from `InPoint` to `OutPoint`.
//!
//! A [`Point`] is a timecode, which counts from the start timecode of the mezzanine, or seconds from its first picture.
//! [`range`] turns both points into frames of the output's grid, before anything is encoded. Everything else follows from
//! that range: the plan has no other frames, its time zero is the first of them, and audio and captions use that clock.
//!
//! ```
//! use reelsmith_core::clip::{Clock, Point};
//! use reelsmith_core::time::FrameRate;
//!
//! let rate: FrameRate = "25".parse().unwrap();
//! let clock = Clock { rate, grid: rate, start: Some("10:00:00:00".parse().unwrap()) };
//! let [timecode, seconds]: [Point; 2] = ["10:00:02:05", "2.2"].map(|p| p.parse().unwrap());
//! assert_eq!((timecode.frame(&clock), seconds.frame(&clock)), (Ok(55), Ok(55)));
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::{FrameCount, FrameRange, FrameRate};
use crate::timecode::Timecode;

/// A point of a mezzanine, as a manifest states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Point {
    /// A label of a frame.
    Timecode(Timecode),
    /// Microseconds from the first picture.
    Micros(u64),
}

/// A text that is not a point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a timecode such as 10:00:02:05 or seconds such as 2.2, found {0:?}")]
pub struct BadPoint(pub String);

/// Latest point in seconds: 100 hours.
const LATEST: u64 = 360_000;

impl FromStr for Point {
    type Err = BadPoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadPoint(text.to_owned());
        if text.contains(':') {
            // A full stop before the frames would be read as a decimal of seconds by people.
            let timecode = text.parse().ok().filter(|_| !text.contains('.'));
            return timecode.map(Self::Timecode).ok_or_else(bad);
        }
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || whole.len() > 9 {
            return Err(bad());
        }
        let micros: String = part.chars().chain("000000".chars()).take(6).collect();
        let whole: u64 = whole.parse().map_err(|_| bad())?;
        let micros: u64 = micros.parse().map_err(|_| bad())?;
        let micros = whole * 1_000_000 + micros;
        match micros <= LATEST * 1_000_000 {
            true => Ok(Self::Micros(micros)),
            false => Err(bad()),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timecode(timecode) => timecode.fmt(f),
            Self::Micros(micros) => {
                let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
                f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

impl TryFrom<String> for Point {
    type Error = BadPoint;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Point> for String {
    fn from(point: Point) -> Self {
        point.to_string()
    }
}

/// What points are measured with.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Frame rate of the mezzanine, by which timecodes count.
    pub rate: FrameRate,
    /// Frame rate of the output.
    pub grid: FrameRate,
    /// Timecode of the first picture; timecodes count from zero without it.
    pub start: Option<Timecode>,
}

impl Point {
    /// The frame of the grid that is nearest to this point, from 0 at the first picture; negative before it. A timecode is
    /// counted with drop frames if the start timecode is.
    ///
    /// # Errors
    /// The number of labels in a second, if the label has a frame number that does not exist.
    pub fn frame(self, clock: &Clock) -> Result<i64, u32> {
        let (ticks, per_second) = match self {
            Self::Micros(micros) => (i128::from(micros), 1_000_000),
            Self::Timecode(timecode) => {
                let label = clock
                    .start
                    .map_or(timecode, |start| timecode.counted_as(start));
                label.checked(clock.rate)?;
                let first = clock.start.map_or(0, |start| start.frame(clock.rate));
                let frames = label.frame(clock.rate) - first;
                if clock.rate == clock.grid {
                    return Ok(frames);
                }
                let ticks = i128::from(frames) * i128::from(clock.rate.den());
                (ticks, i128::from(clock.rate.num()))
            }
        };
        // Nearest: ticks / per_second × num / den.
        let num = ticks * i128::from(clock.grid.num());
        let den = per_second * i128::from(clock.grid.den());
        let frame = (num * 2 + den).div_euclid(den * 2);
        Ok(i64::try_from(frame).unwrap_or(i64::MAX))
    }
}

/// Why the points select nothing that can be published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct ClipError {
    /// With the name of the element.
    pub expected: String,
    pub found: String,
}

/// Shortest part that is published, in milliseconds.
const SHORTEST_MS: u64 = 200;

/// The frames of the grid from `in_point` up to and without `out_point`, of a mezzanine of `frames`. `None` without
/// points.
///
/// # Errors
/// [`ClipError`] if a point is no frame of the mezzanine, or the part is empty or too short.
pub fn range(
    in_point: Option<Point>,
    out_point: Option<Point>,
    clock: &Clock,
    frames: FrameCount,
) -> Result<Option<FrameRange>, ClipError> {
    if in_point.is_none() && out_point.is_none() {
        return Ok(None);
    }
    let start = in_point.map_or(Ok(0), |p| frame_of("InPoint", p, clock, frames))?;
    let end = out_point.map_or(Ok(frames.0), |p| frame_of("OutPoint", p, clock, frames))?;
    let least = clock.grid.frames_in_millis(SHORTEST_MS).0.max(1);
    if end < start.saturating_add(least) {
        let shown = |p: Option<Point>| p.map_or("none".to_owned(), |p| p.to_string());
        let (from, to) = (shown(in_point), shown(out_point));
        return Err(ClipError {
            expected: format!("an OutPoint at least {SHORTEST_MS} ms after InPoint"),
            found: format!("InPoint {from} and OutPoint {to}: frames {start} to {end}"),
        });
    }
    Ok(Some(FrameRange { start, end }))
}

fn frame_of(
    element: &str,
    point: Point,
    clock: &Clock,
    frames: FrameCount,
) -> Result<u64, ClipError> {
    let frame = point.frame(clock).map_err(|labels| ClipError {
        expected: format!(
            "{element}: frame numbers below {labels}, as at {} per second",
            clock.rate
        ),
        found: point.to_string(),
    })?;
    let inside = u64::try_from(frame).ok().filter(|f| *f <= frames.0);
    inside.ok_or_else(|| {
        let start = clock.start.map_or("no start timecode".to_owned(), |s| {
            format!("the start timecode {s}")
        });
        ClipError {
            expected: format!(
                "{element}: a point within the {} frames of the mezzanine, with {start}",
                frames.0
            ),
            found: format!("{point}, which is frame {frame}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(text: &str) -> Point {
        text.parse().unwrap()
    }

    fn clock(rate: &str, start: Option<&str>) -> Clock {
        let rate = rate.parse().unwrap();
        Clock {
            rate,
            grid: rate,
            start: start.map(|s| s.parse().unwrap()),
        }
    }

    #[test]
    fn points_are_timecodes_or_seconds() {
        for (text, shown) in [
            ("00:00:02:05", "00:00:02:05"),
            ("01:00:00;02", "01:00:00;02"),
            ("2.50", "2.5"),
            ("0", "0"),
            ("3.0000009", "3"),
        ] {
            assert_eq!(point(text).to_string(), shown);
        }
        for text in [
            "",
            "-1",
            "1.",
            ".5",
            "00:00:02",
            "00:00:02.05",
            "1e3",
            "360001",
            "00:61:00:00",
            "a",
        ] {
            assert!(text.parse::<Point>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_point_is_exactly_one_frame() {
        let frame = |text, rate, start| point(text).frame(&clock(rate, start));
        assert_eq!(frame("10.01", "30000/1001", None), Ok(300));
        assert_eq!(frame("00:00:10:00", "30000/1001", None), Ok(300));
        assert_eq!(
            frame("01:00:10:00", "24000/1001", Some("01:00:00:00")),
            Ok(240)
        );
        // The label counts as the programme does, whatever separator it is written with.
        for label in ["01:01:00;02", "01:01:00:02"] {
            assert_eq!(frame(label, "30000/1001", Some("01:00:00;00")), Ok(1_800));
        }
        assert_eq!(frame("00:59:59:24", "25", Some("01:00:00:00")), Ok(-1));
        assert_eq!(frame("00:00:00:25", "25", None), Err(25));
        let halved = Clock {
            grid: "60".parse().unwrap(),
            ..clock("120", None)
        };
        assert_eq!(point("00:00:01:01").frame(&halved), Ok(61));
        assert_eq!(point("1.0").frame(&halved), Ok(60));
    }

    #[test]
    fn the_range_is_within_the_mezzanine() {
        let range = |from: Option<&str>, to: Option<&str>| {
            let clock = clock("25", Some("10:00:00:00"));
            range(from.map(point), to.map(point), &clock, FrameCount(200))
                .map_err(|e| e.to_string())
        };
        assert_eq!(range(None, None), Ok(None));
        let frames = |start, end| Ok(Some(FrameRange { start, end }));
        assert_eq!(range(Some("10:00:02:00"), Some("4")), frames(50, 100));
        assert_eq!(range(None, Some("10:00:08:00")), frames(0, 200));
        assert_eq!(range(Some("7.8"), None), frames(195, 200));
        insta::assert_snapshot!(range(Some("9:00:00:00"), None).unwrap_err(), @"expected InPoint: a point within the 200 frames of the mezzanine, with the start timecode 10:00:00:00, found 09:00:00:00, which is frame -90000");
        insta::assert_snapshot!(range(None, Some("8.1")).unwrap_err(), @"expected OutPoint: a point within the 200 frames of the mezzanine, with the start timecode 10:00:00:00, found 8.1, which is frame 203");
        insta::assert_snapshot!(range(Some("4"), Some("4")).unwrap_err(), @"expected an OutPoint at least 200 ms after InPoint, found InPoint 4 and OutPoint 4: frames 100 to 100");
        insta::assert_snapshot!(range(Some("10:00:00:25"), None).unwrap_err(), @"expected InPoint: frame numbers below 25, as at 25 per second, found 10:00:00:25");
    }
}
