//! The tables of an ISO file (ISO/IEC 14496-12) without its media: every box but `mdat`, by ranged reads.
//!
//! The result is a sparse copy of the file from which ffmpeg can list all packets: all boxes in place, media zero, and
//! every sample one byte long, so that the demuxer reads hardly any of the zeros. The true positions of the samples are
//! kept separately. A file with anything unusual (a malformed box, tables beyond the limits) has no tables here, and is
//! scanned instead.

mod sample_entry;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::ByteSpan;
use reelsmith_isobmff::{BoxHeader, Reader, SampleMap, SampleRun, SizeFields, StoredTrack};

use crate::error::MediaError;
use crate::proxy::{Blocks, ProxyOptions, ReadFailure, Source};

pub use sample_entry::{add_movie_facts, explain_unreadable};

/// Limit of boxes at the top level: six hours of fragments of 0.1 s, and their media.
const MAX_BOXES: usize = 1_000_000;
/// Limit of the bytes of one box.
const MAX_BOX: u64 = 128 << 20;
/// Limit of the bytes of all boxes.
const MAX_BYTES: u64 = 512 << 20;
/// Limit of boxes at the top level before the movie box, if only that is read.
const MAX_BOXES_BEFORE_MOVIE: usize = 100_000;
/// Bytes of one read. Most headers of fragments fit.
const BLOCK: u64 = 16 << 10;

/// The tables of a file, if it has usable ones, and the bytes read from the store.
pub(super) struct TablesRead {
    pub(super) tables: Option<Tables>,
    pub(super) bytes_read: u64,
}

#[derive(Default)]
pub(super) struct Tables {
    /// The position of the movie box.
    pub(super) moov: Option<ByteSpan>,
    /// The boxes by their position, with every sample one byte long.
    pub(super) known: BTreeMap<u64, Bytes>,
    /// For each track: whether it is H.264 that does not state how far frames are reordered.
    reordering_unstated: Vec<bool>,
    fragments: Fragments,
    samples: SampleMap,
}

/// The samples of one track, sorted by position.
pub(super) struct Samples(Vec<SampleRun>);

impl Tables {
    /// The samples of the stream with this index.
    pub(super) fn samples(&self, stream: u32) -> Samples {
        let track = self.samples.tracks.get(stream as usize);
        let mut runs = track.map(|t| t.runs.clone()).unwrap_or_default();
        runs.sort_unstable_by_key(|r| r.start);
        Samples(runs)
    }

    /// Fails if samples of the stream with this index lie beyond the end of a file of `size` bytes.
    pub(super) fn check_samples(&self, stream: u32, size: u64) -> Result<(), MediaError> {
        sample_entry::check_samples(&self.samples, std::iter::once(stream), size)
    }

    /// The fragments of a file of `size` bytes, if each can be read without the others; otherwise none.
    pub(super) fn fragments(&self, size: u64) -> Vec<ByteSpan> {
        self.fragments.spans(size)
    }

    /// Whether the stream with this index states in its sample entries how far frames are reordered.
    pub(super) fn is_described(&self, stream: u32) -> bool {
        self.reordering_unstated.get(stream as usize) == Some(&false)
    }
}

impl Samples {
    /// The true bytes of the sample that is at `at` in the sparse copy, where every sample is one byte long.
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

/// Reads the tables of a file. A malformed file is not an error; it has no tables.
///
/// # Errors
/// [`MediaError::Source`].
pub(super) async fn read(
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
) -> Result<TablesRead, MediaError> {
    let mut reader = BoxWalk::new(store, pin);
    let tables = reader.walk().await?;
    let bytes_read = reader.bytes_read();
    Ok(TablesRead { tables, bytes_read })
}

/// The positions that the movie box alone gives.
pub(super) struct MoviePositions {
    pub(super) moov: ByteSpan,
    /// For each track, the bytes of its samples.
    pub(super) tracks: Vec<Vec<ByteSpan>>,
}

/// The positions of the samples of each track from the movie box; `None` if it is not found within the limits, or the file has
/// fragments, whose samples it does not list.
///
/// # Errors
/// [`MediaError::Source`].
pub(super) async fn movie_positions(
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
) -> Result<Option<MoviePositions>, MediaError> {
    let Some((span, moov)) = BoxWalk::new(store, pin).movie_box().await? else {
        return Ok(None);
    };
    let movie = Reader::new(&moov).child(b"moov");
    if movie.is_some_and(|movie| movie.child(b"mvex").is_some()) {
        return Ok(None);
    }
    let (samples, _) = SampleMap::read(&moov);
    Ok(Some(MoviePositions {
        moov: span,
        tracks: samples.tracks.iter().map(spans).collect(),
    }))
}

/// The bytes of the samples of a track.
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
    /// Bytes that were not read through `blocks`.
    extra: u64,
}

