//! Playlists, MPD and captions of a valid output.

use std::fmt::Write as _;

use reelsmith_core::keys::{POSTER, THUMBNAILS, sheet_path};

use super::shape::Shape;
use super::{Rung, TEXT, ValidOutput, segment_bytes};
use crate::measure::{average_rate, peak_rate};
use reelsmith_isobmff::{TrackDefaults, fragments};

pub(super) fn write(good: &mut ValidOutput, shape: &Shape) {
    let (video, audio) = (shape.video_ticks(), shape.audio_ticks());
    let (video, audio) = (extinf(&video, 24_000), extinf(&audio, 48_000));
    for rung in &shape.rungs {
        let playlist = media_playlist(&video, "m4s", true);
        good.texts
            .insert(format!("{}/playlist.m3u8", rung.folder), playlist);
        let i_frames = i_frame_playlist(good, rung.folder);
        good.texts
            .insert(format!("{}/iframes.m3u8", rung.folder), i_frames);
    }
    for (folder, _, _) in shape.audio {
        let playlist = media_playlist(&audio, "m4s", true);
        good.texts
            .insert(format!("{folder}/playlist.m3u8"), playlist);
    }
    for (folder, _, _, _) in TEXT {
        let playlist = media_playlist(&video, "vtt", false);
        good.texts
            .insert(format!("{folder}/playlist.m3u8"), playlist);
        for (number, _) in (1u32..).zip(&shape.frames) {
            good.texts.insert(
                format!("{folder}/seg_{number:05}.vtt"),
                captions(folder, number),
            );
        }
    }
    let master = master(good, shape);
    good.texts.insert("master.m3u8".to_owned(), master);
    images(good, shape);
    let mpd = mpd(good, shape);
    good.texts.insert("manifest.mpd".to_owned(), mpd);
}

/// A thumbnail for each segment, all in one row of one sheet.
fn images(good: &mut ValidOutput, shape: &Shape) {
    let mut track = "WEBVTT\n".to_owned();
    let ends = shape.frames.iter().scan(0, |end, frames| {
        *end += frames / 24;
        Some(*end)
    });
    for (n, end) in (0u32..).zip(ends) {
        let (from, to, x) = (clock(n * 4), clock(end), n * 160);
        let _ = write!(
            track,
            "\n{from}.000 --> {to}.000\nsheet_00001.jpg#xywh={x},0,160,90\n"
        );
    }
    good.texts.insert(THUMBNAILS.to_owned(), track);
    for path in [sheet_path(1), POSTER.to_owned()] {
        good.raw.insert(path, vec![0xFF; 900]);
    }
}

fn captions(folder: &str, number: u32) -> String {
    let (start, next) = (clock((number - 1) * 4), clock((number - 1) * 4 + 1));
    format!(
        "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n{start}.500 --> {next}.000\nLine {number} of {folder}\n\n{next}.000 --> {next}.500\nNext\n"
    )
}

fn clock(seconds: u32) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!("{:02}:{:02}:{seconds:02}", minutes / 60, minutes % 60)
}

/// Durations in the format of `EXTINF`.
fn extinf(ticks: &[u32], scale: u32) -> Vec<String> {
    let micros = |t: &u32| (u64::from(*t) * 1_000_000 + u64::from(scale) / 2) / u64::from(scale);
    let seconds = ticks.iter().map(micros);
    seconds
        .map(|m| format!("{}.{:06}", m / 1_000_000, m % 1_000_000))
        .collect()
}

/// The `S` elements of a timeline that starts at 0.
fn timeline(ticks: &[u32]) -> String {
    let mut text = String::new();
    for run in ticks.chunk_by(|a, b| a == b) {
        let start = if text.is_empty() { "t=\"0\" " } else { "" };
        let repeat = match run.len() - 1 {
            0 => String::new(),
            n => format!(" r=\"{n}\""),
        };
        let _ = writeln!(text, "<S {start}d=\"{}\"{repeat}/>", run[0]);
    }
    text
}

