//! The tables of an ISO file (ISO/IEC 14496-12) without its media: every box but `mdat` by ranged reads.
//!
//! What comes out is the file as ffmpeg may see it to tell all packets: boxes where they were, media zero, and every
//! sample one byte long, so that its demuxer hardly reads any of the zeros. Where samples really are is kept apart.
//! Anything unusual (a box that does not fit, tables beyond the caps) gives no tables, and the file is read whole.

mod pieces;
mod stated;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::ByteSpan;
use reelsmith_isobmff::{BoxHeader, Reader, SampleMap, SampleRun, SizeFields, StoredTrack};

use crate::error::MediaError;
use crate::proxy::{Blocks, Fault, ProxyOptions};

pub use stated::complete;

/// Boxes of the file's top level: six hours of fragments of a tenth of a second, and their media.
const MOST_BOXES: usize = 1_000_000;
/// Bytes of one box that is read whole, and of all of them together.
const MOST_BOX: u64 = 128 << 20;
const MOST_BYTES: u64 = 512 << 20;
/// Boxes of the top level that are looked at for the movie box alone.
const MOST_LOOKS: usize = 100_000;
/// Bytes read where a box may begin: most fragments' headers are within.
const PEEK: u64 = 16 << 10;

/// What the walk gave.
pub(super) struct Read {
    /// The tables; `None` where this file must be read whole.
    pub(super) file: Option<Tables>,
    /// Bytes read from the store.
    pub(super) bytes_read: u64,
}

/// The tables of a file.
#[derive(Default)]
pub(super) struct Tables {
    /// Where the movie box is.
    pub(super) moov: Option<ByteSpan>,
    /// Bytes by where they start: boxes with every sample one byte long.
    pub(super) known: BTreeMap<u64, Bytes>,
    /// For each track whether it is H.264 that leaves it to its packets how far frames are reordered.
    silent: Vec<bool>,
    pieces: pieces::Pieces,
    samples: SampleMap,
}

/// Where the samples of one track are.
pub(super) struct Samples(Vec<SampleRun>);

impl Tables {
    /// Samples of the stream with this index.
    pub(super) fn samples(&self, stream: u32) -> Samples {
        let track = self.samples.tracks.get(stream as usize);
        let mut runs = track.map(|t| t.runs.clone()).unwrap_or_default();
        runs.sort_unstable_by_key(|r| r.start);
        Samples(runs)
    }

    /// Fragments of a file of `size` bytes that can each be read without those before it.
    pub(super) fn fragments(&self, size: u64) -> Vec<ByteSpan> {
        self.pieces.spans(size)
    }

    /// Whether the stream with this index tells before its first packet how far frames are reordered.
    pub(super) fn is_described(&self, stream: u32) -> bool {
        self.silent.get(stream as usize) == Some(&false)
    }
}

impl Samples {
    /// The bytes of the sample that a demuxer which takes every sample for one byte finds at `at`.
    pub(super) fn true_span(&self, at: u64) -> Option<ByteSpan> {
        let run = self.0.partition_point(|r| r.start <= at).checked_sub(1)?;
        let run = self.0.get(run)?;
        let number = usize::try_from(at - run.start).ok()?;
        let end = *run.ends.get(number)?;
        let before = number.checked_sub(1).and_then(|n| run.ends.get(n));
        Some(ByteSpan {
            start: run.start.saturating_add(before.copied().unwrap_or(0)),
            end: run.start.saturating_add(end),
        })
    }
}

/// Reads the tables of a file.
///
/// # Errors
/// Those of the store. A file that is not as it should be is no error here: it has no tables.
pub(super) async fn read(store: Arc<dyn ObjectStore>, pin: &ObjectPin) -> Result<Read, MediaError> {
    let mut reader = BoxWalk::new(store, pin);
    let walked = reader.walk().await;
    let bytes_read = reader.blocks.counters().0 + reader.extra;
    let file = walked?;
    Ok(Read { file, bytes_read })
}

/// Where things are by the movie box alone.
pub(super) struct Stored {
    /// The movie box itself.
    pub(super) moov: ByteSpan,
    /// For each track the bytes of its samples.
    pub(super) tracks: Vec<Vec<ByteSpan>>,
}

/// Where the samples of each track are by the movie box; `None` where the file has none within reach, or has fragments, whose
/// samples it does not tell of.
///
/// # Errors
/// Those of the store.
pub(super) async fn stored(
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
) -> Result<Option<Stored>, MediaError> {
    let Some((span, moov)) = BoxWalk::new(store, pin).movie_box(MOST_LOOKS).await? else {
        return Ok(None);
    };
    let movie = Reader::new(&moov).child(b"moov");
    if movie.is_some_and(|movie| movie.child(b"mvex").is_some()) {
        return Ok(None);
    }
    let (samples, _) = SampleMap::read(&moov);
    Ok(Some(Stored {
        moov: span,
        tracks: samples.tracks.iter().map(spans).collect(),
    }))
}

/// The bytes of a track's runs.
fn spans(track: &StoredTrack) -> Vec<ByteSpan> {
    let span = |run: &SampleRun| ByteSpan {
        start: run.start,
        end: run.end(),
    };
    track.runs.iter().map(span).collect()
}

