use proptest::prelude::*;

use super::*;
use crate::plan::timeline::TimelineError;
use crate::probe::{ByteSpan, Packet, Scan, VideoStream};
use crate::units::Resolution;

fn stream(rate: &str, time_base: (u32, u32)) -> VideoStream {
    VideoStream {
        index: 0,
        codec: "h264".into(),
        profile: None,
        coded: Resolution {
            width: 1920,
            height: 1080,
        },
        crop: None,
        sar: (1, 1),
        rotation: 0,
        flipped: false,
        pixel_format: "yuv420p".into(),
        bit_depth: 8,
        base_frame_rate: rate.parse().ok(),
        average_frame_rate: rate.parse().ok(),
        time_base,
        field_order: "progressive".into(),
        primaries: None,
        transfer: None,
        matrix: None,
        range: None,
        captioned: false,
        mastering: None,
        light: None,
        duration_us: None,
        encrypted: false,
        field_pictures: false,
        dolby_vision: None,
    }
}

/// Frames of a constant rate in decoding order, a key frame every `gop`, each a tick of `time_base` rounded down.
fn index(frames: u64, rate: FrameRate, gop: u64, den: u32) -> PacketIndex {
    let pts = |n: u64| (n * u64::from(rate.den()) * u64::from(den) / u64::from(rate.num())) as i64;
    PacketIndex {
        time_base: (1, den),
        end: 0,
        packets: (0..frames)
            .map(|n| Packet {
                pts: pts(n),
                dts: Some(pts(n) - 2),
                key: n % gop == 0,
                bytes: Some(ByteSpan {
                    start: 1_000 + n * 100,
                    end: 1_100 + n * 100,
                }),
            })
            .collect(),
        gradual: false,
        unordered: false,
        tables: None,
        fragments: Vec::new(),
        described: false,
        read: IndexRead::Scan,
        scan: Scan::Progressive,
        ..PacketIndex::default()
    }
}

fn timeline(frames: u64, rate: &str, gop: u64, den: u32) -> Timeline {
    let rate: FrameRate = rate.parse().unwrap();
    let stream = stream(&rate.to_string(), (1, den));
    Timeline::new(&index(frames, rate, gop, den), &stream, 60).unwrap()
}

#[test]
fn a_constant_source_maps_every_frame_even_with_millisecond_timestamps() {
    let line = timeline(1_000, "24000/1001", 24, 1_000);
    assert_eq!(line.mapping, FrameMapping::Every);
    assert_eq!(line.frames, FrameCount(1_000));
}

#[test]
fn a_part_of_the_source_is_cut_as_the_same_frames_of_the_whole() {
    let point = |text: &str| Some(text.parse().unwrap());
    let start = Some("10:00:00:00".parse().unwrap());
    let whole = timeline(100, "25", 10, 25_000);
    let mut part = whole.clone();
    let clip = part.clip(point("10:00:01:07"), point("3"), start).unwrap();
    let frames = FrameRange { start: 32, end: 75 };
    let of = FrameCount(100);
    assert_eq!(clip, Some(Clip { frames, of }));
    assert_eq!(part.frames, FrameCount(43));
    assert_eq!(
        part.cut(FrameRange { start: 0, end: 43 }),
        whole.cut(frames)
    );
    let seconds = part.video_start();
    assert_eq!(seconds.ticks.0 * 25, i64::from(seconds.timescale.0) * 32);
    assert!(part.clip(None, point("10:00:01:25"), start).is_err());

    let mut decoded_from_its_start = timeline(100, "25", 10, 25_000);
    decoded_from_its_start.cutting = Cutting::Whole { reason: "r".into() };
    assert_eq!(
        decoded_from_its_start.cut(FrameRange { start: 0, end: 100 }),
        Cut::default()
    );
    decoded_from_its_start
        .clip(point("1.28"), point("3"), start)
        .unwrap();
    let cut = decoded_from_its_start.cut(FrameRange { start: 0, end: 43 });
    assert_eq!(cut.counted, Some(frames));
}

