use proptest::prelude::*;

use super::*;
use crate::testing::{made, serve, tools};

fn facts(json: &str) -> Result<Probe, MediaError> {
    let facts: Facts = serde_json::from_str(json).unwrap();
    facts.into_probe(Container::Mov, None, "")
}

#[test]
fn the_command_line_forces_demuxer_and_protocol() {
    let args = probe_argv("http://127.0.0.1:1/t/m", Container::Matroska);
    insta::assert_snapshot!(args.join(" "), @"-v error -hide_banner -show_entries format=duration,nb_streams:format_tags=timecode:stream=index,codec_type,codec_name,codec_tag_string,profile,width,height,sample_aspect_ratio,pix_fmt,bits_per_raw_sample,r_frame_rate,avg_frame_rate,time_base,duration,field_order,color_primaries,color_transfer,color_space,color_range,channels,channel_layout,sample_rate:stream_disposition=default,attached_pic,still_image,forced,hearing_impaired,comment,visual_impaired:stream_tags=language,title,handler_name,rotate,timecode,DURATION,enc_key_id:stream_side_data -of json -protocol_whitelist http,tcp -format_whitelist matroska -max_streams 64 -max_pixels 67108864 -f matroska -reconnect 1 -reconnect_on_network_error 1 -reconnect_on_http_error 5xx,429 -reconnect_delay_max 4 -short_seek_size 262144 -recv_buffer_size 65536 -i http://127.0.0.1:1/t/m");
}

#[test]
fn cover_art_is_not_video() {
    let cover = r#"{"streams":[{"index":0,"codec_type":"audio","codec_name":"aac"},
        {"index":1,"codec_type":"video","codec_name":"mjpeg","disposition":{"attached_pic":1}}]}"#;
    assert_eq!(facts(cover).unwrap().video, None);
    let alone = cover.replace(r#""codec_type":"audio""#, r#""codec_type":"data""#);
    assert!(matches!(
        facts(&alone),
        Err(MediaError::NoVideo { streams: 2 })
    ));
}

/// A video stream of ffprobe's output, 25 frames per second and 8 s long unless `more` replaces that.
fn video_stream(
    index: u32,
    size: (u32, u32),
    default: u8,
    more: serde_json::Value,
) -> serde_json::Value {
    let mut stream = serde_json::json!({
        "index": index, "codec_type": "video", "codec_name": "h264", "width": size.0, "height": size.1,
        "pix_fmt": "yuv420p", "time_base": "1/1000", "avg_frame_rate": "25/1", "r_frame_rate": "25/1",
        "duration": "8.000000", "disposition": {"default": default},
    });
    let more = more.as_object().unwrap().clone();
    stream.as_object_mut().unwrap().extend(more);
    stream
}

fn chosen(streams: &[serde_json::Value], video_track: Option<u32>) -> Result<u32, MediaError> {
    let facts = serde_json::json!({"streams": streams, "format": {"duration": "8.0"}});
    let facts: Facts = serde_json::from_value(facts).unwrap();
    let probe = facts.into_probe(Container::Matroska, video_track, "")?;
    Ok(probe.video.as_ref().unwrap().index)
}

