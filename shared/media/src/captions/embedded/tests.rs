use std::sync::Arc;

use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::time::{Ticks, Timescale};

use super::*;
use crate::testing::{MemoryStore, ffmpeg, plan, serve, tools};
use crate::{ProxyOptions, RangeProxy, probe, track_reads};

mod closed;

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
        format,
        language: "en".into(),
        label: "en".into(),
        default: false,
        forced: false,
        sdh: false,
    }
}

/// A mezzanine of five seconds at 25 frames a second with the two files above as streams.
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

/// Every subtitle stream of a file, as `reelsmith` reads it.
async fn read(file: &std::path::Path, container: Container) -> Vec<String> {
    let proxy = serve(file).await;
    let probe = probe(&tools(), &proxy.url(), container).await.unwrap();
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
        let bodies: Vec<String> = made.unwrap().0.into_iter().map(|s| s.body).collect();
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
async fn streams_of_matroska_are_read_in_their_own_format() {
    let (_folder, file) = made(
        "-c:s:0 srt -c:s:1 copy -c:s:2 webvtt -disposition:s:1 forced -disposition:s:2 hearing_impaired film.mkv",
    );
    let all = read(&file, Container::Matroska).await;
    insta::assert_snapshot!(all.join("#####\n"));
}

#[tokio::test]
async fn timed_text_of_an_mp4_is_read_and_counts_from_the_first_picture() {
    // Pictures are reordered, so that an edit list is what brings both to the same zero.
    let (_folder, file) = made("-bf 2 -c:s mov_text -disposition:s:1 forced film.mp4");
    let all = read(&file, Container::Mov).await;
    insta::assert_snapshot!(all.join("#####\n"));
}

/// The texts of stream 1 of a film of five seconds, and the bytes that were read for it.
async fn cues(store: &Arc<MemoryStore>, reads: ProxyOptions) -> (Vec<String>, u64) {
    let proxy = RangeProxy::start(store.clone(), store.pin(), ProxyOptions::default()).await;
    let probe = probe(&tools(), &proxy.unwrap().url(), Container::Mov).await;
    let proxy = RangeProxy::start(store.clone(), store.pin(), reads)
        .await
        .unwrap();
    let (plan, folder) = (plan(125, "25"), tempfile::tempdir().unwrap());
    let text = text(1, CaptionFormat::Srt);
    let task = EmbeddedTask::new(proxy.url(), &probe.unwrap(), &plan, &text, folder.path());
    let made = convert_embedded(&tools(), &task.unwrap(), &plan, &Limits::default()).await;
    let made = proxy.check(made).unwrap();
    let bodies = made.0.into_iter().map(|s| s.body).collect();
    (bodies, proxy.stats().bytes_read)
}

#[tokio::test]
async fn text_that_is_read_in_pieces_is_the_text() {
    let (_folder, file) = made("-s 480x270 -c:v rawvideo -pix_fmt uyvy422 -c:s mov_text film.mov");
    let store = MemoryStore::new(std::fs::read(file).unwrap());
    let pin = store.pin();
    let reads = track_reads(store.clone(), &pin, Container::Mov, 1).await;
    let reads = reads.unwrap();
    assert!(reads.leaps && !reads.hidden.is_empty(), "{reads:?}");
    let (text, read) = cues(&store, reads).await;
    let (whole, all) = cues(&store, ProxyOptions::default()).await;
    assert!(text == whole && text.concat().contains("second line"));
    assert!(read < all && all > 3 << 20, "{read} of {all} bytes");
}

#[tokio::test]
async fn what_is_said_before_and_after_the_programme_is_not_put_out() {
    let (_folder, file) = made("-c:s mov_text film.mp4");
    let proxy = serve(&file).await;
    let probe = probe(&tools(), &proxy.url(), Container::Mov).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    // The programme is the last half second of the file: the second text, and none of the first.
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
    assert_eq!(silent.iter().map(|s| s.cues).sum::<u32>(), 0);
}

#[test]
fn the_whole_command_line_is_as_written_here() {
    let task = EmbeddedTask {
        url: "http://127.0.0.1:4000/k/m".into(),
        container: Container::Mov,
        stream: 3,
        codec: "mov_text".into(),
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