#[test]
fn audio_alone_lasts_from_its_first_sample_to_its_last() {
    let span = |start_us, end_us| AudioSpan {
        stream: 0,
        start_us: Some(start_us),
        end_us: Some(end_us),
        empty: false,
    };
    let found = |spans: &[AudioSpan]| {
        let timeline = Timeline::of_audio(spans, None).unwrap();
        (timeline.video_start().micros(), timeline.frames.0)
    };
    assert_eq!(found(&[span(-21_333, 2_000_001)]), (0, 2_001), "priming");
    let hour = 3_600_000_000;
    assert_eq!(
        found(&[span(hour + 500, hour + 9_000), span(hour, hour + 8_000)]),
        (hour, 9)
    );
    assert_eq!(
        found(&[span(-10_000_000, 1_000_000)]),
        (-10_000_000, 11_000)
    );
    assert!(matches!(
        Timeline::of_audio(&[], None),
        Err(TimelineError::NoFrames)
    ));
    let mut timeline = Timeline::of_audio(&[span(0, 60_000_000)], FrameRate::new(25, 1)).unwrap();
    let points = ["00:00:10:05", "20.5"].map(|point| point.parse().ok());
    timeline.clip(points[0], points[1], None).unwrap();
    assert_eq!(
        (timeline.video_start().micros(), timeline.frames.0),
        (10_200_000, 10_300)
    );
}

#[test]
fn a_part_of_a_variable_source_begins_at_a_place_on_the_grid() {
    let mut packets = index(100, FrameRate::new(25, 1).unwrap(), 25, 1_000);
    for packet in &mut packets.packets[50..] {
        packet.pts += 500;
    }
    let mut line = Timeline::new(&packets, &stream("25", (1, 1_000)), 60).unwrap();
    let first = line.video_start();
    line.clip(Some("2.2".parse().unwrap()), None, None).unwrap();
    let start = line.video_start();
    let millis = |s: Seconds| s.ticks.rescale(s.timescale, Timescale(1_000)).0;
    assert_eq!(millis(start) - millis(first), 2_200);
    assert_eq!(line.frames, FrameCount(113 - 55));
}

#[test]
fn a_variable_source_is_resampled_to_its_average() {
    let mut packets = index(100, FrameRate::new(25, 1).unwrap(), 25, 1_000);
    for packet in &mut packets.packets[50..] {
        packet.pts += 500;
    }
    let line = Timeline::new(&packets, &stream("25", (1, 1_000)), 60).unwrap();
    assert_eq!(line.mapping, FrameMapping::Resampled);
    assert_eq!(line.frames, FrameCount(113));
}

#[test]
fn rates_above_the_limit_are_halved() {
    let line = timeline(240, "120", 24, 120_000);
    assert_eq!(line.frame_rate, FrameRate::new(60, 1).unwrap());
    assert_eq!(
        (line.mapping, line.frames),
        (FrameMapping::Resampled, FrameCount(120))
    );
}

#[test]
fn a_cut_seeks_half_a_frame_before_the_key_frame_and_trims_between_frames() {
    let line = timeline(100, "25", 10, 25_000);
    let cut = line.cut(FrameRange { start: 25, end: 50 });
    let at = |half_ticks: i64| {
        Some(Seconds {
            ticks: Ticks(half_ticks),
            timescale: Timescale(50_000),
        })
    };
    assert_eq!(cut.seek, at((20 * 1_000 - 2) * 2 - 1_000));
    assert_eq!(cut.start, at(24_000 + 25_000));
    assert_eq!(cut.end, at(49_000 + 50_000));
    let first = line.cut(FrameRange { start: 0, end: 100 });
    assert_eq!(
        first,
        Cut {
            seek: None,
            start: None,
            end: None,
            reads: vec![ByteSpan {
                start: 1_000,
                end: 11_000
            }],
            held: FrameCount(0),
            counted: None,
            hidden: vec![],
        }
    );
    assert_eq!(
        cut.reads,
        [ByteSpan {
            start: 3_000,
            end: 6_000
        }],
        "from the key frame to the last frame"
    );
}

