//! What workers read of a mezzanine, held against the bytes of their chunks.

use futures::StreamExt as _;
use reelsmith_core::plan::VideoRendition;
use reelsmith_core::probe::{ByteSpan, IndexRead};
use reelsmith_core::time::{FrameCount, FrameRange};
use reelsmith_core::units::Resolution;
use reelsmith_media::ProxyOptions;

use crate::film::Film;
use crate::kinds::{KINDS, Kind};
use crate::table::document;

/// Noise, so that chunks are of some size and what is read around them does not count for everything.
const PICTURE: &str = "testsrc2=size=640x360,noise=alls=40:allf=t";
/// Two groups of pictures of most kinds.
const LENGTH: u64 = 48;
/// Of kinds whose index says where packets are, without their tables.
const MOST: f64 = 1.25;
/// What the workers of one kind read.
struct Read {
    kind: &'static Kind,
    index: IndexRead,
    size: u64,
    tables: u64,
    /// For each worker: bytes read, bytes of its chunk.
    workers: Vec<(u64, u64)>,
    /// Chunks that begin at a key frame need nothing from before it.
    led: u64,
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

async fn read(kind: &'static Kind) -> Read {
    let film = Film::made(kind, PICTURE).await;
    let mut rendition: VideoRendition = film.rendition();
    rendition.rung.resolution = Resolution {
        width: 128,
        height: 72,
    };
    let (mut workers, mut led) = (Vec::new(), 0);
    let ranges = film.ranges(LENGTH);
    let whole = FrameCount(ranges[0].count().0);
    for (index, frames) in (0u32..).zip(ranges) {
        let block = ProxyOptions::default().block;
        let rungs = vec![rendition.clone()];
        let (_, stats) = film
            .chunk(index, frames, (whole, whole), rungs, block)
            .await;
        let own = bytes_of(&film, frames);
        let needed = film
            .timeline
            .cut(frames)
            .reads
            .last()
            .copied()
            .map_or(own, length);
        led += needed.saturating_sub(own);
        workers.push((stats.bytes_read, own));
    }
    Read {
        kind,
        index: film.indexed.index.read,
        size: film.pin.size,
        tables: film.indexed.index.tables.map_or(0, length),
        workers,
        led,
    }
}

impl Read {
    /// All that was read over all bytes of chunks, and the same without tables and what leads from key frames to chunks.
    fn ratios(&self) -> (f64, f64) {
        let total: u64 = self.workers.iter().map(|w| w.0).sum();
        let own: u64 = self.workers.iter().map(|w| w.1).sum();
        let apart = self.tables * self.workers.len() as u64 + self.led;
        let own = own.max(1) as f64;
        (total as f64 / own, total.saturating_sub(apart) as f64 / own)
    }

    fn line(&self) -> String {
        let (all, apart) = self.ratios();
        let each = self
            .workers
            .iter()
            .map(|(read, own)| *read as f64 / (*own).max(1) as f64);
        let each: Vec<String> = each.map(|r| format!("{r:.2}")).collect();
        let index = match self.index {
            IndexRead::Tables => "tables",
            IndexRead::Scan => "scan",
        };
        format!(
            "| {} | {index} | {} | {} | {} | {all:.2} | {apart:.2} |\n",
            self.kind.name,
            self.size / 1_024,
            self.tables / 1_024,
            each.join(", "),
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_read_little_beside_their_chunks() {
    if !crate::full() {
        return;
    }
    // For trying out: those whose name has it.
    let named = std::env::var("EXACTNESS_KIND").unwrap_or_default();
    let kinds = KINDS.iter().filter(|k| k.name.contains(&named));
    let rows: Vec<Read> = futures::stream::iter(kinds)
        .map(read)
        .buffered(2)
        .collect()
        .await;
    let mut text = String::from(
        "| kind | index | file KiB | tables KiB | each worker: read / bytes of its chunk | all | without tables and lead |\n\
         |---|---|---|---|---|---|---|\n",
    );
    text.extend(rows.iter().map(Read::line));
    println!("{text}");
    document("reads", &text);
    for row in rows.iter().filter(|r| r.index == IndexRead::Tables) {
        let (_, apart) = row.ratios();
        assert!(apart <= MOST, "{}: {apart:.2}", row.kind.name);
    }
}
