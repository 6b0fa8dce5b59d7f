use serde_json::json;

use super::*;

fn plan() -> Plan {
    let second = |ticks: i64| json!({"ticks": ticks, "timescale": 24_000});
    let plan = json!({
        "job_key": "ab".repeat(32), "generation": 1, "frame_rate": "24000/1001", "timescale": 24_000,
        "total_frames": 240, "mapping": "every", "video_start": second(0), "segment_frames": 96,
        "gop_frames": 48, "cutting": {"how": "seek"}, "index": "tables", "scan": "progressive", "chunks": [], "groups": [[0]],
        "video": [{"path": "video/h264_720p", "rung": {
            "name": "720p", "codec": "h264", "resolution": {"width": 1280, "height": 720},
            "max_bitrate": 3_000_000, "buffer_bits": 4_500_000, "crf": 21.0, "level": 31,
            "settings": {"preset": "medium", "profile": "high", "pixel_format": "yuv420p", "threads": 1},
        }}],
        "audio": [{"path": "audio/ja", "stream": 1, "language": "ja", "label": "日本語", "default": true,
            "sample_rate": 48_000, "samples": 480_480, "channels": 2, "described": false}],
        "text": [],
    });
    serde_json::from_value(plan).unwrap()
}

fn record() -> RenditionRecord {
    let record = json!({"output": {
        "rendition": "audio/ja", "timescale": 48_000, "init_sha256": "cd".repeat(32),
        "segments": [{"number": 1, "name": "seg_00001.m4s", "size": 1_000, "sha256": "ef".repeat(32),
            "start": 0, "duration": 192_512, "samples": 188}],
    }});
    serde_json::from_value(record).unwrap()
}

#[test]
fn an_expectation_is_derived_from_a_plan_and_its_records() {
    let expected = Expectation::from_plan(&plan(), &[record()], true);
    assert_eq!(expected.video[0].resolution.to_string(), "1280x720");
    assert_eq!(expected.video[0].frames, FrameCount(240));
    assert_eq!(expected.nanos(), 10_010_000_000);
    assert_eq!(expected.audio[0].samples, 480_480);
    assert_eq!(expected.recorded, [record().output]);
}