#[test]
fn with_tables_a_cut_seeks_midway_between_two_key_frames() {
    let rate: FrameRate = "25".parse().unwrap();
    let stream = stream("25", (1, 25_000));
    let seek_ticks = |gop: u64, start: u64| {
        let mut index = index(100, rate, gop, 25_000);
        index.read = IndexRead::Tables;
        let line = Timeline::new(&index, &stream, 60).unwrap();
        let seek = line.cut(FrameRange { start, end: 100 }).seek.unwrap();
        assert_eq!(seek.timescale, Timescale(50_000));
        seek.ticks.0
    };
    assert_eq!(seek_ticks(10, 25), 20_000 + 30_000 - 2);
    assert_eq!(
        seek_ticks(1, 25),
        26_000 * 2 - 4 - 1_000,
        "half a frame before the next key frame"
    );
    assert_eq!(
        seek_ticks(10, 95),
        80_000 + 90_000 - 2,
        "even if decoding cannot start at the next one"
    );
    assert_eq!(
        seek_ticks(60, 95),
        60_000 + 100_000,
        "midway to the end of the file after the last one"
    );
}

#[test]
fn fragments_that_a_chunk_does_not_need_are_hidden() {
    let rate: FrameRate = "25".parse().unwrap();
    let stream = stream("25", (1, 25_000));
    let mut index = index(200, rate, 10, 25_000);
    index.read = IndexRead::Tables;
    // Ten frames each, with the `moof` box at the start of each.
    index.fragments = (0..20)
        .map(|n| ByteSpan {
            start: 990 + n * 1_000,
            end: 1_990 + n * 1_000,
        })
        .collect();
    let line = Timeline::new(&index, &stream, 60).unwrap();
    let cut = line.cut(FrameRange { start: 45, end: 60 });
    let span = |start, end| ByteSpan { start, end };
    assert_eq!(cut.reads, [span(4_990, 7_000)]);
    // Everything before the key frame's fragment, and everything after the packets that make a decoder output its pictures.
    assert_eq!(cut.hidden, [span(990, 4_990), span(8_990, 20_990)]);
    let whole = line.cut(FrameRange { start: 0, end: 200 });
    assert_eq!(whole.hidden, []);
}

fn cutting(index: &PacketIndex) -> Cutting {
    let s = stream("25", index.time_base);
    Timeline::new(index, &s, 60).unwrap().cutting
}

#[test]
fn decoding_does_not_start_at_a_key_frame_too_close_to_the_end() {
    let seek = |codec: &str, gop: u64| {
        let index = index(97, FrameRate::new(25, 1).unwrap(), gop, 1_000);
        let mut s = stream("25", index.time_base);
        s.codec = codec.into();
        let cut = Timeline::new(&index, &s, 60)
            .unwrap()
            .cut(FrameRange { start: 96, end: 97 });
        let at = cut.seek.unwrap();
        at.ticks.0 as f64 / f64::from(at.timescale.0)
    };
    // Key frames at 76 and 95 of 0 to 96; a frame lasts 0.04 s.
    let near = |found: f64, frame: f64| (found - frame * 0.04).abs() < 0.04;
    assert!(near(seek("h264", 19), 76.0), "{}", seek("h264", 19));
    assert!(
        near(seek("mpeg2video", 19), 95.0),
        "{}",
        seek("mpeg2video", 19)
    );
    // If every picture is a key frame, the decoder holds nothing back; only the last packet cannot be found by trial.
    assert!(near(seek("h264", 1), 95.0), "{}", seek("h264", 1));
}