fn media_playlist(seconds: &[String], extension: &str, map: bool) -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n\
                    #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        .to_owned();
    if map {
        text.push_str("#EXT-X-MAP:URI=\"init.mp4\"\n");
    }
    for (number, duration) in (1..).zip(seconds) {
        let _ = write!(text, "#EXTINF:{duration},\nseg_{number:05}.{extension}\n");
    }
    text + "#EXT-X-ENDLIST\n"
}

fn i_frame_playlist(good: &ValidOutput, folder: &str) -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n\
                    #EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"init.mp4\"\n"
        .to_owned();
    let segments = good.segments.iter().filter(|(p, _)| p.starts_with(folder));
    for (number, (_, spec)) in (1..).zip(segments) {
        let (found, _) = fragments(&segment_bytes(spec), &TrackDefaults::default());
        for fragment in found {
            let first = fragment.samples.first();
            let end = first.map_or(0, |s| s.offset + u64::from(s.size));
            let _ = write!(
                text,
                "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:{}@{}\nseg_{number:05}.m4s\n",
                end - fragment.moof.start,
                fragment.moof.start
            );
        }
    }
    text + "#EXT-X-ENDLIST\n"
}

/// Peak and average bit rate of a folder's segments.
fn rates(good: &ValidOutput, folder: &str, ticks: &[u32], scale: i128) -> (u64, u64) {
    let segments = good.segments.iter().filter(|(p, _)| p.starts_with(folder));
    let sizes = segments.map(|(_, s)| segment_bytes(s).len() as u64);
    let nanos = ticks
        .iter()
        .map(|t| (i128::from(*t) * 1_000_000_000 + scale / 2) / scale);
    let loads: Vec<_> = sizes.zip(nanos).collect();
    (peak_rate(&loads, 4).0, average_rate(&loads).0)
}

fn video_rates(good: &ValidOutput, rung: &Rung, shape: &Shape) -> (u64, u64) {
    rates(good, rung.folder, &shape.video_ticks(), 24_000)
}

fn audio_rates(good: &ValidOutput, shape: &Shape) -> (u64, u64) {
    rates(good, "audio/ja", &shape.audio_ticks(), 48_000)
}

fn master(good: &ValidOutput, shape: &Shape) -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n".to_owned();
    for (folder, language, name) in shape.audio {
        let default = if *language == "ja" { "YES" } else { "NO" };
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"{name}\",LANGUAGE=\"{language}\",DEFAULT={default},AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{folder}/playlist.m3u8\""
        );
    }
    for (folder, language, name, forced) in TEXT {
        let forced = if forced { "YES" } else { "NO" };
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subs\",NAME=\"{name}\",LANGUAGE=\"{language}\",DEFAULT=NO,AUTOSELECT=YES,FORCED={forced},URI=\"{folder}/playlist.m3u8\""
        );
    }
    let audio = audio_rates(good, shape);
    let (codec, group) = match shape.audio {
        [] => ("", ""),
        _ => (",mp4a.40.2", ",AUDIO=\"audio\""),
    };
    for rung in &shape.rungs {
        let (peak, average) = video_rates(good, rung, shape);
        let _ = write!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}{codec}\",RESOLUTION={}x{},FRAME-RATE=24.000{group},SUBTITLES=\"subs\"\n{}/playlist.m3u8\n",
            peak + audio.0,
            average + audio.1,
            rung.codec,
            rung.width,
            rung.height,
            rung.folder
        );
    }
    for rung in &shape.rungs {
        let _ = writeln!(
            text,
            "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=50000,CODECS=\"{}\",RESOLUTION={}x{},URI=\"{}/iframes.m3u8\"",
            rung.codec, rung.width, rung.height, rung.folder
        );
    }
    text
}