/// Reads boxes of the top level from the store.
struct BoxWalk {
    store: Arc<dyn ObjectStore>,
    pin: ObjectPin,
    blocks: Blocks,
    /// Bytes that were read past `blocks`.
    extra: u64,
}

impl BoxWalk {
    fn new(store: Arc<dyn ObjectStore>, pin: &ObjectPin) -> Self {
        let options = ProxyOptions {
            block: PEEK,
            read_ahead: 0,
            ..ProxyOptions::default()
        };
        Self {
            blocks: Blocks::new(store.clone(), pin.clone(), options),
            store,
            pin: pin.clone(),
            extra: 0,
        }
    }

    async fn walk(&mut self) -> Result<Option<Tables>, Fault> {
        let mut tables = Tables::default();
        let (mut at, mut boxes) = (0u64, 0usize);
        while at < self.pin.size {
            let Some(head) = self.head(at).await? else {
                return Ok(None);
            };
            boxes += 1;
            if boxes > MOST_BOXES || !self.take(&head, &mut tables).await? {
                return Ok(None);
            }
            at = head.end;
        }
        Ok(tables.moov.is_some().then_some(tables))
    }

    /// The movie box, header and all, and where it is; `None` where it is not among the first `looks` boxes, or larger than the
    /// cap.
    async fn movie_box(&mut self, looks: usize) -> Result<Option<(ByteSpan, Bytes)>, Fault> {
        let mut at = 0;
        for _ in 0..looks {
            let Some(head) = self.head(at).await? else {
                return Ok(None);
            };
            if &head.kind == b"moov" {
                let span = ByteSpan {
                    start: at,
                    end: head.end,
                };
                return match head.end - at <= MOST_BOX {
                    true => Ok(Some((span, self.bytes(span).await?))),
                    false => Ok(None),
                };
            }
            at = head.end;
        }
        Ok(None)
    }

    /// Keeps what ffmpeg needs of a box. `false` where that is more than the caps allow.
    async fn take(&mut self, head: &BoxHeader, tables: &mut Tables) -> Result<bool, Fault> {
        let media = matches!(&head.kind, b"mdat" | b"free" | b"skip" | b"mfra" | b"wide");
        let span = ByteSpan {
            start: head.start,
            end: if media { head.body } else { head.end },
        };
        let read = self.blocks.counters().0 + self.extra;
        if span.end - span.start > MOST_BOX || read + (span.end - span.start) > MOST_BYTES {
            return Ok(false);
        }
        let bytes = self.bytes(span).await?;
        let sizes = match &head.kind {
            b"moov" => {
                if tables.moov.replace(span).is_some() {
                    return Ok(false);
                }
                tables.silent = stated::silent(&bytes);
                tables.pieces.movie();
                let (samples, sizes) = SampleMap::read(&bytes);
                tables.samples = samples;
                sizes
            }
            b"moof" => {
                let tracks = tables.samples.tracks.iter();
                let known: Vec<usize> = tracks.map(|t| t.runs.len()).collect();
                let sizes = tables.samples.add_fragment(&bytes, span.start);
                let tracks = &tables.samples.tracks;
                tables.pieces.fragment(&bytes, span, tracks, &known);
                sizes
            }
            _ => {
                tables.pieces.pass(head.kind, span.start);
                Vec::new()
            }
        };
        tables.known.insert(span.start, shrunk(bytes, &sizes));
        Ok(true)
    }

    async fn head(&mut self, at: u64) -> Result<Option<BoxHeader>, Fault> {
        let end = at.saturating_add(16).min(self.pin.size);
        let bytes = self.bytes(ByteSpan { start: at, end }).await?;
        Ok(BoxHeader::read(&bytes, at, self.pin.size).ok())
    }

    /// Bytes of a span: small ones through the blocks at hand, large ones by requests of their own.
    async fn bytes(&mut self, span: ByteSpan) -> Result<Bytes, Fault> {
        if span.end - span.start <= 2 * PEEK {
            return gather(&self.blocks, span).await;
        }
        let options = ProxyOptions {
            read_ahead: 3,
            reads: vec![span],
            ..ProxyOptions::default()
        };
        let blocks = Blocks::new(self.store.clone(), self.pin.clone(), options);
        let bytes = gather(&blocks, span).await;
        self.extra += blocks.counters().0;
        bytes
    }
}

async fn gather(blocks: &Blocks, span: ByteSpan) -> Result<Bytes, Fault> {
    let mut bytes = BytesMut::new();
    let mut at = span.start;
    while at < span.end {
        let read = blocks.read(at).await?;
        let left = usize::try_from(span.end - at).unwrap_or(usize::MAX);
        let piece = &read[..read.len().min(left)];
        if piece.is_empty() {
            break;
        }
        at += piece.len() as u64;
        bytes.extend_from_slice(piece);
    }
    Ok(bytes.freeze())
}

/// A box with every sample one byte long.
fn shrunk(bytes: Bytes, sizes: &[SizeFields]) -> Bytes {
    if sizes.is_empty() {
        return bytes;
    }
    let mut bytes = BytesMut::from(bytes);
    sizes.iter().for_each(|fields| fields.shrink(&mut bytes));
    bytes.freeze()
}

#[cfg(test)]
mod tests;
