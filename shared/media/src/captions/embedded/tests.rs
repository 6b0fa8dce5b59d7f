use std::sync::Arc;

use reelsmith_core::caption_service::CaptionService;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::time::{Ticks, Timescale};
use reelsmith_core::warning::WarningName;

use super::*;
use crate::testing::{MemoryStore, ffmpeg, plan, serve, tools};
use crate::{ProxyOptions, RangeProxy, probe, track_reads};

const SUBRIP: &str = "1\n00:00:00,500 --> 00:00:02,123\nFirst <i>line</i> & x\n\n2\n00:00:04,500 --> 00:00:04,900\na < b {c}\nsecond line\n";
const SUBSTATION: &str = "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Arial,16\n\n\
    [Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
    Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\i1}Hello{\\i0}, there\\Nyou\n\
    Dialogue: 0,0:00:02.00,0:00:03.50,Default,,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}\n";

fn text(stream: u32, format: CaptionFormat) -> TextRendition {
    TextRendition {
        path: "text/en".into(),
        source: ObjectPin {
            object: ObjectRef::new("input", "mezzanines/film"),
            version_id: None,
            etag: "1".into(),
            size: 1,
        },
        stream: Some(stream),
        service: None,
        format,
        language: "en".into(),
        label: "en".into(),
        default: false,
        forced: false,
        sdh: false,
    }
}

/// A mezzanine of five seconds at 25 fps with the two files above as streams.
fn made(options: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.srt"), SUBRIP).unwrap();
    std::fs::write(folder.path().join("b.ass"), SUBSTATION).unwrap();
    let line = format!(
        "-f lavfi -i testsrc2=size=64x64:rate=25:duration=5 -i a.srt -i b.ass -map 0 -map 1 -map 2 -map 1 \
         -c:v libx264 -preset ultrafast -metadata:s:s:0 language=eng -metadata:s:s:1 language=fre -metadata:s:s:2 language=jpn {options}"
    );
    ffmpeg(folder.path(), &line);
    let file = folder.path().join(options.split(' ').next_back().unwrap());
    (folder, file)
}

/// Every subtitle stream of a file, converted.
async fn read(file: &std::path::Path, container: Container) -> Vec<String> {
    let proxy = serve(file).await;
    let probe = probe(&tools(), &proxy.url(), container, None)
        .await
        .unwrap();
    let plan = plan(125, "25");
    let mut all = Vec::new();
    for stream in &probe.text {
        let format = match stream.codec.as_str() {
            "ass" => CaptionFormat::Ass,
            "webvtt" => CaptionFormat::Vtt,
            _ => CaptionFormat::Srt,
        };
        let folder = tempfile::tempdir().unwrap();
        let text = text(stream.index, format);
        let task = EmbeddedTask::new(proxy.url(), &probe, &plan, &text, folder.path()).unwrap();
        let made = convert_embedded(&tools(), &task, &plan, &Limits::default()).await;
        let bodies: Vec<String> = made
            .unwrap()
            .0
            .segments
            .into_iter()
            .map(|s| s.body)
            .collect();
        let (language, forced, sdh) = (stream.language.as_deref(), stream.forced, stream.sdh);
        all.push(format!(
            "{} {language:?} forced {forced} sdh {sdh}\n{}",
            stream.codec,
            bodies.join("=====\n")
        ));
    }
    all
}

#[tokio::test]
async fn matroska_subtitle_streams_are_extracted_in_their_format() {
    let (_folder, file) = made(
        "-c:s:0 srt -c:s:1 copy -c:s:2 webvtt -disposition:s:1 forced -disposition:s:2 hearing_impaired film.mkv",
    );
    let all = read(&file, Container::Matroska).await;
    insta::assert_snapshot!(all.join("#####\n"));
}

#[tokio::test]
async fn mp4_timed_text_starts_at_the_first_picture() {
    // The pictures are reordered, so an edit list aligns both streams.
    let (_folder, file) = made("-bf 2 -c:s mov_text -disposition:s:1 forced film.mp4");
    let all = read(&file, Container::Mov).await;
    insta::assert_snapshot!(all.join("#####\n"));
}

