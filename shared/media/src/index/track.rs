//! Which bytes of a mezzanine must be read for some of its audio or subtitle tracks.

use std::sync::Arc;

use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::ByteSpan;
use reelsmith_core::sniff::Container;

use super::tables::{self, MoviePositions};
use crate::error::MediaError;
use crate::proxy::{ProxyOptions, merged};

/// Gap in bytes up to which reading on is assumed to cost a worker as much as another request.
const GAP: u64 = 512 << 10;
/// Bytes from the first sample of another track that are not hidden, because a demuxer analyses the streams there.
const ANALYSED: u64 = 16 << 20;
/// Blocks requested ahead. Many, because a small block takes as long to arrive as a large one.
const READ_AHEAD: u32 = 24;

/// How to read a pinned mezzanine for these streams alone. If their samples in an MP4 or MOV are far enough apart, only they
/// are read and those of other tracks are hidden; otherwise the whole file is read.
///
/// # Errors
/// [`MediaError::Source`].
pub async fn track_reads(
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    container: Container,
    streams: &[u32],
) -> Result<ProxyOptions, MediaError> {
    let whole = ProxyOptions {
        block: 4 << 20,
        read_ahead: 3,
        ..ProxyOptions::default()
    };
    if container != Container::Mov {
        return Ok(whole);
    }
    let positions = tables::movie_positions(store, pin).await?;
    let partial = positions.and_then(|p| partial_reads(p, streams, pin.size));
    Ok(partial.unwrap_or(whole))
}

/// The reads for some tracks alone; `None` if they are most of the file.
fn partial_reads(movie: MoviePositions, streams: &[u32], size: u64) -> Option<ProxyOptions> {
    let tracks = (0u32..).zip(movie.tracks);
    let (own, others): (Vec<_>, Vec<_>) = tracks.partition(|(n, _)| streams.contains(n));
    let spans =
        |tracks: Vec<(u32, Vec<ByteSpan>)>| tracks.into_iter().flat_map(|(_, t)| t).collect();
    let own = merged(spans(own), size, GAP);
    let read: u64 = own.iter().map(length).sum();
    if own.is_empty() || read > size / 2 {
        return None;
    }
    let others = merged(spans(others), size, 0);
    let shown = others
        .first()
        .map_or(0, |s| s.start.saturating_add(ANALYSED));
    // Never hide the track itself or the tables, even if another track claims the same bytes.
    let hidden = others.iter().flat_map(|other| without(*other, &own));
    let hidden = hidden.flat_map(|other| without(other, &[movie.moov]));
    Some(ProxyOptions {
        read_ahead: READ_AHEAD,
        skip_gaps: true,
        hidden: hidden.filter(|s| s.start >= shown).collect(),
        reads: own,
        ..ProxyOptions::default()
    })
}

fn length(span: &ByteSpan) -> u64 {
    span.end.saturating_sub(span.start)
}

/// The parts of a span that no span of `taken` covers. `taken` must be sorted and without overlaps.
fn without(span: ByteSpan, taken: &[ByteSpan]) -> Vec<ByteSpan> {
    let first = taken.partition_point(|t| t.end <= span.start);
    let within = taken.iter().skip(first);
    let mut left = Vec::new();
    let mut start = span.start;
    for next in within.take_while(|t| t.start < span.end) {
        left.push(ByteSpan {
            start,
            end: next.start.max(start),
        });
        start = start.max(next.end);
    }
    left.push(ByteSpan {
        start,
        end: span.end,
    });
    left.retain(|s| s.start < s.end);
    left
}

#[cfg(test)]
mod tests;