impl BoxWalk {
    fn new(store: Arc<dyn ObjectStore>, pin: &ObjectPin) -> Self {
        let options = ProxyOptions {
            block: BLOCK,
            read_ahead: 0,
            ..ProxyOptions::default()
        };
        Self {
            blocks: Blocks::new(Source::Store(store.clone()), pin.clone(), options),
            store,
            pin: pin.clone(),
            extra: 0,
        }
    }

    fn bytes_read(&self) -> u64 {
        self.blocks.bytes_read() + self.extra
    }

    async fn walk(&mut self) -> Result<Option<Tables>, ReadFailure> {
        let mut tables = Tables::default();
        let (mut at, mut boxes) = (0u64, 0usize);
        while at < self.pin.size {
            let Some(head) = self.head(at).await? else {
                return Ok(None);
            };
            boxes += 1;
            if boxes > MAX_BOXES || !self.add_box(&head, &mut tables).await? {
                return Ok(None);
            }
            at = head.end;
        }
        Ok(tables.moov.is_some().then_some(tables))
    }

    /// The movie box with its header, and its position; `None` if it is beyond the limits.
    async fn movie_box(&mut self) -> Result<Option<(ByteSpan, Bytes)>, ReadFailure> {
        let mut at = 0;
        for _ in 0..MAX_BOXES_BEFORE_MOVIE {
            let Some(head) = self.head(at).await? else {
                return Ok(None);
            };
            if &head.kind == b"moov" {
                let span = ByteSpan {
                    start: at,
                    end: head.end,
                };
                return match head.end - at <= MAX_BOX {
                    true => Ok(Some((span, self.bytes(span).await?))),
                    false => Ok(None),
                };
            }
            at = head.end;
        }
        Ok(None)
    }

    /// The media or movie box at the top level that is longer than the rest of the file, if there is one.
    async fn cut_off(&mut self) -> Result<Option<BoxHeader>, ReadFailure> {
        let mut at = 0;
        for _ in 0..MAX_BOXES_BEFORE_MOVIE {
            let end = at + 16;
            let bytes = self
                .bytes(ByteSpan {
                    start: at,
                    end: end.min(self.pin.size),
                })
                .await?;
            let Ok(head) = BoxHeader::read(&bytes, at, u64::MAX) else {
                return Ok(None);
            };
            // A size of 0 means up to the end of the file.
            if head.end == u64::MAX {
                return Ok(None);
            }
            if head.end > self.pin.size {
                let known = matches!(&head.kind, b"mdat" | b"moov" | b"moof");
                return Ok(known.then_some(head));
            }
            at = head.end;
        }
        Ok(None)
    }

    /// Adds the part of a box that ffmpeg needs to the tables; false if that exceeds the limits.
    async fn add_box(
        &mut self,
        head: &BoxHeader,
        tables: &mut Tables,
    ) -> Result<bool, ReadFailure> {
        let media = matches!(&head.kind, b"mdat" | b"free" | b"skip" | b"mfra" | b"wide");
        let span = ByteSpan {
            start: head.start,
            end: if media { head.body } else { head.end },
        };
        let length = span.end - span.start;
        if length > MAX_BOX || self.bytes_read() + length > MAX_BYTES {
            return Ok(false);
        }
        let bytes = self.bytes(span).await?;
        let sizes = match &head.kind {
            b"moov" => {
                if tables.moov.replace(span).is_some() {
                    return Ok(false);
                }
                tables.reordering_unstated = sample_entry::reordering_unstated(&bytes);
                tables.fragments.add_movie();
                let (samples, sizes) = SampleMap::read(&bytes);
                tables.samples = samples;
                sizes
            }
            b"moof" => {
                let tracks = tables.samples.tracks.iter();
                let known: Vec<usize> = tracks.map(|t| t.runs.len()).collect();
                let sizes = tables.samples.add_fragment(&bytes, span.start);
                let tracks = &tables.samples.tracks;
                tables.fragments.add_fragment(&bytes, span, tracks, &known);
                sizes
            }
            _ => {
                tables.fragments.add_other(head.kind, span.start);
                Vec::new()
            }
        };
        tables.known.insert(span.start, shrunk(bytes, &sizes));
        Ok(true)
    }