/// The segments of stream 1 of a film of five seconds, and the bytes that were read for them.
async fn convert_stream_1(store: &Arc<MemoryStore>, reads: ProxyOptions) -> (Vec<String>, u64) {
    let proxy = RangeProxy::start(store.clone(), store.pin(), ProxyOptions::default()).await;
    let probe = probe(&tools(), &proxy.unwrap().url(), Container::Mov, None).await;
    let proxy = RangeProxy::start(store.clone(), store.pin(), reads)
        .await
        .unwrap();
    let (plan, folder) = (plan(125, "25"), tempfile::tempdir().unwrap());
    let text = text(1, CaptionFormat::Srt);
    let task = EmbeddedTask::new(proxy.url(), &probe.unwrap(), &plan, &text, folder.path());
    let made = convert_embedded(&tools(), &task.unwrap(), &plan, &Limits::default()).await;
    let made = proxy.check(made).unwrap();
    let bodies = made.0.segments.into_iter().map(|s| s.body).collect();
    (bodies, proxy.bytes_read())
}

#[tokio::test]
async fn partial_reads_give_the_same_captions() {
    let (_folder, file) = made("-s 480x270 -c:v rawvideo -pix_fmt uyvy422 -c:s mov_text film.mov");
    let store = MemoryStore::new(std::fs::read(file).unwrap());
    let pin = store.pin();
    let reads = track_reads(store.clone(), &pin, Container::Mov, &[1]).await;
    let reads = reads.unwrap();
    assert!(reads.skip_gaps && !reads.hidden.is_empty(), "{reads:?}");
    let (text, read) = convert_stream_1(&store, reads).await;
    let (whole, all) = convert_stream_1(&store, ProxyOptions::default()).await;
    assert!(text == whole && text.concat().contains("second line"));
    assert!(read < all && all > 3 << 20, "{read} of {all} bytes");
}

#[tokio::test]
async fn cues_outside_the_programme_are_dropped() {
    let (_folder, file) = made("-c:s mov_text film.mp4");
    let proxy = serve(&file).await;
    let probe = probe(&tools(), &proxy.url(), Container::Mov, None)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    // The programme is the last half second of the file: it contains the second text only.
    let mut plan = plan(12, "25");
    plan.video_start = Seconds {
        ticks: Ticks(9),
        timescale: Timescale(2),
    };
    let task = |stream| {
        let text = text(stream, CaptionFormat::Srt);
        EmbeddedTask::new(proxy.url(), &probe, &plan, &text, folder.path()).unwrap()
    };
    let made = convert_embedded(&tools(), &task(1), &plan, &Limits::default())
        .await
        .unwrap()
        .0;
    assert_eq!(made.warnings[0].name, WarningName::CaptionCuesOutside);
    let made = made.segments;
    assert_eq!(made.len(), 1);
    assert!(
        made[0]
            .body
            .ends_with("\n00:00:00.000 --> 00:00:00.400\na &lt; b {c}\nsecond line\n"),
        "{}",
        made[0].body
    );
    let silent = convert_embedded(&tools(), &task(2), &plan, &Limits::default())
        .await
        .unwrap()
        .0;
    assert_eq!(silent.segments, []);
    assert_eq!(silent.warnings[0].name, WarningName::CaptionTrackEmpty);
}

#[test]
fn the_command_line_matches_its_snapshot() {
    let task = EmbeddedTask {
        url: "http://127.0.0.1:4000/k/m".into(),
        container: Container::Mov,
        stream: 3,
        codec: "mov_text".into(),
        service: None,
        in_pictures: false,
        format: CaptionFormat::Srt,
        video_start: Seconds {
            ticks: Ticks(1_001),
            timescale: Timescale(24_000),
        },
        directory: PathBuf::from("/tmp/x"),
    };
    insta::assert_snapshot!(embedded_argv(&task).join(" "));
    let copied = EmbeddedTask {
        codec: "ass".into(),
        format: CaptionFormat::Ass,
        container: Container::Matroska,
        ..task
    };
    insta::assert_snapshot!(embedded_argv(&copied).join(" "));
}

// Closed captions, written into an H.264 stream byte by byte.

/// A pair of bytes of field 1, without parity.
type Pair = [u8; 2];
const NOTHING: Pair = [0, 0];

/// A byte with odd parity (ANSI/CTA-608-E, 8.3).
fn odd(byte: u8) -> u8 {
    byte | if byte.count_ones().is_multiple_of(2) {
        0x80
    } else {
        0
    }
}

