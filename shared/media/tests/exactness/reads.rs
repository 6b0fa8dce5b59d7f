//! The bytes that workers read of a mezzanine, compared with the bytes of their chunks.

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

/// Noise, so that frames have as many bytes as those of a mezzanine of 20 Mbit/s; smaller frames for the ordinary run.
const LARGE: &str = "testsrc2=size=640x360,noise=alls=40:allf=t";
const SMALL: &str = "testsrc2=size=480x270,noise=alls=40:allf=t";
/// The kinds of the ordinary run: one with tables, and one that a demuxer would walk through.
const GUARDED: &[&str] = &[
    "MP4 H.264, B-pyramid, edit list",
    "MP4 H.264, a fragment per frame",
];
/// Limit of the bytes read, apart from tables, per byte of the chunks, if the index comes from tables.
const MAX_RATIO: f64 = 1.25;

/// The bytes that the workers of one kind read.
struct ReadCost {
    kind: &'static Kind,
    index: IndexRead,
    size: u64,
    tables: u64,
    /// For each worker: bytes read, bytes of its chunk.
    workers: Vec<(u64, u64)>,
    /// Bytes from key frames to the chunks that need them.
    lead_in: u64,
    /// Whether decoding can start at the first frame only.
    one_key: bool,
}

fn length(span: ByteSpan) -> u64 {
    span.end - span.start
}

/// The extent of the packets of these frames in the file, or a proportional share if the index does not have it.
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

async fn read(kind: &'static Kind, times: u64) -> ReadCost {
    let source = if crate::full() { LARGE } else { SMALL };
    let film = Film::made(kind, Picture { source, times }).await;
    let mut rendition: VideoRendition = film.rendition();
    rendition.rung.resolution = Resolution {
        width: 128,
        height: 72,
    };
    // Two chunks; in the full run also one of a frame or two.
    let frames = film.timeline.frames.0;
    let ranges = film.ranges(match crate::full() {
        true => (frames - 1) / 2,
        false => frames.div_ceil(2),
    });
    let whole = FrameCount(ranges[0].count().0);
    let (mut workers, mut lead_in) = (Vec::new(), 0);
    for (index, frames) in (0u32..).zip(ranges) {
        let block = ProxyOptions::default().block;
        let rungs = vec![rendition.clone()];
        let (_, bytes_read) = film
            .chunk(index, frames, (whole, whole), rungs, block)
            .await;
        let own = bytes_of(&film, frames);
        let reads = film.timeline.cut(frames).reads;
        let needed = reads.last().copied().map_or(own, length);
        lead_in += needed.saturating_sub(own);
        workers.push((bytes_read, own));
    }
    let index = &film.indexed.index;
    ReadCost {
        kind,
        index: index.read,
        size: film.pin.size,
        tables: index.tables.map_or(0, length),
        workers,
        lead_in,
        one_key: index.packets.iter().filter(|p| p.key).count() == 1,
    }
}

impl ReadCost {
    fn over_chunks(&self, apart: u64) -> f64 {
        let total: u64 = self.workers.iter().map(|w| w.0).sum();
        let own: u64 = self.workers.iter().map(|w| w.1).sum();
        total.saturating_sub(apart) as f64 / own.max(1) as f64
    }

    fn tables(&self) -> u64 {
        self.tables * self.workers.len() as u64
    }

    /// The ratio that is checked: without tables, and without the lead-in if there is one key frame only.
    fn judged(&self) -> f64 {
        let lead_in = if self.one_key { self.lead_in } else { 0 };
        self.over_chunks(self.tables() + lead_in)
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
            self.over_chunks(self.tables() + self.lead_in),
            self.judged(),
        )
    }
}

/// Chunks of 8 s in the full run.
fn times(kind: &Kind) -> u64 {
    match (crate::full(), kind.container) {
        (true, Container::Mov) => 4,
        (true, _) => 1,
        (false, _) => 2,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_read_little_besides_their_chunks() {
    // For experiments: kinds whose name contains this.
    let named = std::env::var("EXACTNESS_KIND").unwrap_or_default();
    let taken = |k: &&'static Kind| crate::full() || GUARDED.contains(&k.name);
    let kinds = KINDS.iter().filter(taken);
    let kinds = kinds.filter(|k| k.name.contains(&named));
    let rows: Vec<ReadCost> = futures::stream::iter(kinds)
        .map(|kind| async move {
            // In a task of its own, because making a mezzanine blocks and programs of the other task have time limits.
            tokio::spawn(read(kind, times(kind))).await.unwrap()
        })
        .buffered(2)
        .collect()
        .await;
    let mut text = String::from(
        "| kind | file KiB | each worker: read / chunk bytes | without tables and lead-in | judged |\n\
         |---|---|---|---|---|\n",
    );
    let (judged, scanned): (Vec<&ReadCost>, Vec<&ReadCost>) =
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
        assert!(judged <= MAX_RATIO, "{}: {judged:.2}", row.kind.name);
    }
}
