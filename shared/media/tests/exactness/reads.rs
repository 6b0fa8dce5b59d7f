//! What workers read of a mezzanine, held against the bytes of their chunks.

use futures::StreamExt as _;
use reelsmith_core::plan::VideoRendition;
use reelsmith_core::probe::{ByteSpan, IndexRead};
use reelsmith_core::sniff::Container;
use reelsmith_core::time::{FrameCount, FrameRange};
use reelsmith_core::units::Resolution;
use reelsmith_media::ProxyOptions;

use crate::film::{Film, Picture};
use crate::kinds::{KINDS, Kind};
use crate::table::document;

/// Noise, so that a frame has as many bytes as one of a mezzanine of 20 Mbit/s; and smaller ones for the ordinary run.
const LARGE: &str = "testsrc2=size=640x360,noise=alls=40:allf=t";
const SMALL: &str = "testsrc2=size=480x270,noise=alls=40:allf=t";
/// The ordinary run: a kind with tables, and such as a demuxer would walk through.
const GUARDED: &[&str] = &[
    "MP4 H.264, B-pyramid, edit list",
    "MP4 H.264, a fragment per frame",
];
/// All that workers read beside tables, held against the bytes of their chunks, where the index comes from tables.
const MOST: f64 = 1.25;

/// What the workers of one kind read.
struct Read {
    kind: &'static Kind,
    index: IndexRead,
    size: u64,
    tables: u64,
    /// For each worker: bytes read, bytes of its chunk.
    workers: Vec<(u64, u64)>,
    /// From key frames to the chunks that need them.
    led: u64,
    /// Whether decoding can begin at the first frame only.
    one_key: bool,
}

fn length(span: ByteSpan) -> u64 {
    span.end - span.start
}

/// The stretch of the file with the packets of these frames; a share of the file where the index cannot tell.
fn bytes_of(film: &Film, frames: FrameRange) -> u64 {
    let mut packets: Vec<_> = film.indexed.index.packets.iter().collect();
    packets.sort_by_key(|p| p.pts);
    let share = film.pin.size * frames.count().0 / film.timeline.frames.0;
    if film.resampled() {
        return share;
    }
    let own = packets.get(frames.start as usize..frames.end as usize);
    let spans: Option<Vec<ByteSpan>> = own.and_then(|o| o.iter().map(|p| p.bytes).collect());
    let spans = spans.unwrap_or_default();
    let first = spans.iter().map(|s| s.start).min();
    let end = spans.iter().map(|s| s.end).max();
    first.zip(end).map_or(share, |(start, end)| end - start)
}

async fn read(kind: &'static Kind, times: u64) -> Read {
    let source = if crate::full() { LARGE } else { SMALL };
    let film = Film::made(kind, Picture { source, times }).await;
    let mut rendition: VideoRendition = film.rendition();
    rendition.rung.resolution = Resolution {
        width: 128,
        height: 72,
    };
    // Two chunks; and one of a frame or two, where chunks are large enough that it may count.
    let frames = film.timeline.frames.0;
    let ranges = film.ranges(match crate::full() {
        true => (frames - 1) / 2,
        false => frames.div_ceil(2),
    });
    let whole = FrameCount(ranges[0].count().0);
    let (mut workers, mut led) = (Vec::new(), 0);
    for (index, frames) in (0u32..).zip(ranges) {
        let block = ProxyOptions::default().block;
        let rungs = vec![rendition.clone()];
        let (_, stats) = film
            .chunk(index, frames, (whole, whole), rungs, block)
            .await;
        let own = bytes_of(&film, frames);
        let reads = film.timeline.cut(frames).reads;
        let needed = reads.last().copied().map_or(own, length);
        led += needed.saturating_sub(own);
        workers.push((stats.bytes_read, own));
    }
    let index = &film.indexed.index;
    Read {
        kind,
        index: index.read,
        size: film.pin.size,
        tables: index.tables.map_or(0, length),
        workers,
        led,
        one_key: index.packets.iter().filter(|p| p.key).count() == 1,
    }
}

impl Read {
    fn over_chunks(&self, apart: u64) -> f64 {
        let total: u64 = self.workers.iter().map(|w| w.0).sum();
        let own: u64 = self.workers.iter().map(|w| w.1).sum();
        total.saturating_sub(apart) as f64 / own.max(1) as f64
    }

    fn tables(&self) -> u64 {
        self.tables * self.workers.len() as u64
    }

    /// What is judged: without tables, and without the way from the only key frame, which every worker must go.
    fn judged(&self) -> f64 {
        let led = if self.one_key { self.led } else { 0 };
        self.over_chunks(self.tables() + led)
    }

    fn line(&self) -> String {
        let each = self
            .workers
            .iter()
            .map(|(read, own)| *read as f64 / (*own).max(1) as f64);
        let each: Vec<String> = each.map(|r| format!("{r:.2}")).collect();
        format!(
            "| {} | {} | {} | {:.2} | {:.2} |\n",
            self.kind.name,
            self.size / 1_024,
            each.join(", "),
            self.over_chunks(self.tables() + self.led),
            self.judged(),
        )
    }
}

/// Chunks of 8 s where they are judged.
fn times(kind: &Kind) -> u64 {
    match (crate::full(), kind.container) {
        (true, Container::Mov) => 4,
        (true, _) => 1,
        (false, _) => 2,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_read_little_beside_their_chunks() {
    // For trying out: those whose name has it.
    let named = std::env::var("EXACTNESS_KIND").unwrap_or_default();
    let taken = |k: &&'static Kind| crate::full() || GUARDED.contains(&k.name);
    let kinds = KINDS.iter().filter(taken);
    let kinds = kinds.filter(|k| k.name.contains(&named));
    let rows: Vec<Read> = futures::stream::iter(kinds)
        .map(|kind| async move {
            // In a task of its own: making a mezzanine blocks, and the other one's programs have limits of time.
            tokio::spawn(read(kind, times(kind))).await.unwrap()
        })
        .buffered(2)
        .collect()
        .await;
    let mut text = String::from(
        "| kind | file KiB | each worker: read / chunk bytes | without tables and lead-in | judged |\n\
         |---|---|---|---|---|\n",
    );
    let (judged, scanned): (Vec<&Read>, Vec<&Read>) =
        rows.iter().partition(|r| r.index == IndexRead::Tables);
    text.extend(judged.iter().map(|row| row.line()));
    if !scanned.is_empty() {
        let each = scanned
            .iter()
            .map(|row| format!("{} {:.2}", row.kind.name, row.over_chunks(0)));
        let each: Vec<String> = each.collect();
        text.push_str(&format!(
            "\nScanned kinds, all bytes read / chunk bytes: {}.\n",
            each.join("; ")
        ));
    }
    println!("{text}");
    if crate::full() && named.is_empty() {
        document("reads", &text);
    }
    for row in judged {
        let judged = row.judged();
        assert!(judged <= MOST, "{}: {judged:.2}", row.kind.name);
    }
}