/// A supplemental enhancement message with one pair (ATSC A/53 part 4, 6.2.3; ISO/IEC 14496-10, annex D).
fn message(pair: Pair) -> Vec<u8> {
    let mut data = vec![0xB5, 0x00, 0x31];
    data.extend(b"GA94\x03");
    data.extend([0x41, 0xFF, 0xFC, odd(pair[0]), odd(pair[1]), 0xFF]);
    let mut unit = vec![0, 0, 0, 1, 6, 4, data.len() as u8];
    unit.extend(data);
    unit.push(0x80);
    unit
}

/// A pop-on caption of one line on the lowest row: loaded, then shown. Control codes are sent twice.
fn pop_on(text: &str) -> Vec<Pair> {
    let (load, clear, row, show) = ([0x14, 0x20], [0x14, 0x2E], [0x14, 0x70], [0x14, 0x2F]);
    let mut pairs = vec![load, load, clear, clear, row, row];
    pairs.extend(
        text.as_bytes()
            .chunks(2)
            .map(|c| [c[0], c.get(1).copied().unwrap_or(b' ')]),
    );
    pairs.extend([show, show]);
    pairs
}

/// Adds a pair to each picture of an H.264 stream with access unit delimiters. `pairs` are lists by the index of their
/// first picture.
fn captioned(stream: &[u8], pairs: &[(usize, Vec<Pair>)]) -> Vec<u8> {
    let sent = |n: usize| {
        let within = |(at, pairs): &(usize, Vec<Pair>)| pairs.get(n.checked_sub(*at)?).copied();
        pairs.iter().find_map(within).unwrap_or(NOTHING)
    };
    let starts: Vec<usize> = stream
        .windows(5)
        .enumerate()
        .filter(|(_, w)| w[..4] == [0, 0, 0, 1] && w[4] == 9)
        .map(|(at, _)| at)
        .collect();
    let mut out = Vec::new();
    for (n, start) in starts.iter().enumerate() {
        let picture = &stream[*start..starts.get(n + 1).copied().unwrap_or(stream.len())];
        let slice = picture
            .windows(4)
            .position(|w| w[..3] == [0, 0, 1] && matches!(w[3] & 0x1f, 1 | 5))
            .unwrap();
        // A start code may have one more zero before it.
        let slice = slice - usize::from(picture[slice - 1] == 0);
        out.extend(&picture[..slice]);
        out.extend(message(sent(n)));
        out.extend(&picture[slice..]);
    }
    out
}

/// Six seconds at 30000/1001 fps with captions in the pictures; `options` end with the name of the file.
fn captioned_film(pairs: &[(usize, Vec<Pair>)], options: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc2=size=128x96:rate=30000/1001 -frames:v 180 -pix_fmt yuv420p -c:v libx264 -preset ultrafast \
         -bf 0 -g 30 -x264-params aud=1:slices=1:log-level=0 -f h264 plain.h264",
    );
    let plain = std::fs::read(folder.path().join("plain.h264")).unwrap();
    std::fs::write(
        folder.path().join("captioned.h264"),
        captioned(&plain, pairs),
    )
    .unwrap();
    ffmpeg(
        folder.path(),
        &format!("-r 30000/1001 -i captioned.h264 -c copy {options}"),
    );
    let file = folder.path().join(options.split(' ').next_back().unwrap());
    (folder, file)
}

fn two_captions() -> Vec<(usize, Vec<Pair>)> {
    let clear = vec![[0x14, 0x2C]; 2];
    vec![
        (10, pop_on("Hello, world")),
        (60, pop_on("<Second> & last")),
        (140, clear),
    ]
}

async fn convert_captioned(file: &std::path::Path, container: Container, start: Seconds) -> String {
    let proxy = serve(file).await;
    let probe = probe(&tools(), &proxy.url(), container, None)
        .await
        .unwrap();
    assert!(probe.video.as_ref().unwrap().captioned);
    let mut plan = plan(180, "30000/1001");
    plan.video_start = start;
    let folder = tempfile::tempdir().unwrap();
    let mut text = text(probe.video.as_ref().unwrap().index, CaptionFormat::Vtt);
    text.service = Some(CaptionService::CC1);
    let task = EmbeddedTask::new(proxy.url(), &probe, &plan, &text, folder.path()).unwrap();
    let made = convert_embedded(&tools(), &task, &plan, &Limits::default()).await;
    let made = proxy.check(made).unwrap();
    text.service = Some(CaptionService::Cea708(2));
    let task = EmbeddedTask::new(proxy.url(), &probe, &plan, &text, folder.path()).unwrap();
    let empty = convert_embedded(&tools(), &task, &plan, &Limits::default()).await;
    let empty = empty.unwrap().0;
    assert_eq!(empty.segments, []);
    let warning = empty.warnings[0].to_string();
    assert_eq!(
        warning,
        "CaptionTrackEmpty: SERVICE2 of stream 0: expected at least one cue, found no cue in SERVICE2; there are captions in CC1; the track is left out"
    );
    let bodies: Vec<String> = made.0.segments.into_iter().map(|s| s.body).collect();
    bodies.join("=====\n")
}

