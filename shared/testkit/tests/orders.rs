//! What is ordered from an encoding service.

use reelsmith_core::encode::{EncodeOrder, next_order, pause_seconds, playlist_key};
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::ladder::VideoCodec;
use reelsmith_core::time::{FrameCount, UnixMillis};
use reelsmith_testkit::orders::{Ordered, Source, options};

const FULL: &str = include_str!("../../../sample-data/manifests/good/full.xml");

fn at_rate(rate: &str, frames: u64) -> Ordered {
    let source = Source {
        rate: rate.to_owned(),
        frames,
        ..Source::default()
    };
    // Without the track that MediaConvert cannot make, which is the last one.
    let unmapped = FULL
        .rsplit_once("<AudioTrack>")
        .and_then(|(before, mapped)| {
            Some(format!("{before}{}", mapped.split_once("</AudioTrack>")?.1))
        });
    let xml = unmapped.unwrap_or_default();
    Ordered::of(xml.as_bytes(), "default", options(true, true), &source)
}

#[test]
fn an_order_says_what_the_plan_says() {
    let ordered = Ordered::usual();
    let order = ordered.order().unwrap();
    assert_eq!(order.gop_frames, FrameCount(48), "two seconds of 24 frames");
    assert_eq!((order.segment_seconds, order.fragment_seconds), (4, 2));
    let of = |codec| order.video.iter().filter(move |v| v.rung.codec == codec);
    let names: Vec<_> = of(VideoCodec::H265).map(|v| v.modifier.as_str()).collect();
    assert_eq!(names, ["_video_h265_1080p", "_video_h265_720p"]);
    let qualities: Vec<_> = of(VideoCodec::H264).map(|v| v.quality).collect();
    assert_eq!(qualities, [8, 7, 7, 7]);
    assert!(!order.accelerated);
    let keys = GenerationKeys::new(
        &ordered.job.asset,
        &ordered.job.job_key,
        ordered.fence.generation,
    );
    let playlist = playlist_key(&keys, &order.tag, "video/h264_720p");
    assert_eq!(
        playlist.strip_prefix(&order.destination.key),
        Some("_video_h264_720p.m3u8")
    );
}

#[test]
fn each_audio_track_is_ordered_once_by_its_position_among_the_audio_streams() {
    let ordered = at_rate("25", 250);
    let order = ordered.order().unwrap();
    assert!(order.audio.len() > 1);
    let manifest = &ordered.job.manifest.audio_tracks;
    let stereo = order.audio.iter().filter(|a| a.channels == 2);
    let expected: Vec<_> = manifest
        .iter()
        .map(|t| (t.track_index + 1, t.language.clone()))
        .collect();
    let found: Vec<_> = stereo.map(|a| (a.track, a.language.clone())).collect();
    assert_eq!(found, expected);
}

#[test]
fn segments_end_where_the_plan_ends_them_at_every_usual_rate() {
    for rate in [
        "24000/1001",
        "24",
        "25",
        "30000/1001",
        "30",
        "50",
        "60000/1001",
        "60",
        "15",
    ] {
        let ordered = at_rate(rate, 600);
        let order = ordered.order().unwrap();
        // The service rounds up to the next whole group of pictures.
        let ticks = |frames: u64| {
            order
                .frame_rate
                .duration_of(FrameCount(frames))
                .0
                .unsigned_abs()
        };
        let asked = u64::from(order.segment_seconds) * u64::from(order.frame_rate.timescale().0);
        let groups = asked.div_ceil(ticks(order.gop_frames.0));
        let frames = FrameCount(groups * order.gop_frames.0);
        assert_eq!(frames, ordered.plan.segment_frames, "{rate}");
    }
}

#[test]
fn a_long_programme_asks_for_acceleration() {
    assert!(!at_rate("25", 25 * 599).order().unwrap().accelerated);
    assert!(at_rate("25", 25 * 600).order().unwrap().accelerated);
}

#[test]
fn a_job_that_the_service_cannot_encode_is_refused_before_the_order() {
    let refused = |change: &dyn Fn(&mut Ordered)| {
        let mut ordered = Ordered::usual();
        change(&mut ordered);
        ordered.order().unwrap_err().to_string()
    };
    let mapped = Ordered::of(
        FULL.as_bytes(),
        "default",
        options(true, true),
        &Source::default(),
    );
    insta::assert_snapshot!(mapped.order().unwrap_err(), @"expected an audio track without ChannelMap, which needs the encoder lambda, found ChannelMap in 監督コメンタリー");
    insta::assert_snapshot!(refused(&|o| o.job.profile.audio.bitrate.0 = 129_000), @"expected an AAC bit rate that MediaConvert accepts, found 129000 bit/s");
    insta::assert_snapshot!(refused(&|o| o.plan.audio[0].channels = 3), @"expected 1, 2 or 6 channels, found 3");
    insta::assert_snapshot!(refused(&|o| o.plan.video[0].rung.resolution.width = 16), @"expected pictures with sides of 32 to 8192 pixels, found 16x1080 of video/h264_1080p");
    insta::assert_snapshot!(refused(&|o| o.plan.segment_frames.0 = 12), @"expected a whole number of seconds above the length of a segment without its last group of pictures, and at most the length of the segment, found segments of 12 and groups of 48 frames at 24000/1001 frames per second");
    insta::assert_snapshot!(refused(&|o| o.inspection.probe.video.as_mut().unwrap().transfer = Some("smpte2084".into())), @"expected SDR pictures for the encoder mediaconvert, found the transfer function smpte2084");
}

#[test]
fn each_order_of_a_generation_has_its_own_token_and_prefix() {
    let Ordered {
        job,
        inspection,
        plan,
        fence,
    } = Ordered::usual();
    let order = |number| {
        EncodeOrder::new(&job, &inspection, &plan, fence.generation, number, "out").unwrap()
    };
    let (first, second) = (order(1), order(2));
    assert_eq!(first.tag.token().len(), 64);
    assert_eq!(first.tag.token(), order(1).tag.token());
    assert_ne!(first.tag.token(), second.tag.token());
    assert!(first.destination.key.ends_with("/encode/o1/main"));
    assert!(second.destination.key.ends_with("/encode/o2/main"));
}

#[test]
fn an_order_is_numbered_after_those_that_failed_or_were_cancelled() {
    let none: [u32; 0] = [];
    assert_eq!(next_order(none), 1);
    assert_eq!(next_order([1]), 2);
    assert_eq!(
        next_order([3, 1]),
        4,
        "after the last, whatever the sequence"
    );
}

#[test]
fn pauses_grow_with_the_time_that_has_passed() {
    let since = UnixMillis(1_000_000);
    let after = |seconds: u32| pause_seconds(since, since.plus_seconds(seconds));
    assert_eq!([0, 60, 160, 480, 100_000].map(after), [5, 7, 20, 60, 60]);
    assert_eq!(pause_seconds(since, UnixMillis(0)), 5);
}
