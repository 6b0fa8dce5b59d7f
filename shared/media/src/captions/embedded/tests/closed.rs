//! Captions within the pictures: written into H.264 here, byte by byte, read by the way that a mezzanine's are.

use super::*;

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

/// A caption of one line on the lowest row: loaded unseen, then shown. Codes are sent twice.
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

/// An H.264 stream, whose pictures begin with access unit delimiters, with a pair in each picture, by place from 0.
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

/// Six seconds at 30000/1001 per second with two captions and then none, as a file of the container that the options end in.
fn film(pairs: &[(usize, Vec<Pair>)], options: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc2=size=128x96:rate=30000/1001 -frames:v 180 -pix_fmt yuv420p -c:v libx264 -preset ultrafast \
         -bf 0 -g 30 -x264-params aud=1:slices=1:log-level=0 -f h264 plain.h264",
    );
    let plain = std::fs::read(folder.path().join("plain.h264")).unwrap();
    std::fs::write(folder.path().join("said.h264"), captioned(&plain, pairs)).unwrap();
    ffmpeg(
        folder.path(),
        &format!("-r 30000/1001 -i said.h264 -c copy {options}"),
    );
    let file = folder.path().join(options.split(' ').next_back().unwrap());
    (folder, file)
}

fn said() -> Vec<(usize, Vec<Pair>)> {
    let clear = vec![[0x14, 0x2C]; 2];
    vec![
        (10, pop_on("Hello, world")),
        (60, pop_on("<Second> & last")),
        (140, clear),
    ]
}

async fn converted(file: &std::path::Path, container: Container, start: Seconds) -> String {
    let proxy = serve(file).await;
    let probe = probe(&tools(), &proxy.url(), container).await.unwrap();
    assert!(probe.video.captioned);
    let mut plan = plan(180, "30000/1001");
    plan.video_start = start;
    let folder = tempfile::tempdir().unwrap();
    let text = text(probe.video.index, CaptionFormat::Ass);
    let task = EmbeddedTask::new(proxy.url(), &probe, &plan, &text, folder.path()).unwrap();
    let made = convert_embedded(&tools(), &task, &plan, &Limits::default()).await;
    let made = proxy.check(made).unwrap();
    let bodies: Vec<String> = made.0.into_iter().map(|s| s.body).collect();
    bodies.join("=====\n")
}

const ZERO: Seconds = Seconds {
    ticks: Ticks(0),
    timescale: Timescale(1),
};

#[tokio::test]
async fn captions_within_the_pictures_are_read_and_count_from_the_first_one() {
    let (_folder, file) = film(&said(), "film.mp4");
    let found = converted(&file, Container::Mov, ZERO).await;
    insta::assert_snapshot!(found);
    // The same, three seconds late on the file's own timeline.
    let (_folder, file) = film(&said(), "-output_ts_offset 3 film.mkv");
    let late = Seconds {
        ticks: Ticks(3),
        timescale: Timescale(1),
    };
    assert_eq!(converted(&file, Container::Matroska, late).await, found);
}

#[tokio::test]
async fn pictures_without_captions_are_told_from_those_that_have_some() {
    let folder = tempfile::tempdir().unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc2=size=64x64:rate=25 -frames:v 10 -c:v libx264 -preset ultrafast film.mp4",
    );
    let proxy = serve(&folder.path().join("film.mp4")).await;
    let probe = probe(&tools(), &proxy.url(), Container::Mov).await.unwrap();
    assert!(!probe.video.captioned);
}

#[test]
fn the_filter_that_opens_the_file_is_told_what_every_input_is() {
    let task = EmbeddedTask {
        url: "http://127.0.0.1:4000/k/mezzanine".into(),
        container: Container::MpegTs,
        stream: 2,
        codec: CLOSED_CAPTIONS.into(),
        format: CaptionFormat::Ass,
        video_start: ZERO,
        directory: PathBuf::from("/tmp/x"),
    };
    insta::assert_snapshot!(embedded_argv(&task).join(" "));
}