#[test]
fn the_programme_is_the_default_track_or_the_largest_that_spans_it() {
    use serde_json::json;
    const SMALL: (u32, u32) = (160, 90);
    const LARGE: (u32, u32) = (1280, 720);
    let stream = |index, size, default| video_stream(index, size, default, json!({}));
    let streams = [stream(0, SMALL, 0), stream(1, LARGE, 1)];
    assert_eq!(chosen(&streams, None).unwrap(), 1);
    assert_eq!(
        chosen(&streams, Some(0)).unwrap(),
        0,
        "the manifest decides"
    );
    assert!(matches!(
        chosen(&streams, Some(2)),
        Err(MediaError::NoSuchVideo {
            wanted: 2,
            found: 2
        })
    ));
    let small_default = [stream(0, SMALL, 1), stream(1, LARGE, 0)];
    assert_eq!(chosen(&small_default, None).unwrap(), 0);
    for default in [0, 1] {
        let streams = [stream(0, SMALL, default), stream(1, LARGE, default)];
        assert_eq!(
            chosen(&streams, None).unwrap(),
            1,
            "the mark decides nothing"
        );
    }
    let short = video_stream(1, LARGE, 1, json!({"duration": "2.0"}));
    assert_eq!(chosen(&[stream(0, SMALL, 1), short], None).unwrap(), 0);
    let tagged = json!({"duration": null, "tags": {"DURATION": "00:00:02.000000000"}});
    let short = video_stream(1, LARGE, 1, tagged);
    assert_eq!(chosen(&[stream(0, SMALL, 1), short], None).unwrap(), 0);
    let empty = video_stream(1, LARGE, 1, json!({"avg_frame_rate": "0/0"}));
    assert_eq!(chosen(&[stream(0, LARGE, 1), empty], None).unwrap(), 0);
    let cover = video_stream(0, LARGE, 1, json!({"disposition": {"attached_pic": 1}}));
    assert_eq!(chosen(&[cover, stream(1, SMALL, 0)], Some(0)).unwrap(), 1);
    let record = json!({"dv_profile": 7, "dv_bl_signal_compatibility_id": 6, "bl_present_flag": 0});
    let enhancement = video_stream(0, LARGE, 1, json!({"side_data_list": [record]}));
    assert_eq!(
        chosen(&[enhancement, stream(1, LARGE, 1)], None).unwrap(),
        1
    );
    let error = chosen(&[stream(0, LARGE, 1), stream(1, LARGE, 1)], None).unwrap_err();
    insta::assert_snapshot!(error, @"expected one video stream that is marked as default, or is the largest that spans the programme, found stream 0: h264 1280x720; stream 1: h264 1280x720");
}

#[tokio::test]
async fn the_default_track_of_a_real_file_is_chosen() {
    use crate::testing::{made, serve, tools};
    let line = |name: &str| {
        format!(
            "-f lavfi -i testsrc=s=160x90:r=1:d=2 -f lavfi -i testsrc2=s=320x180:r=25:d=2 -map 0 -map 1 -c:v mpeg4 \
             -disposition:v:0 0 -disposition:v:1 default {name}"
        )
    };
    for (container, name) in [
        (Container::Matroska, "film.mkv"),
        (Container::Mov, "film.mp4"),
    ] {
        let (_folder, file) = made(&line(name));
        let proxy = serve(&file).await;
        let probe = super::probe(&tools(), &proxy.url(), container, None).await;
        assert_eq!(
            probe.unwrap().video.unwrap().coded.to_string(),
            "320x180",
            "{name}"
        );
    }
}

#[test]
fn a_codec_that_is_not_decoded_and_an_encrypted_stream_are_named() {
    use serde_json::json;
    let of = |more| {
        let stream = video_stream(0, (0, 0), 1, more);
        let facts = json!({"streams": [stream]}).to_string();
        facts_of(&facts).video
    };
    let unknown = json!({"codec_name": null, "codec_tag_string": "vvc1", "pix_fmt": null});
    assert_eq!(of(unknown).unwrap().codec, "vvc1");
    let encrypted = json!({"codec_tag_string": "encv", "pix_fmt": null});
    assert!(of(encrypted).unwrap().encrypted);
    let matroska = json!({"tags": {"enc_key_id": "AQID"}, "pix_fmt": null});
    assert!(of(matroska).unwrap().encrypted);
}

fn facts_of(json: &str) -> Probe {
    facts(json).unwrap()
}