const ZERO: Seconds = Seconds {
    ticks: Ticks(0),
    timescale: Timescale(1),
};

#[tokio::test]
async fn closed_captions_start_at_the_first_picture() {
    let (_folder, file) = captioned_film(&two_captions(), "film.mp4");
    let found = convert_captioned(&file, Container::Mov, ZERO).await;
    insta::assert_snapshot!(found);
    // The same film, which starts at three seconds.
    let (_folder, file) = captioned_film(&two_captions(), "-output_ts_offset 3 film.mkv");
    let late = Seconds {
        ticks: Ticks(3),
        timescale: Timescale(1),
    };
    assert_eq!(
        convert_captioned(&file, Container::Matroska, late).await,
        found
    );
}

#[tokio::test]
async fn closed_captions_are_detected() {
    let folder = tempfile::tempdir().unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc2=size=64x64:rate=25 -frames:v 10 -c:v libx264 -preset ultrafast film.mp4",
    );
    let proxy = serve(&folder.path().join("film.mp4")).await;
    let probe = probe(&tools(), &proxy.url(), Container::Mov, None)
        .await
        .unwrap();
    assert!(!probe.video.as_ref().unwrap().captioned);
}

#[test]
fn the_filter_input_has_the_options_of_every_input() {
    let task = EmbeddedTask {
        url: "http://127.0.0.1:4000/k/mezzanine".into(),
        container: Container::MpegTs,
        stream: 2,
        codec: CLOSED_CAPTIONS.into(),
        service: Some(CaptionService::CC1),
        in_pictures: true,
        format: CaptionFormat::Vtt,
        video_start: ZERO,
        directory: PathBuf::from("/tmp/x"),
    };
    insta::assert_snapshot!(closed_argv(&task).join(" "));
}

/// The QuickTime track of closed captions that ffmpeg makes of a Scenarist file.
#[tokio::test]
async fn a_quicktime_track_of_closed_captions_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let word = |pairs: &[Pair]| {
        let pairs = pairs
            .iter()
            .map(|p| format!("{:02x}{:02x}", odd(p[0]), odd(p[1])));
        pairs.collect::<Vec<_>>().join(" ")
    };
    let (hello, clear) = (word(&pop_on("Hello")), word(&[[0x14, 0x2C], [0x14, 0x2C]]));
    let scc = format!("Scenarist_SCC V1.0\n\n00:00:01:00\t{hello}\n\n00:00:03:00\t{clear}\n");
    std::fs::write(folder.path().join("a.scc"), scc).unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc2=size=64x64:rate=30000/1001:duration=5 -i a.scc -map 0 -map 1 -c:v libx264 -preset ultrafast \
         -c:s copy -metadata:s:s:0 language=eng film.mov",
    );
    let proxy = serve(&folder.path().join("film.mov")).await;
    let probe = probe(&tools(), &proxy.url(), Container::Mov, None)
        .await
        .unwrap();
    let stream = &probe.text[0];
    assert_eq!(
        (stream.codec.as_str(), stream.language.as_deref()),
        (CLOSED_CAPTIONS, Some("eng"))
    );
    let plan = plan(150, "30000/1001");
    let mut text = text(stream.index, CaptionFormat::Vtt);
    text.service = Some(CaptionService::CC1);
    let task = EmbeddedTask::new(proxy.url(), &probe, &plan, &text, folder.path()).unwrap();
    let made = convert_embedded(&tools(), &task, &plan, &Limits::default()).await;
    let captions = made.unwrap().0;
    assert_eq!(captions.warnings, []);
    let body = &captions.segments[0].body;
    assert!(
        body.ends_with(
            "\n00:00:01.000 --> 00:00:03.000 line:84.6% position:10% align:left\nHello\n"
        ),
        "{body}"
    );
}
