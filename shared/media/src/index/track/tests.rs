use super::*;
use crate::audio::AudioMedia;
use crate::testing::{MemoryStore, made, tools};
use crate::{Limits, RangeProxy, encode_audio};

const MIB: u64 = 1 << 20;

fn span(start: u64, end: u64) -> ByteSpan {
    ByteSpan { start, end }
}

fn positions(tracks: Vec<Vec<ByteSpan>>) -> MoviePositions {
    MoviePositions {
        moov: span(90 * MIB, 91 * MIB),
        tracks,
    }
}

#[test]
fn only_the_track_is_read_and_neither_it_nor_the_tables_are_hidden() {
    let video = vec![
        span(0, 10 * MIB),
        span(11 * MIB, 40 * MIB),
        span(41 * MIB, 99 * MIB),
    ];
    let sound = vec![
        span(10 * MIB, 11 * MIB),
        span(40 * MIB, 41 * MIB),
        // Close enough to be read together with the previous span.
        span(41 * MIB + GAP, 42 * MIB),
    ];
    let reads = partial_reads(positions(vec![video, sound]), &[1], 100 * MIB).unwrap();
    assert!(reads.skip_gaps);
    assert_eq!(
        reads.reads,
        [span(10 * MIB, 11 * MIB), span(40 * MIB, 42 * MIB)]
    );
    // Spans that begin within the first 16 MiB are shown, because a demuxer analyses them.
    assert_eq!(
        reads.hidden,
        [span(42 * MIB, 90 * MIB), span(91 * MIB, 99 * MIB)]
    );
}

#[test]
fn sound_interleaved_with_single_frames_needs_the_whole_file() {
    let frames = (0..100u64).map(|n| span(n * 100_000, n * 100_000 + 99_000));
    let sound = (0..100u64).map(|n| span(n * 100_000 + 99_000, (n + 1) * 100_000));
    let tracks = vec![frames.collect(), sound.collect()];
    assert_eq!(partial_reads(positions(tracks), &[1], 10_000_000), None);
    assert_eq!(
        partial_reads(positions(vec![vec![span(0, 9)]]), &[1], 9),
        None
    );
}

#[test]
fn spans_beyond_the_end_of_the_file_are_clamped() {
    let far = span(u64::MAX - 9, u64::MAX);
    let tracks = vec![vec![far], vec![span(1, 9), far]];
    let reads = partial_reads(positions(tracks), &[1], 100).unwrap();
    assert_eq!((reads.reads, reads.hidden), (vec![span(1, 9)], vec![]));
    assert_eq!(
        partial_reads(positions(vec![vec![], vec![far]]), &[1], 100),
        None
    );
}

#[test]
fn covered_parts_are_removed_from_a_span() {
    let taken = [span(0, 3), span(5, 6), span(8, 20)];
    assert_eq!(without(span(2, 9), &taken), [span(3, 5), span(6, 8)]);
    assert_eq!(without(span(5, 6), &taken), []);
    assert_eq!(without(span(3, 5), &taken), [span(3, 5)]);
}

/// Encodes the audio track with these reads; returns it and the bytes read.
async fn encoded(store: &Arc<MemoryStore>, reads: ProxyOptions) -> (AudioMedia, u64) {
    let proxy = RangeProxy::start(store.clone(), store.pin(), reads).await;
    let proxy = proxy.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut task = crate::audio::tests::task(Container::Mov, (0, 1));
    task.url = proxy.url();
    task.directory = directory.path().to_owned();
    task.rendition.stream = 1;
    let media = encode_audio(&tools(), &task, &Limits::default()).await;
    let mut media = proxy.check(media).unwrap();
    media.cpu_ms = 0;
    (media, proxy.bytes_read())
}

#[tokio::test(flavor = "multi_thread")]
async fn partial_reads_give_the_same_track_without_reading_the_pictures() {
    for codec in ["pcm_s24le", "aac"] {
        // Half a second of pictures is five times the gap.
        let line = format!(
            "-f lavfi -i testsrc2=size=480x270:rate=24:duration=14 -f lavfi -i aevalsrc=exprs=0.2*sin(2*PI*t*(200+10*t)):s=48000:d=14 \
             -c:v rawvideo -pix_fmt uyvy422 -c:a {codec} -chunk_duration 500000 film.mov"
        );
        let (_folder, file) = made(&line);
        let store = MemoryStore::new(std::fs::read(file).unwrap());
        let pin = store.pin();
        let reads = track_reads(store.clone(), &pin, Container::Mov, &[1]);
        let reads = reads.await.unwrap();
        assert!(reads.skip_gaps && reads.reads.len() >= 25, "{reads:?}");
        let (in_pieces, read) = encoded(&store, reads).await;
        let (whole, all) = encoded(&store, ProxyOptions::default()).await;
        assert!(in_pieces == whole, "{codec}: the track differs");
        // The start of the file, where the pictures are read too, and the sound.
        assert!(read < ANALYSED + 6 * MIB, "{read} of {all} bytes");
        assert!(all > 3 * read, "{read} of {all} bytes");
    }
}

#[tokio::test]
async fn other_containers_and_fragments_are_read_completely() {
    let line =
        "-f lavfi -i testsrc2=size=64x64:rate=24:duration=2 -f lavfi -i sine=duration=2 -c:a aac";
    for (container, rest) in [
        (Container::Mov, "-movflags frag_keyframe film.mp4"),
        (Container::Matroska, "film.mkv"),
    ] {
        let (_folder, file) = made(&format!("{line} {rest}"));
        let store = MemoryStore::new(std::fs::read(file).unwrap());
        let pin = store.pin();
        let reads = track_reads(store.clone(), &pin, container, &[1]);
        let reads = reads.await.unwrap();
        assert!(reads.reads.is_empty() && reads.hidden.is_empty());
    }
}
