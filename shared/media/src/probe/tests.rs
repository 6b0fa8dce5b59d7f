use proptest::prelude::*;

use super::*;
use crate::testing::{made, serve, tools};

fn facts(json: &str) -> Result<Probe, MediaError> {
    let facts: Facts = serde_json::from_str(json).unwrap();
    facts.into_probe(Container::Mov, "")
}

#[test]
fn the_command_line_forces_demuxer_and_protocol() {
    let args = probe_argv("http://127.0.0.1:1/t/m", Container::Matroska);
    insta::assert_snapshot!(args.join(" "), @"-v error -hide_banner -show_entries format=duration,nb_streams:format_tags=timecode:stream=index,codec_type,codec_name,profile,width,height,sample_aspect_ratio,pix_fmt,bits_per_raw_sample,r_frame_rate,avg_frame_rate,time_base,duration,field_order,color_primaries,color_transfer,color_space,color_range,channels,sample_rate:stream_disposition=attached_pic,still_image,forced,hearing_impaired:stream_tags=language,rotate,timecode:stream_side_data -of json -protocol_whitelist http,tcp -format_whitelist matroska -max_streams 64 -max_pixels 67108864 -f matroska -reconnect 1 -reconnect_on_network_error 1 -reconnect_on_http_error 5xx,429 -reconnect_delay_max 4 -short_seek_size 262144 -recv_buffer_size 65536 -i http://127.0.0.1:1/t/m");
}

#[test]
fn cover_art_is_not_video() {
    let cover = r#"{"streams":[{"index":0,"codec_type":"audio","codec_name":"aac"},
        {"index":1,"codec_type":"video","codec_name":"mjpeg","disposition":{"attached_pic":1}}]}"#;
    assert!(matches!(
        facts(cover),
        Err(MediaError::NoVideo { streams: 2 })
    ));
}

#[test]
fn a_rotated_phone_clip_is_portrait() {
    let json = r#"{"streams":[{"index":0,"codec_type":"video","codec_name":"h264","width":1920,"height":1080,
        "pix_fmt":"yuv420p","time_base":"1/600","avg_frame_rate":"30/1","r_frame_rate":"30/1",
        "side_data_list":[{"rotation":-90}]}],"format":{"duration":"2.5"}}"#;
    let probe = facts(json).unwrap();
    assert_eq!((probe.video.rotation, probe.duration_us), (90, 2_500_000));
    assert_eq!(probe.video.display().to_string(), "1080x1920");
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
    let result = super::probe(&tools(), &proxy.url(), Container::Mov).await;
    assert!(
        matches!(result, Err(MediaError::NoVideo { streams: 1 })),
        "{result:?}"
    );
    let film = "-f lavfi -i testsrc2=size=320x180:rate=30000/1001:duration=2 -f lavfi -i sine=duration=2 \
        -vf setsar=4/3 -pix_fmt yuv422p10le -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv \
        -c:v prores_ks -c:a pcm_s24le -metadata:s:a:0 language=jpn film.mov";
    let (_folder, file) = made(film);
    let proxy = serve(&file).await;
    let probe = super::probe(&tools(), &proxy.url(), Container::Mov)
        .await
        .unwrap();
    insta::assert_json_snapshot!("prores", probe);
    let result = super::probe(&tools(), &proxy.url(), Container::Matroska).await;
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
            let result = super::probe(&tools(), &proxy.url(), container).await;
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
            let found = probe(&tools(), &proxy.url(), container).await.unwrap();
            let found = found.start_timecode.map(|t| t.to_string());
            // MXF always states one.
            let expected = expected.or((name == "a.mxf").then_some("00:00:00:00"));
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }
}
