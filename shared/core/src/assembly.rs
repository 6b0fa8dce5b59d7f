//! Proof that the records of a rendition tile the timeline: every segment once, in order, each starting where the
//! previous one ends, up to the end of the programme.

use crate::plan::Plan;
use crate::record::{ChunkRecord, RungOutput, SegmentRecord};
use crate::time::Ticks;

/// Why records do not form a whole rendition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyError {
    #[error("expected an output of {rendition} in the record of chunk {chunk}, found none")]
    Rendition { chunk: u32, rendition: String },
    /// The encoders of two chunks made different init segments, so that one cannot serve both.
    #[error(
        "expected the init segment of chunk 0 (SHA-256 {expected}) in chunk {chunk}, found SHA-256 {found}"
    )]
    Init {
        chunk: u32,
        expected: String,
        found: String,
    },
    #[error("expected at least one chunk, found none")]
    NoChunk,
    /// A segment is repeated or out of order.
    #[error("expected segment {expected}, found segment {found}")]
    Order { expected: u32, found: u32 },
    #[error("expected segment {expected}, found the end of the records")]
    Missing { expected: u32 },
    /// A segment does not start where the previous one ends.
    #[error("expected segment {number} to start at tick {expected}, found {found}")]
    Start {
        number: u32,
        expected: i64,
        found: i64,
    },
    #[error("expected segment {number} to have {expected} frames, found {found}")]
    Frames {
        number: u32,
        expected: u64,
        found: u64,
    },
    /// The rendition and the programme end at different times, in ticks of the track's timescale.
    #[error("expected the rendition to end at tick {expected} ± {tolerance}, found {found}")]
    End {
        expected: i64,
        tolerance: i64,
        found: i64,
    },
}

/// Joins the records of all chunks of a video rendition, in order, and checks the result.
pub fn join_video(
    plan: &Plan,
    rendition: &str,
    records: &[ChunkRecord],
) -> Result<RungOutput, AssemblyError> {
    let mut whole: Option<RungOutput> = None;
    for record in records {
        let part = record.outputs.iter().find(|o| o.rendition == rendition);
        let part = part.ok_or_else(|| AssemblyError::Rendition {
            chunk: record.chunk,
            rendition: rendition.to_owned(),
        })?;
        match &mut whole {
            None => whole = Some(part.clone()),
            Some(whole) if whole.init_sha256 == part.init_sha256 => {
                whole.segments.extend(part.segments.iter().cloned());
            }
            Some(whole) => {
                return Err(AssemblyError::Init {
                    chunk: record.chunk,
                    expected: whole.init_sha256.clone(),
                    found: part.init_sha256.clone(),
                });
            }
        }
    }
    let whole = whole.ok_or(AssemblyError::NoChunk)?;
    check_video(plan, &whole)?;
    Ok(whole)
}

/// Checks a whole video rendition: every segment has its planned frames, up to the end of the programme.
pub fn check_video(plan: &Plan, whole: &RungOutput) -> Result<(), AssemblyError> {
    in_order(&whole.segments, plan.segment_count())?;
    for segment in &whole.segments {
        let expected = plan.segment_frames_of(segment.number).count().0;
        if u64::from(segment.samples) != expected {
            return Err(AssemblyError::Frames {
                number: segment.number,
                expected,
                found: u64::from(segment.samples),
            });
        }
    }
    ends_at(whole, plan.duration(), Ticks(0))
}

/// Checks a track that was encoded whole. It must end within `tolerance` (in its own timescale) of the programme.
pub fn check_track(
    plan: &Plan,
    output: &RungOutput,
    tolerance: Ticks,
) -> Result<(), AssemblyError> {
    let count = u32::try_from(output.segments.len()).unwrap_or(u32::MAX);
    in_order(&output.segments, count)?;
    let end = plan.duration().rescale(plan.timescale, output.timescale);
    ends_at(output, end, tolerance)
}

fn in_order(segments: &[SegmentRecord], count: u32) -> Result<(), AssemblyError> {
    let mut numbers = 1..=count;
    let mut end = segments.first().map_or(0, |s| s.start.0);
    for segment in segments {
        let number = numbers.next();
        if number != Some(segment.number) {
            return Err(AssemblyError::Order {
                expected: number.unwrap_or(count),
                found: segment.number,
            });
        }
        if segment.start.0 != end {
            return Err(AssemblyError::Start {
                number: segment.number,
                expected: end,
                found: segment.start.0,
            });
        }
        end = segment.start.0 + segment.duration.0;
    }
    let missing = numbers.next();
    missing.map_or(Ok(()), |expected| Err(AssemblyError::Missing { expected }))
}

fn ends_at(output: &RungOutput, expected: Ticks, tolerance: Ticks) -> Result<(), AssemblyError> {
    let last = output.segments.last();
    let found = last.map_or(0, |s| s.start.0 + s.duration.0);
    if (found - expected.0).abs() <= tolerance.0 {
        return Ok(());
    }
    Err(AssemblyError::End {
        expected: expected.0,
        tolerance: tolerance.0,
        found,
    })
}

#[cfg(test)]
mod tests;