#[tokio::test]
async fn dolby_vision_field_pictures_and_unknown_light_levels_are_seen() {
    use crate::testing::{MemoryStore, made, serve_store, tools, with_dolby_vision};
    async fn video(content: Vec<u8>) -> VideoStream {
        let proxy = serve_store(MemoryStore::new(content)).await;
        super::probe(&tools(), &proxy.url(), Container::Mov, None)
            .await
            .unwrap()
            .video
            .unwrap()
    }
    let made = |parameters: &str| {
        let line = format!(
            "-f lavfi -i testsrc2=size=320x180:rate=50 -frames:v 4 -c:v libx265 -preset ultrafast -pix_fmt yuv420p10le \
             -x265-params log-level=error:{parameters} -tag:v hvc1 film.mp4"
        );
        let (_folder, file) = made(&line);
        std::fs::read(file).unwrap()
    };
    const PQ: &str = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1:max-cll";
    let unknown = made(&format!("{PQ}=65535,0"));
    for (profile, compatibility, base) in [
        (5, 0, None),
        (4, 2, None),
        (8, 1, Some(VideoRange::Pq)),
        (8, 4, Some(VideoRange::Hlg)),
    ] {
        let found = video(with_dolby_vision(unknown.clone(), profile, compatibility)).await;
        let found = found.dolby_vision.unwrap();
        assert_eq!(
            (found.profile, found.compatibility),
            (Some(profile), compatibility)
        );
        assert_eq!(found.base_range(), base, "{found}");
    }
    let plain = video(unknown).await;
    assert_eq!(
        (plain.light, plain.dolby_vision, plain.field_pictures),
        (None, None, false)
    );
    let known = ContentLight {
        brightest: 1_000,
        average: 0,
    };
    assert_eq!(
        video(made(&format!("{PQ}=1000,65535"))).await.light,
        Some(known)
    );
    assert!(video(made("interlace=tff")).await.field_pictures);
}

#[test]
fn metadata_in_pictures_implies_a_profile() {
    use serde_json::json;
    let of = |metadata: serde_json::Value, range| {
        let side_data: SideData = serde_json::from_value(metadata).unwrap();
        side_data.implied_dolby_vision(range).map(|d| d.to_string())
    };
    let five = json!({"vdr_rpu_profile": 0, "bl_video_full_range_flag": 1});
    assert_eq!(of(five, VideoRange::Sdr).unwrap(), "Dolby Vision profile 5");
    let eight = json!({"vdr_rpu_profile": 1, "el_spatial_resampling_filter_flag": 0, "disable_residual_flag": 1});
    assert_eq!(
        of(eight, VideoRange::Hlg).unwrap(),
        "Dolby Vision profile 8.4"
    );
    let seven = json!({"vdr_rpu_profile": 1, "el_spatial_resampling_filter_flag": 1, "disable_residual_flag": 0,
        "vdr_bit_depth": 12});
    assert_eq!(of(seven, VideoRange::Pq).unwrap(), "Dolby Vision profile 7");
    assert_eq!(
        of(
            json!({"side_data_type": "Mastering display metadata"}),
            VideoRange::Pq
        ),
        None
    );
}

#[test]
fn a_rotated_phone_clip_is_portrait() {
    let json = r#"{"streams":[{"index":0,"codec_type":"video","codec_name":"h264","width":1920,"height":1080,
        "pix_fmt":"yuv420p","time_base":"1/600","avg_frame_rate":"30/1","r_frame_rate":"30/1",
        "side_data_list":[{"rotation":-90}]}],"format":{"duration":"2.5"}}"#;
    let probe = facts(json).unwrap();
    assert_eq!(
        (probe.video.as_ref().unwrap().rotation, probe.duration_us),
        (90, 2_500_000)
    );
    assert_eq!(
        probe.video.as_ref().unwrap().display().to_string(),
        "1080x1920"
    );
}

