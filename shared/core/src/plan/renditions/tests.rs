use super::*;
use crate::object::{ObjectPin, ObjectRef};

fn pin(key: &str) -> ObjectPin {
    ObjectPin {
        object: ObjectRef::new("input", key),
        version_id: None,
        etag: "1".into(),
        size: 1,
    }
}

fn stream(index: u32, codec: &str, language: &str) -> TextStream {
    TextStream {
        index,
        codec: codec.into(),
        language: Some(language.to_owned()).filter(|l| !l.is_empty()),
        forced: false,
        sdh: false,
    }
}

fn track(language: &str, label: &str) -> SubtitleTrack {
    SubtitleTrack {
        language: language.into(),
        label: label.into(),
        file_path: format!("captions/{language}.srt"),
        default: true,
        forced: false,
        sdh: false,
        format: CaptionFormat::Srt,
    }
}

fn service(service: &str, language: &str) -> ClosedCaption {
    ClosedCaption {
        service: service.parse().unwrap(),
        language: language.into(),
    }
}

/// Captions of a file with these streams whose manifest has these tracks, one line each.
fn planned(tracks: &[SubtitleTrack], streams: Vec<TextStream>) -> String {
    let inspection = inspection(tracks, streams);
    let mut captions = Captions::of_files(tracks, &inspection);
    captions.add_streams(&inspection);
    lines(&captions)
}

fn inspection(tracks: &[SubtitleTrack], streams: Vec<TextStream>) -> Inspection {
    let probe = serde_json::json!({
        "mezzanine": pin("film.mkv"), "size": 1,
        "captions": tracks.iter().map(|t| pin(&t.file_path)).collect::<Vec<_>>(),
        "probe": {
            "container": "matroska", "duration_us": 1, "audio": [], "streams": 9, "text": streams,
            "video": {
                "index": 0, "codec": "h264", "profile": null, "coded": {"width": 64, "height": 64}, "sar": [1, 1], "rotation": 0,
                "pixel_format": "yuv420p", "bit_depth": 8, "base_frame_rate": "25", "average_frame_rate": "25", "time_base": [1, 25],
                "field_order": "progressive", "primaries": null, "transfer": null, "matrix": null, "range": null,
            },
        },
    });
    serde_json::from_value(probe).unwrap()
}

fn lines(captions: &Captions) -> String {
    let text = captions.text.iter().map(|t| {
        let source = t
            .stream
            .map_or_else(|| t.source.object.key.clone(), |s| format!("stream {s}"));
        format!(
            "{} {:?} of {source}, {:?}, default {}\n",
            t.path, t.label, t.format, t.default
        )
    });
    let left_out = captions
        .left_out
        .iter()
        .map(|l| format!("without stream {}, {}: {}\n", l.stream, l.codec, l.reason));
    text.chain(left_out).collect()
}