    async fn head(&mut self, at: u64) -> Result<Option<BoxHeader>, ReadFailure> {
        let end = at.saturating_add(16).min(self.pin.size);
        let bytes = self.bytes(ByteSpan { start: at, end }).await?;
        Ok(BoxHeader::read(&bytes, at, self.pin.size).ok())
    }

    /// Reads a span: a small one through the cached blocks, a large one by requests of its own.
    async fn bytes(&mut self, span: ByteSpan) -> Result<Bytes, ReadFailure> {
        if span.end - span.start <= 2 * BLOCK {
            return gather(&self.blocks, span).await;
        }
        let options = ProxyOptions {
            read_ahead: 3,
            reads: vec![span],
            ..ProxyOptions::default()
        };
        let store = Source::Store(self.store.clone());
        let blocks = Blocks::new(store, self.pin.clone(), options);
        let bytes = gather(&blocks, span).await;
        self.extra += blocks.bytes_read();
        bytes
    }
}

async fn gather(blocks: &Blocks, span: ByteSpan) -> Result<Bytes, ReadFailure> {
    let mut bytes = BytesMut::new();
    let mut at = span.start;
    while at < span.end {
        let read = blocks.read(at).await?;
        let left = usize::try_from(span.end - at).unwrap_or(usize::MAX);
        let part = &read[..read.len().min(left)];
        if part.is_empty() {
            break;
        }
        at += part.len() as u64;
        bytes.extend_from_slice(part);
    }
    Ok(bytes.freeze())
}

/// Makes every sample one byte long.
fn shrunk(bytes: Bytes, sizes: &[SizeFields]) -> Bytes {
    if sizes.is_empty() {
        return bytes;
    }
    let mut bytes = BytesMut::from(bytes);
    sizes.iter().for_each(|fields| fields.shrink(&mut bytes));
    bytes.freeze()
}

/// Collects the positions of fragments from the boxes in file order, and whether each can be read without the others.
#[derive(Debug, Default)]
struct Fragments {
    /// The first box after the last media, at which the next fragment begins.
    next: Option<u64>,
    starts: Vec<u64>,
    /// The end of the samples of all fragments so far.
    reach: u64,
    dependent: bool,
}

impl Fragments {
    /// Adds a box that is neither movie nor fragment.
    fn add_other(&mut self, kind: [u8; 4], at: u64) {
        match &kind {
            b"mdat" => self.next = None,
            b"ftyp" => {}
            _ => self.next = self.next.or(Some(at)),
        }
    }

    /// Adds the movie box. A fragment before it cannot be hidden.
    fn add_movie(&mut self) {
        self.next = None;
        self.dependent |= !self.starts.is_empty();
    }

    /// Adds a fragment, whose samples are the runs of the tracks after the first `known` ones.
    fn add_fragment(
        &mut self,
        moof: &[u8],
        span: ByteSpan,
        tracks: &[StoredTrack],
        known: &[usize],
    ) {
        let start = *self.next.get_or_insert(span.start);
        if self.starts.last() != Some(&start) {
            self.dependent |= start < self.reach;
            self.starts.push(start);
        }
        let runs = tracks
            .iter()
            .zip(known)
            .flat_map(|(t, known)| t.runs.get(*known..).unwrap_or_default());
        for run in runs {
            self.dependent |= run.start < span.end;
            self.reach = self.reach.max(run.end());
        }
        self.dependent |= !is_timed(moof);
    }

    /// The fragments of a file of `size` bytes; none if one depends on another.
    fn spans(&self, size: u64) -> Vec<ByteSpan> {
        if self.dependent {
            return Vec::new();
        }
        let ends = self.starts.iter().skip(1).copied().chain([size]);
        let spans = self.starts.iter().zip(ends);
        spans.map(|(&start, end)| ByteSpan { start, end }).collect()
    }
}

/// Whether every track of a fragment states its decoding time (`tfdt`: ISO/IEC 14496-12, 8.8.12).
fn is_timed(moof: &[u8]) -> bool {
    let moof = Reader::new(moof).child(b"moof");
    let mut tracks = moof.into_iter().flat_map(|m| m.all(b"traf"));
    tracks.all(|traf| traf.child(b"tfdt").is_some())
}

#[cfg(test)]
mod tests;
