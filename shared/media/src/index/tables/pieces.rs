//! Fragments that can each be read without those before it.

use reelsmith_core::probe::ByteSpan;
use reelsmith_isobmff::{Reader, StoredTrack};

/// Where fragments begin and what is known against taking them for themselves, while boxes go by in file order.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// The first box after the last media, where that is not media itself.
    begun: Option<u64>,
    starts: Vec<u64>,
    /// Where the samples of all fragments so far end.
    reach: u64,
    dependent: bool,
}

impl Pieces {
    /// Takes in a box of the top level that is neither movie nor fragment.
    pub(super) fn pass(&mut self, kind: [u8; 4], at: u64) {
        match &kind {
            b"mdat" => self.begun = None,
            b"ftyp" => {}
            _ => self.begun = self.begun.or(Some(at)),
        }
    }

    /// Takes in the movie box: nothing before it is a fragment that can be hidden.
    pub(super) fn movie(&mut self) {
        self.begun = None;
        self.dependent |= !self.starts.is_empty();
    }

    /// Takes in a fragment's box, whose samples are the last runs of the tracks, of which there were `known` before.
    pub(super) fn fragment(
        &mut self,
        moof: &[u8],
        span: ByteSpan,
        tracks: &[StoredTrack],
        known: &[usize],
    ) {
        let start = *self.begun.get_or_insert(span.start);
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

    /// The fragments of a file of `size` bytes; none where one is read with the help of another.
    pub(super) fn spans(&self, size: u64) -> Vec<ByteSpan> {
        if self.dependent {
            return Vec::new();
        }
        let ends = self.starts.iter().skip(1).copied().chain([size]);
        let spans = self.starts.iter().zip(ends);
        spans.map(|(&start, end)| ByteSpan { start, end }).collect()
    }
}

/// Whether every track of a fragment says when it is decoded (`tfdt`: ISO/IEC 14496-12, 8.8.12).
fn is_timed(moof: &[u8]) -> bool {
    let moof = Reader::new(moof).child(b"moof");
    let mut tracks = moof.into_iter().flat_map(|m| m.all(b"traf"));
    tracks.all(|traf| traf.child(b"tfdt").is_some())
}