#[test]
fn streams_without_a_caption_file_become_renditions() {
    let mut forced = stream(4, "ass", "eng");
    forced.forced = true;
    let mut sdh = stream(5, "webvtt", "deu");
    sdh.sdh = true;
    let streams = vec![
        stream(2, "mov_text", "eng"),
        stream(3, "subrip", "jpn"),
        forced,
        sdh,
        stream(6, "subrip", "fre"),
    ];
    let tracks = [track("en", "English"), track("it", "fr")];
    insta::assert_snapshot!(planned(&tracks, streams), @r#"
    text/en "English" of captions/en.srt, Srt, default true
    text/it "fr" of captions/it.srt, Srt, default true
    text/ja "ja" of stream 3, Srt, default false
    text/en_forced "en (forced)" of stream 4, Ass, default false
    text/de_sdh "de (SDH)" of stream 5, Vtt, default false
    text/fr "fr 2" of stream 6, Srt, default false
    "#);
}

#[test]
fn unusable_streams_are_left_out_with_a_reason() {
    let streams = vec![
        stream(2, "hdmv_pgs_subtitle", "eng"),
        stream(3, "dvb_teletext", "deu"),
        stream(4, "subrip", ""),
        stream(5, "subrip", "jpn"),
        stream(6, "subrip", "ja"),
        stream(7, "subrip", "../../x"),
        stream(8, "dvd_subtitle", "ita"),
    ];
    insta::assert_snapshot!(planned(&[track("it", "it")], streams), @r#"
    text/it "it" of captions/it.srt, Srt, default true
    text/ja "ja" of stream 5, Srt, default false
    without stream 2, hdmv_pgs_subtitle: pictures, not text; deliver a caption file
    without stream 3, dvb_teletext: the format is not supported; deliver a caption file
    without stream 4, subrip: its language is unknown; tag the stream or deliver a caption file
    without stream 6, subrip: stream 5 has the same language and kind
    without stream 7, subrip: its language is unknown; tag the stream or deliver a caption file
    "#);
}

#[test]
fn closed_captions_need_a_language_and_a_programme_that_is_not_too_long() {
    let planned = |captioned: bool, language: Option<&str>, seconds: f64, tracks: &[_]| {
        let mut inspection = inspection(tracks, vec![stream(3, "subrip", "jpn")]);
        inspection.probe.video.as_mut().unwrap().captioned = captioned;
        let mut captions = Captions::of_files(tracks, &inspection);
        captions.add_streams(&inspection);
        let services: Vec<_> = language.map(|l| service("CC1", l)).into_iter().collect();
        captions.add_closed_captions(&services, &inspection, seconds);
        lines(&captions)
    };
    let mut sdh = track("en", "English");
    sdh.sdh = true;
    insta::assert_snapshot!(planned(true, Some("en"), 299.0, &[]), @r#"
    text/ja "ja" of stream 3, Srt, default false
    text/en_sdh "en (SDH)" of stream 0, Vtt, default false
    "#);
    insta::assert_snapshot!(planned(true, Some("en"), 299.0, &[sdh]), @r#"
    text/en_sdh "English" of captions/en.srt, Srt, default true
    text/ja "ja" of stream 3, Srt, default false
    "#);
    insta::assert_snapshot!(planned(true, Some("en"), 301.0, &[]), @r#"
    text/ja "ja" of stream 3, Srt, default false
    without stream 0, eia_608: CC1: decoding all pictures takes 301 s, and the limit is 300 s; deliver a caption file
    "#);
    insta::assert_snapshot!(planned(true, None, 1.0, &[]), @r#"
    text/ja "ja" of stream 3, Srt, default false
    without stream 0, eia_608: their language is unknown; state ClosedCaptionLanguage or deliver a caption file
    "#);
    insta::assert_snapshot!(planned(false, Some("en"), 1.0, &[]), @r#"
    text/ja "ja" of stream 3, Srt, default false
    without stream 0, eia_608: CC1: the first pictures contain none; deliver a caption file
    "#);
    insta::assert_snapshot!(planned(false, None, 1.0, &[]), @r#"text/ja "ja" of stream 3, Srt, default false"#);
}

#[test]
fn services_of_closed_captions_become_renditions() {
    let planned = |streams, captioned: bool, services: &[ClosedCaption]| {
        let mut inspection = inspection(&[], streams);
        inspection.probe.video.as_mut().unwrap().captioned = captioned;
        let mut captions = Captions::default();
        captions.add_streams(&inspection);
        captions.add_closed_captions(services, &inspection, 1.0);
        let services = captions.text.iter().filter_map(|t| t.service);
        let services: Vec<_> = services.map(|s| s.to_string()).collect();
        format!("{services:?}\n{}", lines(&captions))
    };
    let c608 = |language| vec![stream(2, "eia_608", language)];
    let both = [service("CC3", "es"), service("SERVICE2", "fr")];
    insta::assert_snapshot!(planned(c608("eng"), false, &[]), @r#"
    ["CC1"]
    text/en_sdh "en (SDH)" of stream 2, Vtt, default false
    "#);
    insta::assert_snapshot!(planned(c608(""), true, &[]), @r#"
    []
    without stream 2, eia_608: their language is unknown; state ClosedCaptionLanguage or deliver a caption file
    "#);
    insta::assert_snapshot!(planned(c608("eng"), true, &both), @r#"
    ["CC3", "SERVICE2"]
    text/es_sdh "es (SDH)" of stream 2, Vtt, default false
    text/fr_sdh "fr (SDH)" of stream 0, Vtt, default false
    "#);
    insta::assert_snapshot!(planned(c608("eng"), false, &both), @r#"
    ["CC3"]
    text/es_sdh "es (SDH)" of stream 2, Vtt, default false
    without stream 0, eia_608: SERVICE2: the first pictures contain none; deliver a caption file
    "#);
}

fn audio_track(language: &str, index: u32, role: AudioRole) -> AudioTrack {
    AudioTrack {
        language: language.into(),
        label: format!("{language} {index}"),
        default: index == 0,
        channels: None,
        track_index: index,
        role,
        channel_map: None,
        surround_map: None,
    }
}

#[test]
fn tracks_of_one_language_have_folders_of_their_own() {
    use AudioRole::{Alternate, Commentary, Description, Main};
    let tracks = [
        ("en", Main),
        ("en", Alternate),
        ("en", Commentary),
        ("fr", Main),
        ("en", Main),
        ("en", Description),
        ("en", Commentary),
    ];
    let tracks = (0u32..).zip(tracks);
    let tracks: Vec<_> = tracks
        .map(|(n, (language, role))| audio_track(language, n, role))
        .collect();
    assert_eq!(
        audio_paths(&tracks),
        [
            "audio/en",
            "audio/en_alternate",
            "audio/en_commentary",
            "audio/fr",
            "audio/en_2",
            "audio/en_described",
            "audio/en_commentary_2"
        ]
    );
}

#[test]
fn audio_streams_that_no_track_uses_are_named() {
    let stream = |index| {
        let stream = serde_json::json!({"index": index, "codec": "pcm_s24le", "channels": 1, "sample_rate": 48_000, "language": null});
        serde_json::from_value::<AudioStream>(stream).unwrap()
    };
    let mut inspection = inspection(&[], Vec::new());
    inspection.probe.audio = (1..5).map(stream).collect();
    let warning =
        |tracks: &[AudioTrack]| audio_left_out(tracks, &inspection).map(|w| w.to_string());
    let mut track = audio_track("en", 0, AudioRole::Main);
    insta::assert_snapshot!(warning(&[]).unwrap(), @"AudioLeftOut: stream 1 (4 times): expected an AudioTrack for each audio stream to publish, found no AudioTracks in the manifest for pcm_s24le with 1 channels at TrackIndex 0, pcm_s24le with 1 channels at TrackIndex 1, pcm_s24le with 1 channels at TrackIndex 2, pcm_s24le with 1 channels at TrackIndex 3; the output has no audio");
    track.channel_map = Some("0:0 1:0".parse().unwrap());
    insta::assert_snapshot!(warning(std::slice::from_ref(&track)).unwrap(), @"AudioLeftOut: stream 3 (2 times): expected an AudioTrack for each audio stream to publish, found no AudioTrack in the manifest for pcm_s24le with 1 channels at TrackIndex 2, pcm_s24le with 1 channels at TrackIndex 3; these streams are not published");
    assert_eq!(
        warning(&[
            track,
            audio_track("fr", 2, AudioRole::Main),
            audio_track("de", 3, AudioRole::Main)
        ]),
        None
    );
}

#[test]
fn channels_that_no_map_uses_are_named() {
    let stream = |index| {
        let stream = serde_json::json!({"index": index, "codec": "pcm_s24le", "channels": 4, "sample_rate": 48_000, "language": null});
        serde_json::from_value::<AudioStream>(stream).unwrap()
    };
    let mut inspection = inspection(&[], Vec::new());
    inspection.probe.audio = (1..4).map(stream).collect();
    let warning =
        |tracks: &[AudioTrack]| channels_left_out(tracks, &inspection).map(|w| w.to_string());
    let mut track = audio_track("en", 0, AudioRole::Main);
    assert_eq!(warning(std::slice::from_ref(&track)), None, "whole streams");
    track.channel_map = Some("0:0 0:1".parse().unwrap());
    insta::assert_snapshot!(warning(std::slice::from_ref(&track)).unwrap(), @"AudioLeftOut: channel 0:2 (2 times): expected every channel of a mapped stream in a ChannelMap, found no ChannelMap for 0:2 0:3; these channels are not published");
    let mut rest = audio_track("fr", 0, AudioRole::Main);
    rest.channel_map = Some("0:2 0:3".parse().unwrap());
    assert_eq!(warning(&[track, rest]), None);
}