#[test]
fn a_source_that_defeats_seeking_is_decoded_whole_with_the_reason() {
    let good = index(100, FrameRate::new(25, 1).unwrap(), 10, 1_000);
    assert_eq!(cutting(&good), Cutting::Seek);
    let whole = |change: fn(&mut PacketIndex)| {
        let mut index = good.clone();
        change(&mut index);
        match cutting(&index) {
            Cutting::Whole { reason } => reason,
            Cutting::Seek => "seek".to_owned(),
        }
    };
    let shift = |index: &mut PacketIndex, by: i64| {
        for packet in &mut index.packets[50..] {
            packet.pts += by;
            packet.dts = packet.dts.map(|t| t + by);
        }
    };
    insta::assert_snapshot!(whole(|i| i.gradual = true), @"its key frames are recovery points of an intra refresh, where pictures build up gradually");
    insta::assert_snapshot!(whole(|i| i.unordered = true), @"its container stores frames in decoding order without presentation times");
    let mut back = good.clone();
    shift(&mut back, -1_900);
    let line = Timeline::new(&back, &stream("25", (1, 1_000)), 60).unwrap();
    assert_eq!(
        (line.frames, line.mapping),
        (FrameCount(100), FrameMapping::Every)
    );
    insta::assert_json_snapshot!(line.cutting, @r#"
    {
      "how": "whole",
      "reason": "its timestamps restart or jump at 1 places"
    }
    "#);
    let mut jump = good.clone();
    shift(&mut jump, 10_001);
    assert!(matches!(cutting(&jump), Cutting::Whole { .. }));
    let mut pause = good;
    shift(&mut pause, 5_000);
    assert_eq!(
        cutting(&pause),
        Cutting::Seek,
        "a pause does not prevent seeking"
    );
}

#[test]
fn timestamps_that_restart_need_a_constant_rate_between_the_breaks() {
    let mut index = index(100, FrameRate::new(25, 1).unwrap(), 10, 1_000);
    for (n, packet) in (0i64..).zip(&mut index.packets[50..]) {
        packet.pts += n * n - 1_900;
        packet.dts = Some(packet.pts);
    }
    let error = Timeline::new(&index, &stream("25", (1, 1_000)), 60).unwrap_err();
    insta::assert_snapshot!(error, @"expected continuous timestamps, or a constant frame rate between the breaks; found that its timestamps restart or jump at 1 places");
}

#[test]
fn the_last_packet_of_a_file_is_never_a_seek_target() {
    let line = timeline(101, "25", 20, 1_000);
    let cut = line.cut(FrameRange {
        start: 100,
        end: 101,
    });
    let sought = Seconds {
        ticks: Ticks((80 * 40 - 2) * 2 - 40),
        timescale: Timescale(2_000),
    };
    assert_eq!(cut.seek, Some(sought));
}

#[test]
fn an_index_without_frames_or_key_frames_is_refused() {
    let none = PacketIndex {
        time_base: (1, 1_000),
        end: 0,
        packets: vec![],
        gradual: false,
        unordered: false,
        tables: None,
        fragments: Vec::new(),
        described: false,
        read: IndexRead::Tables,
        scan: Scan::Progressive,
        ..PacketIndex::default()
    };
    let s = stream("25", (1, 1_000));
    assert_eq!(
        Timeline::new(&none, &s, 60).err(),
        Some(TimelineError::NoFrames)
    );
    let mut keyless = index(5, FrameRate::new(25, 1).unwrap(), 5, 1_000);
    keyless.packets[0].key = false;
    assert_eq!(
        Timeline::new(&keyless, &s, 60).err(),
        Some(TimelineError::NoKeyFrame { packets: 5 })
    );
}

proptest! {
    #[test]
    fn chunks_tile_the_timeline_in_whole_segments(frames in 1u64..20_000, segment in 1u64..300, per_chunk in 1u64..10) {
        let line = timeline(frames, "25", 10, 25_000);
        let chunks = chunks(&line, FrameCount(segment), per_chunk);
        let mut next = (0, 1);
        for (i, chunk) in chunks.iter().enumerate() {
            prop_assert_eq!(chunk.index as usize, i);
            prop_assert_eq!((chunk.frames.start, chunk.first_segment), next);
            prop_assert!(!chunk.frames.is_empty());
            prop_assert_eq!(u64::from(chunk.segments), chunk.frames.count().0.div_ceil(segment));
            prop_assert!(u64::from(chunk.segments) <= per_chunk);
            next = (chunk.frames.end, chunk.first_segment + chunk.segments);
        }
        prop_assert_eq!(next.0, frames);
        prop_assert_eq!(u64::from(next.1 - 1), frames.div_ceil(segment));
    }

    #[test]
    fn every_frame_is_inside_exactly_one_cut(frames in 2u64..600, gop in 1u64..50, segment in 1u64..60, ms: bool) {
        let den = if ms { 1_000 } else { 30_000 };
        let line = timeline(frames, "30000/1001", gop, den);
        let chunks = chunks(&line, FrameCount(segment), 2);
        for (n, pts) in line.shown.iter().enumerate() {
            let half = pts * 2;
            let inside: Vec<u32> = chunks.iter().filter(|c| {
                c.cut.start.is_none_or(|s| s.ticks.0 <= half) && c.cut.end.is_none_or(|e| half < e.ticks.0)
            }).map(|c| c.index).collect();
            let owner = chunks.iter().find(|c| (c.frames.start..c.frames.end).contains(&(n as u64))).map(|c| c.index);
            prop_assert_eq!(inside, owner.into_iter().collect::<Vec<_>>());
            // The seek point is before every frame of the chunk, so the cut can be decoded.
        }
        for chunk in &chunks {
            let first = line.shown[chunk.frames.start as usize] * 2;
            prop_assert!(chunk.cut.seek.is_none_or(|s| s.ticks.0 < first));
        }
    }
}

/// The grid of frames in milliseconds in a file for which ffmpeg guesses these rates.
fn grid(
    times: impl Iterator<Item = i64>,
    base: &str,
    average: &str,
) -> (String, u64, FrameMapping) {
    let packet = |pts| Packet {
        pts,
        dts: Some(pts),
        key: true,
        bytes: None,
    };
    let index = PacketIndex {
        time_base: (1, 1_000),
        packets: times.map(packet).collect(),
        ..index(1, FrameRate::new(25, 1).unwrap(), 1, 1_000)
    };
    let mut stream = stream(base, (1, 1_000));
    stream.average_frame_rate = average.parse().ok();
    let line = Timeline::new(&index, &stream, 60).unwrap();
    (line.frame_rate.to_string(), line.frames.0, line.mapping)
}

/// Frames at these milliseconds in a container with one timeline.
fn paused_index(times: &[i64]) -> PacketIndex {
    let packet = |pts: &i64| Packet {
        pts: *pts,
        dts: Some(*pts),
        key: true,
        bytes: None,
    };
    PacketIndex {
        time_base: (1, 1_000),
        packets: times.iter().map(packet).collect(),
        one_timeline: true,
        ..PacketIndex::default()
    }
}

/// The timeline of frames at these milliseconds, the last one shown until `end`.
fn paused(times: &[i64], end: i64) -> Timeline {
    let index = PacketIndex {
        end,
        ..paused_index(times)
    };
    Timeline::new(&index, &stream("25", (1, 1_000)), 60).unwrap()
}

#[test]
fn a_picture_is_held_for_as_long_as_it_is_shown() {
    let frame = |n: i64| n * 40;
    // A pause of 18 s, longer than a discontinuity of a transport stream.
    let times: Vec<i64> = (0..50).map(frame).chain((500..600).map(frame)).collect();
    let line = paused(&times, frame(600));
    assert_eq!(
        (line.frames, &line.cutting),
        (FrameCount(600), &Cutting::Seek)
    );
    // Slides of 3 s, the last one for 4 s: at least one frame per second.
    let mut slides = stream("1/3", (1, 1_000));
    slides.average_frame_rate = slides.base_frame_rate;
    let index = PacketIndex {
        end: 10_000,
        ..paused_index(&[0, 3_000, 6_000])
    };
    let line = Timeline::new(&index, &slides, 60).unwrap();
    assert_eq!(
        (line.frame_rate.to_string().as_str(), line.frames),
        ("1", FrameCount(10))
    );
    // A last frame that is a little longer is not, and one that is shown for 2 s is.
    let times: Vec<i64> = (0..50).map(frame).collect();
    assert_eq!(paused(&times, frame(51)).frames, FrameCount(50));
    let line = paused(&times, frame(49) + 2_000);
    assert_eq!(
        (line.mapping, line.frames),
        (FrameMapping::Every, FrameCount(99))
    );
}

#[test]
fn a_last_frame_is_included_if_its_duration_rounds_to_nothing() {
    let times = [0, 40, 80, 125, 160, 200, 245, 290, 339];
    let line = paused(&times, 341);
    assert_eq!(
        (line.mapping, line.frames),
        (FrameMapping::Resampled, FrameCount(9))
    );
}

#[test]
fn frames_after_the_last_source_frame_repeat_it() {
    let mut line = timeline(100, "25", 10, 25_000);
    line.hold_until(6_000_000);
    assert_eq!(line.frames, FrameCount(150));
    let held = |start, end| line.cut(FrameRange { start, end });
    assert_eq!(held(0, 50).held, FrameCount(0));
    assert_eq!(held(50, 100).held, FrameCount(0));
    assert_eq!(
        (held(90, 130).held, held(90, 130).end),
        (FrameCount(30), None)
    );
    // A chunk after the last frame begins with it.
    let cut = held(120, 150);
    assert_eq!(cut.held, FrameCount(29));
    let before_last = Seconds {
        ticks: Ticks(98_000 + 99_000),
        timescale: Timescale(50_000),
    };
    assert_eq!(cut.start, Some(before_last));
    line.hold_until(1_000_000);
    assert_eq!(line.frames, FrameCount(150), "never shortened");
}

#[test]
fn a_declared_rate_is_that_of_a_variable_source() {
    let irregular: Vec<i64> = (0..300).map(|n| n * 100 / 3 + (n * 7) % 17).collect();
    let index = paused_index(&irregular);
    let phone = stream("580000/21007", (1, 1_000));
    let at = |declared: Option<&str>| {
        let declared = declared.map(|rate| rate.parse().unwrap());
        let line = Timeline::at_rate(&index, &phone, 60, declared).unwrap();
        line.frame_rate.to_string()
    };
    assert_eq!(at(None), "30");
    assert_eq!(at(Some("25")), "25");
}

#[test]
fn a_file_whose_only_key_frame_is_hidden_is_decoded_from_its_start() {
    let mut index = index(50, FrameRate::new(25, 1).unwrap(), 60, 25_000);
    index.packets[0].key = false;
    index.hidden = 3;
    let line = Timeline::new(&index, &stream("25", (1, 25_000)), 60).unwrap();
    assert_eq!(line.cut(FrameRange { start: 25, end: 50 }).seek, None);
}

#[test]
fn a_guessed_rate_does_not_double_the_frames() {
    // Matroska without a default duration: 30000/1001 and 30 per second, rounded to milliseconds.
    let ntsc = |n: i64| (n * 1_001 + 15) / 30;
    for frames in [30, 300, 9_000] {
        let (rate, found, mapping) = grid((0..frames).map(ntsc), "60", "1000");
        assert_eq!(
            (rate.as_str(), found, mapping),
            ("30000/1001", frames as u64, FrameMapping::Every)
        );
        let (rate, found, mapping) = grid((0..frames).map(|n| (n * 1_000 + 15) / 30), "60", "1000");
        assert_eq!(
            (rate.as_str(), found, mapping),
            ("30", frames as u64, FrameMapping::Every)
        );
    }
    // Each frame up to 8 ms early or late.
    let irregular = |n: i64| n * 100 / 3 + (n * 7) % 17 - 8;
    let (rate, found, _) = grid((0..300).map(irregular), "60", "1000");
    assert_eq!((rate.as_str(), found), ("30", 300));
    // A variable rate whose frames need 30 per second keeps it.
    let variable = |n: i64| n / 3 * 200 + n % 3 * 33;
    assert_eq!(grid((0..300).map(variable), "30", "15").0, "30");
    let phone = grid((0..300).map(irregular), "580000/21007", "580000/21007");
    assert_eq!(phone.0, "30");
}
