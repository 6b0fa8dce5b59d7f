//! Proof that records tile the timeline: every segment once, in order, each beginning where the last one ended.

use crate::plan::Plan;
use crate::record::{ChunkRecord, RungOutput, SegmentRecord};
use crate::time::Ticks;

/// Why records do not make a whole rendition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// A chunk's record does not have the rendition.
    #[error("expected chunk {chunk} to have made {rendition}, found another set of renditions")]
    Rendition {
        /// The chunk.
        chunk: u32,
        /// The rendition.
        rendition: String,
    },
    /// Two chunks' encoders made different init segments, so one cannot serve both.
    #[error("expected the init segment {expected} of chunk 0, found {found} in chunk {chunk}")]
    Init {
        /// The chunk.
        chunk: u32,
        /// SHA-256 of the first chunk's.
        expected: String,
        /// SHA-256 of this chunk's.
        found: String,
    },
    /// Segments are missing, doubled or out of order.
    #[error("expected segment {expected}, found {found}")]
    Number {
        /// The number due.
        expected: u32,
        /// What is there.
        found: String,
    },
    /// A segment does not begin where the last one ended.
    #[error("expected segment {number} to begin at tick {expected}, found {found}")]
    Start {
        /// The segment.
        number: u32,
        /// The end of the one before.
        expected: i64,
        /// Its own start.
        found: i64,
    },
    /// A segment has another number of frames than planned.
    #[error("expected segment {number} to have {expected} frames, found {found}")]
    Frames {
        /// The segment.
        number: u32,
        /// Planned.
        expected: u64,
        /// Recorded.
        found: u64,
    },
    /// The rendition ends elsewhere than the programme.
    #[error("expected the rendition to end at tick {expected} within {tolerance}, found {found}")]
    End {
        /// Planned, in the track's timescale.
        expected: i64,
        /// Allowed difference.
        tolerance: i64,
        /// Recorded.
        found: i64,
    },
}

/// Joins the records of all chunks of a video rendition, in order.
///
/// # Errors
/// The first [`Gap`].
pub fn video(plan: &Plan, rendition: &str, records: &[ChunkRecord]) -> Result<RungOutput, Gap> {
    let mut whole: Option<RungOutput> = None;
    for record in records {
        let part = record.outputs.iter().find(|o| o.rendition == rendition);
        let part = part.ok_or_else(|| Gap::Rendition {
            chunk: record.chunk,
            rendition: rendition.to_owned(),
        })?;
        match &mut whole {
            None => whole = Some(part.clone()),
            Some(whole) if whole.init_sha256 == part.init_sha256 => {
                whole.segments.extend(part.segments.iter().cloned());
            }
            Some(whole) => {
                return Err(Gap::Init {
                    chunk: record.chunk,
                    expected: whole.init_sha256.clone(),
                    found: part.init_sha256.clone(),
                });
            }
        }
    }
    let whole = whole.ok_or(Gap::Number {
        expected: 1,
        found: "no chunk".to_owned(),
    })?;
    video_whole(plan, &whole)?;
    Ok(whole)
}

/// Checks a video rendition: every segment with its planned frames, to the end of the programme.
///
/// # Errors
/// The first [`Gap`].
pub fn video_whole(plan: &Plan, whole: &RungOutput) -> Result<(), Gap> {
    in_order(&whole.segments, plan.segment_count())?;
    for segment in &whole.segments {
        let expected = plan.segment_frames_of(segment.number).count().0;
        if u64::from(segment.samples) != expected {
            return Err(Gap::Frames {
                number: segment.number,
                expected,
                found: u64::from(segment.samples),
            });
        }
    }
    ends_at(whole, plan.duration(), Ticks(0))
}

/// Checks a track that was encoded whole: audio ends within `tolerance` of the programme.
///
/// # Errors
/// The first [`Gap`].
pub fn track(plan: &Plan, output: &RungOutput, tolerance: Ticks) -> Result<(), Gap> {
    let count = u32::try_from(output.segments.len()).unwrap_or(u32::MAX);
    in_order(&output.segments, count)?;
    let end = plan.duration().rescale(plan.timescale, output.timescale);
    ends_at(output, end, tolerance)
}

fn in_order(segments: &[SegmentRecord], count: u32) -> Result<(), Gap> {
    let mut due = 1..=count;
    let mut end = segments.first().map_or(0, |s| s.start.0);
    for segment in segments {
        let number = due.next();
        if number != Some(segment.number) {
            return Err(Gap::Number {
                expected: number.unwrap_or(count),
                found: format!("segment {}", segment.number),
            });
        }
        if segment.start.0 != end {
            return Err(Gap::Start {
                number: segment.number,
                expected: end,
                found: segment.start.0,
            });
        }
        end = segment.start.0 + segment.duration.0;
    }
    due.next().map_or(Ok(()), |expected| {
        Err(Gap::Number {
            expected,
            found: "the end".to_owned(),
        })
    })
}

fn ends_at(output: &RungOutput, expected: Ticks, tolerance: Ticks) -> Result<(), Gap> {
    let found = output
        .segments
        .last()
        .map_or(0, |s| s.start.0 + s.duration.0);
    if (found - expected.0).abs() <= tolerance.0 {
        return Ok(());
    }
    Err(Gap::End {
        expected: expected.0,
        tolerance: tolerance.0,
        found,
    })
}

#[cfg(test)]
mod tests;
