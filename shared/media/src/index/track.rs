//! What has to be read of a mezzanine for one of its tracks of sound or text alone.

use std::sync::Arc;

use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::ByteSpan;
use reelsmith_core::sniff::Container;

use super::tables::{self, Stored};
use crate::error::MediaError;
use crate::proxy::{ProxyOptions, apart};

/// Reading on over this many bytes is taken to cost a worker what a request costs.
const GAP: u64 = 512 << 10;
/// Bytes of other tracks at the beginning that are shown as they are: what a demuxer looks at before it tells what streams
/// there are.
const LOOKED_AT: u64 = 16 << 20;
/// Blocks on their way at once where there are many small ones, each of which takes as long to come as a large one.
const MANY: u32 = 24;

/// How to read a pinned mezzanine for stream `stream` alone: of MP4 and MOV where it lies in pieces that are far enough apart,
/// those pieces, with other tracks' samples hidden; otherwise the whole file from end to end, as fast as it comes.
///
/// # Errors
/// Those of the store.
pub async fn track_reads(
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    container: Container,
    stream: u32,
) -> Result<ProxyOptions, MediaError> {
    let whole = ProxyOptions {
        block: 4 << 20,
        read_ahead: 3,
        ..ProxyOptions::default()
    };
    if container != Container::Mov {
        return Ok(whole);
    }
    let stored = tables::stored(store, pin).await?;
    let pieces = stored.and_then(|stored| pieces(stored, stream, pin.size));
    Ok(pieces.unwrap_or(whole))
}

/// The pieces of a track; `None` where they are most of the file.
fn pieces(stored: Stored, stream: u32, size: u64) -> Option<ProxyOptions> {
    let mut tracks = stored.tracks;
    let track = usize::try_from(stream).ok().filter(|t| *t < tracks.len())?;
    let own = apart(tracks.swap_remove(track), size, GAP);
    let read: u64 = own.iter().map(length).sum();
    if own.is_empty() || read > size / 2 {
        return None;
    }
    let others = apart(tracks.concat(), size, 0);
    let shown = others
        .first()
        .map_or(0, |s| s.start.saturating_add(LOOKED_AT));
    // What another track claims of this one, or of the tables, stays to be seen.
    let hidden = others.iter().flat_map(|other| without(*other, &own));
    let hidden = hidden.flat_map(|other| without(other, &[stored.moov]));
    Some(ProxyOptions {
        read_ahead: MANY,
        leaps: true,
        hidden: hidden.filter(|s| s.start >= shown).collect(),
        reads: own,
        ..ProxyOptions::default()
    })
}

fn length(span: &ByteSpan) -> u64 {
    span.end.saturating_sub(span.start)
}

/// What is left of a span when others, which are in order and apart, are taken out of it.
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