fn mpd(good: &ValidOutput, shape: &Shape) -> String {
    let seconds = shape.total_frames() / 24;
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" type=\"static\" mediaPresentationDuration=\"PT{seconds}S\" maxSegmentDuration=\"PT4.1S\" minBufferTime=\"PT4S\">\n\
        <Period id=\"0\" start=\"PT0S\" duration=\"PT{seconds}S\">\n"
    );
    video_set(good, &mut text, 0, shape, "avc1");
    video_set(good, &mut text, 1, shape, "hvc1");
    let audio = timeline(&shape.audio_ticks());
    for (index, (folder, language, _)) in (2..).zip(shape.audio) {
        let _ = write!(
            text,
            "<AdaptationSet id=\"{index}\" contentType=\"audio\" mimeType=\"audio/mp4\" lang=\"{language}\" segmentAlignment=\"true\" startWithSAP=\"1\">\n\
             <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>\n\
             <Representation id=\"audio-{language}\" bandwidth=\"{}\" codecs=\"mp4a.40.2\" audioSamplingRate=\"48000\">\n\
             <AudioChannelConfiguration schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"2\"/>\n\
             <SegmentTemplate timescale=\"48000\" startNumber=\"1\" initialization=\"{folder}/init.mp4\" media=\"{folder}/seg_$Number%05d$.m4s\">\n\
             <SegmentTimeline>\n{audio}</SegmentTimeline>\n</SegmentTemplate>\n</Representation>\n</AdaptationSet>\n",
            audio_rates(good, shape).0
        );
    }
    for (index, (folder, language, _, _)) in (4..).zip(TEXT) {
        let _ = write!(
            text,
            "<AdaptationSet id=\"{index}\" contentType=\"text\" mimeType=\"text/vtt\" lang=\"{language}\">\n\
             <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"subtitle\"/>\n\
             <Representation id=\"text-{index}\" bandwidth=\"1000\">\n\
             <SegmentTemplate timescale=\"1000\" duration=\"4000\" startNumber=\"1\" media=\"{folder}/seg_$Number%05d$.vtt\"/>\n\
             </Representation>\n</AdaptationSet>\n"
        );
    }
    let tiles = shape.frames.len();
    let _ = write!(
        text,
        "<AdaptationSet id=\"6\" contentType=\"image\" mimeType=\"image/jpeg\">\n\
         <SegmentTemplate timescale=\"1\" duration=\"{}\" startNumber=\"1\" media=\"images/sheet_$Number%05d$.jpg\"/>\n\
         <Representation id=\"thumbnails\" bandwidth=\"1000\" width=\"{}\" height=\"90\">\n\
         <EssentialProperty schemeIdUri=\"http://dashif.org/guidelines/thumbnail_tile\" value=\"{tiles}x1\"/>\n\
         </Representation>\n</AdaptationSet>\n",
        tiles * 4,
        tiles * 160
    );
    text + "</Period>\n</MPD>\n"
}

fn video_set(good: &ValidOutput, text: &mut String, id: u32, shape: &Shape, entry: &str) {
    let rungs = shape.rungs.iter().filter(|r| r.codec.starts_with(entry));
    let rungs: Vec<&Rung> = rungs.collect();
    let (wide, high) = (
        rungs.iter().map(|r| r.width),
        rungs.iter().map(|r| r.height),
    );
    let (wide, high) = (wide.max().unwrap_or(0), high.max().unwrap_or(0));
    let video = timeline(&shape.video_ticks());
    let role = if id == 0 { "main" } else { "alternate" };
    let _ = write!(
        text,
        "<AdaptationSet id=\"{id}\" contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\" frameRate=\"24\" par=\"16:9\" maxWidth=\"{wide}\" maxHeight=\"{high}\">\n\
         <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"{role}\"/>\n\
         <SegmentTemplate timescale=\"24000\" startNumber=\"1\" initialization=\"video/$RepresentationID$/init.mp4\" media=\"video/$RepresentationID$/seg_$Number%05d$.m4s\">\n\
         <SegmentTimeline>\n{video}</SegmentTimeline>\n</SegmentTemplate>\n"
    );
    for rung in rungs {
        let name = rung.folder.trim_start_matches("video/");
        let _ = writeln!(
            text,
            "<Representation id=\"{name}\" bandwidth=\"{}\" codecs=\"{}\" width=\"{}\" height=\"{}\"/>",
            video_rates(good, rung, shape).0,
            rung.codec,
            rung.width,
            rung.height
        );
    }
    text.push_str("</AdaptationSet>\n");
}
