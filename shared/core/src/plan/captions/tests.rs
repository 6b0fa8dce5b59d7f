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

/// Captions of a file with these streams, whose manifest has these tracks; each as one line.
fn planned(tracks: &[SubtitleTrack], streams: Vec<TextStream>, embedded_too: bool) -> String {
    let (text, left_out) = text(tracks, &inspection(tracks, streams), embedded_too);
    lines(&text, &left_out)
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

fn lines(text: &[TextRendition], left_out: &[LeftOut]) -> String {
    let text = text.iter().map(|t| {
        let source = t
            .stream
            .map_or_else(|| t.source.object.key.clone(), |s| format!("stream {s}"));
        format!(
            "{} {:?} of {source}, {:?}, default {}\n",
            t.path, t.label, t.format, t.default
        )
    });
    let left = left_out
        .iter()
        .map(|l| format!("without stream {}, {}: {}\n", l.stream, l.codec, l.reason));
    text.chain(left).collect()
}

#[test]
fn what_the_manifest_has_no_file_for_is_taken_from_the_mezzanine() {
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
    insta::assert_snapshot!(planned(&tracks, streams.clone(), true), @r#"
    text/en "English" of captions/en.srt, Srt, default true
    text/it "fr" of captions/it.srt, Srt, default true
    text/ja "ja" of stream 3, Srt, default false
    text/en_forced "en (forced)" of stream 4, Ass, default false
    text/de_sdh "de (SDH)" of stream 5, Vtt, default false
    text/fr "fr 2" of stream 6, Srt, default false
    "#);
    insta::assert_snapshot!(planned(&tracks[..1], streams, false), @r#"text/en "English" of captions/en.srt, Srt, default true"#);
}

#[test]
fn what_is_left_out_is_named_with_its_reason() {
    let streams = vec![
        stream(2, "hdmv_pgs_subtitle", "eng"),
        stream(3, "dvb_teletext", "deu"),
        stream(4, "subrip", ""),
        stream(5, "subrip", "jpn"),
        stream(6, "subrip", "ja"),
        stream(7, "subrip", "../../x"),
        stream(8, "dvd_subtitle", "ita"),
    ];
    insta::assert_snapshot!(planned(&[track("it", "it")], streams, true), @r#"
    text/it "it" of captions/it.srt, Srt, default true
    text/ja "ja" of stream 5, Srt, default false
    without stream 2, hdmv_pgs_subtitle: pictures, not text; deliver a caption file
    without stream 3, dvb_teletext: a format that is not read here; deliver a caption file
    without stream 4, subrip: its language is not known; tag the stream or deliver a caption file
    without stream 6, subrip: stream 5 has the same language and kind
    without stream 7, subrip: its language is not known; tag the stream or deliver a caption file
    "#);
}

#[test]
fn captions_within_the_pictures_need_a_language_and_a_programme_that_is_not_too_long() {
    let judged =
        |captioned: bool, language: Option<&str>, decoding: f64, tracks: &[SubtitleTrack]| {
            let mut inspection = inspection(tracks, vec![stream(3, "subrip", "jpn")]);
            inspection.probe.video.captioned = captioned;
            let (mut text, mut left_out) = text(tracks, &inspection, true);
            pictures::add(language, &inspection, decoding, &mut text, &mut left_out);
            lines(&text, &left_out)
        };
    let mut deaf = track("en", "English");
    deaf.sdh = true;
    insta::assert_snapshot!(judged(true, Some("en"), 299.0, &[]), @r#"
    text/ja "ja" of stream 3, Srt, default false
    text/en_sdh "en (SDH)" of stream 0, Ass, default false
    "#);
    insta::assert_snapshot!(judged(true, Some("en"), 299.0, &[deaf]), @r#"
    text/en_sdh "English" of captions/en.srt, Srt, default true
    text/ja "ja" of stream 3, Srt, default false
    "#);
    insta::assert_snapshot!(judged(true, Some("en"), 301.0, &[]), @r#"
    text/ja "ja" of stream 3, Srt, default false
    without stream 0, eia_608: decoding all pictures takes 301 s, and 300 at most are taken; deliver a caption file
    "#);
    insta::assert_snapshot!(judged(true, None, 1.0, &[]), @r#"
    text/ja "ja" of stream 3, Srt, default false
    without stream 0, eia_608: their language is not known; state ClosedCaptionLanguage or deliver a caption file
    "#);
    insta::assert_snapshot!(judged(false, Some("en"), 1.0, &[]), @r#"
    text/ja "ja" of stream 3, Srt, default false
    without stream 0, eia_608: the first pictures have none; deliver a caption file
    "#);
    insta::assert_snapshot!(judged(false, None, 1.0, &[]), @r#"text/ja "ja" of stream 3, Srt, default false"#);
}
