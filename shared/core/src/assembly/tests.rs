use super::*;
use crate::keys::Generation;
use crate::plan::{Chunk, Cut, Cutting, FrameMapping};
use crate::probe::{IndexRead, Scan, Seconds};
use crate::record::WorkerRun;
use crate::time::{FrameCount, FrameRange, FrameRate, Timescale, UnixMillis};
use crate::units::Bytes;

const NAME: &str = "video/h264_360p";

/// Three chunks of two segments of 48 frames at 24 frames per second; the last segment is shorter.
fn plan() -> Plan {
    let rate = FrameRate::new(24, 1).unwrap();
    let chunk = |index: u32, start: u64, end: u64| Chunk {
        index,
        frames: FrameRange { start, end },
        first_segment: index * 2 + 1,
        segments: 2,
        cut: Cut::default(),
    };
    Plan {
        job_key: "ab".repeat(32).parse().unwrap(),
        generation: Generation::FIRST,
        frame_rate: rate,
        timescale: rate.timescale(),
        total_frames: FrameCount(250),
        clip: None,
        mapping: FrameMapping::Every,
        cutting: Cutting::Seek,
        index: IndexRead::Tables,
        scan: Scan::Progressive,
        described: false,
        video_start: Seconds {
            ticks: Ticks(0),
            timescale: Timescale(1),
        },
        segment_frames: FrameCount(48),
        gop_frames: FrameCount(48),
        chunks: vec![chunk(0, 0, 96), chunk(1, 96, 192), chunk(2, 192, 250)],
        groups: vec![vec![0]],
        video: vec![],
        audio: vec![],
        text: vec![],
        left_out: vec![],
        warnings: vec![],
    }
}

fn segment(plan: &Plan, number: u32) -> SegmentRecord {
    let frames = plan.segment_frames_of(number);
    SegmentRecord {
        number,
        name: crate::keys::segment_name(number),
        size: Bytes(1),
        sha256: String::new(),
        start: plan.frame_rate.duration_of(FrameCount(frames.start)),
        duration: plan.frame_rate.duration_of(frames.count()),
        samples: u32::try_from(frames.count().0).unwrap(),
        key_frames: vec![],
    }
}

fn records(plan: &Plan) -> Vec<ChunkRecord> {
    let record = |chunk: &Chunk| ChunkRecord {
        job_key: plan.job_key.clone(),
        generation: plan.generation,
        chunk: chunk.index,
        group: 0,
        frames: chunk.frames,
        pictures: Vec::new(),
        outputs: vec![RungOutput {
            rendition: NAME.into(),
            timescale: plan.timescale,
            init_sha256: "i".into(),
            segments: (0..2)
                .map(|n| segment(plan, chunk.first_segment + n))
                .collect(),
        }],
        warnings: vec![],
        run: WorkerRun {
            request_id: String::new(),
            worker: String::new(),
            started: UnixMillis(0),
            ended: UnixMillis(0),
            cpu_ms: 0,
            bytes_read: Bytes(0),
            encoder_build: String::new(),
        },
    };
    plan.chunks.iter().map(record).collect()
}

fn damaged(damage: impl FnOnce(&mut Vec<ChunkRecord>)) -> AssemblyError {
    let plan = plan();
    let mut records = records(&plan);
    damage(&mut records);
    join_video(&plan, NAME, &records).unwrap_err()
}

#[test]
fn complete_records_form_a_rendition() {
    let plan = plan();
    let whole = join_video(&plan, NAME, &records(&plan)).unwrap();
    assert_eq!(whole.segments.len(), 6);
    assert_eq!(check_track(&plan, &whole, Ticks(0)), Ok(()));
}

#[test]
fn every_kind_of_violation_is_found() {
    assert!(matches!(
        damaged(|r| drop(r.remove(1))),
        AssemblyError::Order {
            expected: 3,
            found: 5
        }
    ));
    assert!(matches!(
        damaged(|r| r.swap(0, 1)),
        AssemblyError::Order { expected: 1, .. }
    ));
    assert!(matches!(
        damaged(|r| drop(r.pop())),
        AssemblyError::Missing { expected: 5 }
    ));
    assert_eq!(damaged(Vec::clear), AssemblyError::NoChunk);
    assert!(matches!(
        damaged(|r| r[1].outputs[0].init_sha256 = "j".into()),
        AssemblyError::Init { chunk: 1, .. }
    ));
    assert!(matches!(
        damaged(|r| r[2].outputs.clear()),
        AssemblyError::Rendition { chunk: 2, .. }
    ));
    assert!(matches!(
        damaged(|r| r[1].outputs[0].segments[0].start.0 += 1),
        AssemblyError::Start { number: 3, .. }
    ));
    assert!(matches!(
        damaged(|r| r[1].outputs[0].segments[1].samples -= 1),
        AssemblyError::Frames { number: 4, .. }
    ));
    assert!(matches!(
        damaged(|r| r[2].outputs[0].segments[1].duration.0 += 1),
        AssemblyError::End { .. }
    ));
}