#[test]
fn too_many_streams_are_refused() {
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
fn rounded_frame_rates_become_the_conventional_ones() {
    for (stated, meant) in [
        ("19001/317", "60000/1001"),
        ("24000/1001", "24000/1001"),
        ("2997/100", "2997/100"),
        ("10000000/400000", "25"),
        ("250000001/10000000", "25"),
        ("25/2", "25/2"),
        ("1/3", "1/3"),
    ] {
        assert_eq!(rate(Some(stated)).unwrap().to_string(), meant, "{stated}");
    }
}

#[test]
fn durations_are_parsed_exactly() {
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

#[tokio::test]
async fn real_files_are_probed() {
    use crate::testing::{made, serve, tools};
    let sound = "-f lavfi -i sine=duration=1 -c:a pcm_s16le sound.mov";
    let (_folder, file) = made(sound);
    let proxy = serve(&file).await;
    let result = super::probe(&tools(), &proxy.url(), Container::Mov, None).await;
    let probe = result.unwrap();
    assert_eq!(
        (probe.video, probe.audio.len(), probe.duration_us),
        (None, 1, 1_000_000)
    );
    let film = "-f lavfi -i testsrc2=size=320x180:rate=30000/1001:duration=2 -f lavfi -i sine=duration=2 \
        -vf setsar=4/3 -pix_fmt yuv422p10le -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv \
        -c:v prores_ks -c:a pcm_s24le -metadata:s:a:0 language=jpn film.mov";
    let (_folder, file) = made(film);
    let proxy = serve(&file).await;
    let probe = super::probe(&tools(), &proxy.url(), Container::Mov, None)
        .await
        .unwrap();
    insta::assert_json_snapshot!("prores", probe);
    let result = super::probe(&tools(), &proxy.url(), Container::Matroska, None).await;
    assert!(
        matches!(result, Err(MediaError::Unreadable { .. })),
        "{result:?}"
    );
}

/// Serves playlists that name local files and a listener as if they were media.
#[tokio::test]
async fn disguised_playlists_access_neither_files_nor_the_network() {
    use crate::testing::{MemoryStore, tools};
    use crate::{ProxyOptions, RangeProxy};
    let sentinel = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = sentinel.local_addr().unwrap().port();
    let canary = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(canary.path(), "canary-content").unwrap();
    let path = canary.path().display();
    let payloads = [
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n"
        ),
        format!("#EXTM3U\n#EXTINF:1,\nfile://{path}\n#EXT-X-ENDLIST\n"),
        format!(
            "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"http://127.0.0.1:{port}/k\"\n#EXTINF:1,\nx.ts\n"
        ),
        format!("ffconcat version 1.0\nfile '{path}'\n"),
        format!("ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/b.mp4'\n"),
        format!(
            "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>"
        ),
        format!("v=0\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\n"),
    ];
    let containers = [
        Container::Mov,
        Container::Matroska,
        Container::MpegTs,
        Container::Mxf,
        Container::MpegPs,
    ];
    for payload in &payloads {
        for container in containers {
            let store = MemoryStore::new(payload.clone().into_bytes());
            let proxy = RangeProxy::start(store.clone(), store.pin(), ProxyOptions::default())
                .await
                .unwrap();
            let result = super::probe(&tools(), &proxy.url(), container, None).await;
            let error = result.unwrap_err().to_string();
            assert!(!error.contains("canary-content"), "{error}");
        }
    }
    let knock = tokio::time::timeout(std::time::Duration::ZERO, sentinel.accept()).await;
    assert!(knock.is_err(), "the listener was reached");
}

#[tokio::test]
async fn the_start_timecode_is_that_of_the_first_picture() {
    for (name, container) in [("a.mov", Container::Mov), ("a.mxf", Container::Mxf)] {
        for (stated, expected) in [("-timecode 10:00:00:00", Some("10:00:00:00")), ("", None)] {
            let (_folder, file) = made(&format!(
                "-f lavfi -i testsrc2=size=64x64:rate=25 -frames:v 5 -c:v mpeg2video {stated} {name}"
            ));
            let proxy = serve(&file).await;
            let found = probe(&tools(), &proxy.url(), container, None)
                .await
                .unwrap();
            let found = found.start_timecode.map(|t| t.to_string());
            // MXF always states one.
            let expected = expected.or((name == "a.mxf").then_some("00:00:00:00"));
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }
}
