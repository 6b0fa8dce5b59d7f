use proptest::prelude::*;

use super::*;

fn facts(json: &str) -> Result<Probe, MediaError> {
    let facts: Facts = serde_json::from_str(json).unwrap();
    facts.into_probe(Container::Mov, "")
}

#[test]
fn the_command_forces_demuxer_and_protocol() {
    let args = probe_argv("http://127.0.0.1:1/t/m", Container::Matroska);
    insta::assert_snapshot!(args.join(" "), @"-v error -hide_banner -show_entries format=duration,nb_streams:stream=index,codec_type,codec_name,profile,width,height,sample_aspect_ratio,pix_fmt,bits_per_raw_sample,r_frame_rate,avg_frame_rate,time_base,duration,field_order,color_primaries,color_transfer,color_space,color_range,channels,sample_rate:stream_disposition=attached_pic,still_image:stream_tags=language,rotate:stream_side_data=rotation -of json -protocol_whitelist http,tcp -format_whitelist matroska -max_streams 64 -f matroska -reconnect 1 -reconnect_on_network_error 1 -reconnect_on_http_error 5xx,429 -reconnect_delay_max 4 -short_seek_size 262144 -i http://127.0.0.1:1/t/m");
}

#[test]
fn cover_art_is_no_video() {
    let cover = r#"{"streams":[{"index":0,"codec_type":"audio","codec_name":"aac"},
        {"index":1,"codec_type":"video","codec_name":"mjpeg","disposition":{"attached_pic":1}}]}"#;
    assert!(matches!(
        facts(cover),
        Err(MediaError::NoVideo { streams: 2 })
    ));
}

#[test]
fn a_turned_phone_clip_is_taller_than_wide() {
    let json = r#"{"streams":[{"index":0,"codec_type":"video","codec_name":"h264","width":1920,"height":1080,
        "pix_fmt":"yuv420p","time_base":"1/600","avg_frame_rate":"30/1","r_frame_rate":"30/1",
        "side_data_list":[{"rotation":-90}]}],"format":{"duration":"2.5"}}"#;
    let probe = facts(json).unwrap();
    assert_eq!((probe.video.rotation, probe.duration_us), (90, 2_500_000));
    assert_eq!(probe.video.display().to_string(), "1080x1920");
}

#[test]
fn more_streams_than_a_delivery_has_are_refused() {
    let stream = r#"{"codec_type":"audio"}"#;
    let json = format!(r#"{{"streams":[{}]}}"#, vec![stream; 65].join(","));
    assert!(matches!(
        facts(&json),
        Err(MediaError::TooManyStreams { found: 65, .. })
    ));
}

#[test]
fn bit_depth_comes_from_the_stream_or_the_format_name() {
    for (format, raw, bits) in [
        ("yuv420p", None, 8),
        ("yuv420p", Some("8"), 8),
        ("yuv422p10le", None, 10),
        ("yuv422p10le", Some("N/A"), 10),
        ("p010le", None, 10),
        ("p216le", None, 16),
        ("gbrp12be", None, 12),
        ("rgb48le", None, 16),
        ("nv12", None, 8),
        ("yuv410p", None, 8),
    ] {
        assert_eq!(bit_depth(format, raw), bits, "{format}");
    }
}

#[test]
fn durations_are_read_without_a_float() {
    assert_eq!(micros("10.010000"), Some(10_010_000));
    assert_eq!(micros("-0.5"), Some(-500_000));
    assert_eq!(micros("7"), Some(7_000_000));
    assert_eq!(micros("N/A"), None);
}

proptest! {
    #[test]
    fn hostile_numbers_never_panic(text in ".{0,24}") {
        let _ = (micros(&text), ratio(&text, '/'), bit_depth(&text, Some(&text)), rate(Some(&text)));
    }
}
