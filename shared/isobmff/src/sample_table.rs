//! Where the samples of any ISO file are stored, and where their sizes are written (ISO/IEC 14496-12, 8.5 to 8.8).
//!
//! For files that other programs wrote: what cannot be read is left out, and nothing is a fault.

use crate::fragment::{TrackHeader, TrackRun};
use crate::init::read_trex;
use crate::reader::to_usize;
use crate::{Fault, Reader};

/// Most samples of a track; the rest of a longer table is not read.
const MAX_TRACK_SAMPLES: usize = 8_000_000;
/// Most samples of a run without entries: more than a minute at any frame rate.
const MAX_ALIKE: usize = 100_000;

/// Samples that are stored one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRun {
    /// Offset of the first sample in the file.
    pub start: u64,
    /// End of each sample, counted from `start`.
    pub ends: Vec<u64>,
}

impl SampleRun {
    fn new(start: u64, sizes: impl Iterator<Item = u32>) -> Self {
        let ends = sizes.scan(0u64, |end, size| {
            *end = end.saturating_add(u64::from(size));
            Some(*end)
        });
        Self {
            start,
            ends: ends.collect(),
        }
    }

    /// Offset one past the last sample in the file.
    pub fn end(&self) -> u64 {
        self.start
            .saturating_add(self.ends.last().copied().unwrap_or(0))
    }
}

/// Where the samples of one track are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredTrack {
    pub id: u32,
    pub runs: Vec<SampleRun>,
    /// `default_sample_size` of `trex`.
    default_size: u32,
}

/// Sample sizes of 32 bits in the bytes of a box: `count` fields, `stride` bytes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeFields {
    at: u64,
    stride: usize,
    count: usize,
}

impl SizeFields {
    fn one(at: u64) -> Self {
        Self {
            at,
            stride: 4,
            count: 1,
        }
    }

    /// Makes each sample one byte long, or leaves it empty, in `bytes`: the box that the fields were found in.
    pub fn shrink(&self, bytes: &mut [u8]) {
        let table = bytes.get_mut(to_usize(self.at)..).unwrap_or_default();
        for row in table.chunks_mut(self.stride).take(self.count) {
            if let Some(size) = row.first_chunk_mut::<4>() {
                *size = u32::from_be_bytes(*size).min(1).to_be_bytes();
            }
        }
    }
}

/// Where the samples of a file are stored, track by track in the order of the movie box.
#[derive(Clone, Debug, Default)]
pub struct SampleMap {
    pub tracks: Vec<StoredTrack>,
}

impl SampleMap {
    /// Reads the movie box `moov`, given with its header, and the size fields in it.
    pub fn read(moov: &[u8]) -> (Self, Vec<SizeFields>) {
        let (mut map, mut fields, mut defaults) = (Self::default(), Vec::new(), Vec::new());
        let Some(movie) = Reader::new(moov).child(b"moov") else {
            return (map, fields);
        };
        for (kind, child) in movie.children() {
            match &kind {
                b"trak" => map.tracks.push(stored_track(child, &mut fields)),
                b"mvex" => {
                    for trex in child.all(b"trex") {
                        defaults.extend(read_trex(trex));
                        fields.push(SizeFields::one(trex.offset() + 16));
                    }
                }
                _ => {}
            }
        }
        for track in &mut map.tracks {
            let default = defaults.iter().find(|d| d.track_id == track.id);
            track.default_size = default.map_or(0, |d| d.size);
        }
        (map, fields)
    }

    /// Adds the samples of a fragment's box `moof`, given with its header, which lies at `at` in the file. Returns the size
    /// fields in it.
    pub fn add_fragment(&mut self, moof: &[u8], at: u64) -> Vec<SizeFields> {
        let mut fields = Vec::new();
        let mut end = at;
        let moof = Reader::new(moof).child(b"moof");
        for traf in moof.into_iter().flat_map(|m| m.all(b"traf")) {
            end = self
                .track_fragment(traf, at, end, &mut fields)
                .unwrap_or(end);
        }
        fields
    }

    /// Returns where the data of the track fragment end.
    fn track_fragment(
        &mut self,
        traf: Reader<'_>,
        moof: u64,
        previous: u64,
        fields: &mut Vec<SizeFields>,
    ) -> Option<u64> {
        let header = TrackHeader::read(&traf, moof, previous).ok()?;
        fields.extend(header.size.map(|_| SizeFields::one(header.size_at)));
        let track = self.tracks.iter_mut().find(|t| t.id == header.track_id)?;
        let default = header.size.unwrap_or(track.default_size);
        let mut end = header.offset;
        for trun in traf.all(b"trun") {
            let trun = TrackRun::read(trun).ok()?;
            let run = run(&trun, trun.start(&header, end), default, fields);
            end = run.end();
            track.runs.push(run);
        }
        Some(end)
    }
}

fn run(trun: &TrackRun<'_>, start: u64, default: u32, fields: &mut Vec<SizeFields>) -> SampleRun {
    let bytes_of = |mask: u32| (trun.flags & mask).count_ones() as usize * 4;
    let (stride, declared) = (bytes_of(0xf00), trun.count as usize);
    let entries = trun.entries.rest();
    if trun.flags & 0x200 == 0 {
        // If entries have no fields at all, only the count states how many there are.
        let room = entries.len().checked_div(stride).unwrap_or(MAX_ALIKE);
        return SampleRun::new(start, std::iter::repeat_n(default, declared.min(room)));
    }
    let before = bytes_of(0x100);
    let sizes = column(entries.get(before..).unwrap_or_default(), stride);
    let sizes: Vec<u32> = sizes.take(declared).collect();
    fields.push(SizeFields {
        at: trun.entries.offset() + before as u64,
        stride,
        count: sizes.len(),
    });
    SampleRun::new(start, sizes.into_iter())
}

/// The numbers of 32 bits at the start of each row of a table.
fn column(rows: &[u8], stride: usize) -> impl Iterator<Item = u32> + '_ {
    let rows = rows.chunks(stride);
    rows.map_while(|row| Some(u32::from_be_bytes(*row.first_chunk()?)))
}

fn stored_track(trak: Reader<'_>, fields: &mut Vec<SizeFields>) -> StoredTrack {
    let id = trak.child(b"tkhd").and_then(|mut tkhd| {
        tkhd.dated().ok()?;
        tkhd.u32().ok()
    });
    let stbl = trak.child(b"mdia").and_then(|m| m.child(b"minf"));
    let stbl = stbl.and_then(|m| m.child(b"stbl"));
    StoredTrack {
        id: id.unwrap_or(0),
        runs: stbl.map_or_else(Vec::new, |s| chunks(&s, fields)),
        default_size: 0,
    }
}

/// One run for each chunk of a sample table.
fn chunks(stbl: &Reader<'_>, fields: &mut Vec<SizeFields>) -> Vec<SampleRun> {
    let sizes = stbl.child(b"stsz").and_then(|s| sizes(s, fields).ok());
    let sizes = sizes.unwrap_or_default();
    // First chunk, from 1, and samples of a chunk from there on.
    let per_chunk = stbl.child(b"stsc").map_or(&[][..], entries).chunks(12);
    let per_chunk: Vec<(u32, u32)> = per_chunk
        .map_while(|row| column(row, 4).next().zip(column(row, 4).nth(1)))
        .collect();
    let mut left = sizes.as_slice();
    let mut runs = Vec::new();
    for (number, start) in (1u32..).zip(offsets(stbl)) {
        let entry = per_chunk.partition_point(|(first, _)| *first <= number);
        let count = entry.checked_sub(1).and_then(|e| per_chunk.get(e));
        let count = count.map_or(0, |(_, count)| *count as usize);
        let (here, rest) = left.split_at(count.min(left.len()));
        runs.push(SampleRun::new(start, here.iter().copied()));
        left = rest;
    }
    runs
}

fn sizes(mut stsz: Reader<'_>, fields: &mut Vec<SizeFields>) -> Result<Vec<u32>, Fault> {
    stsz.full()?;
    let common_at = stsz.offset();
    let (common, count) = (stsz.u32()?, stsz.u32()? as usize);
    let count = count.min(MAX_TRACK_SAMPLES);
    if common > 0 {
        fields.push(SizeFields::one(common_at));
        return Ok(vec![common; count]);
    }
    let sizes: Vec<u32> = column(stsz.rest(), 4).take(count).collect();
    fields.push(SizeFields {
        at: stsz.offset(),
        stride: 4,
        count: sizes.len(),
    });
    Ok(sizes)
}

fn offsets(stbl: &Reader<'_>) -> Vec<u64> {
    if let Some(stco) = stbl.child(b"stco") {
        return column(entries(stco), 4).map(u64::from).collect();
    }
    let long = stbl.child(b"co64").map_or(&[][..], entries).chunks(8);
    long.map_while(|row| Some(u64::from_be_bytes(*row.first_chunk()?)))
        .collect()
}

/// The rows of a table after its version, flags and count.
fn entries<'a>(table: Reader<'a>) -> &'a [u8] {
    table.rest().get(8..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{FragmentSpec, SampleSpec};
    use crate::{boxed, full_box, words};

    /// A box of anything inside others, as a hostile file has them.
    fn nested(kinds: &[&[u8; 4]], content: &[u8]) -> Vec<u8> {
        kinds
            .iter()
            .rev()
            .fold(content.to_vec(), |inner, kind| boxed(kind, &inner))
    }

    #[test]
    fn sizes_and_offsets_of_chunks_become_runs_and_every_sample_one_byte() {
        let stbl = [
            full_box(b"stsz", 0, 0, &words(&[0, 3, 10, 20, 0])),
            full_box(b"stsc", 0, 0, &words(&[2, 1, 2, 1, 2, 1, 1])),
            full_box(b"stco", 0, 0, &words(&[2, 100, 500])),
        ]
        .concat();
        let tkhd = full_box(b"tkhd", 0, 3, &words(&[0, 0, 7]));
        let tables = nested(&[b"mdia", b"minf", b"stbl"], &stbl);
        let mut moov = nested(&[b"moov", b"trak"], &[tkhd, tables].concat());
        let (map, fields) = SampleMap::read(&moov);
        assert_eq!(map.tracks[0].id, 7);
        let run = |start, ends: &[u64]| SampleRun {
            start,
            ends: ends.to_vec(),
        };
        assert_eq!(map.tracks[0].runs, [run(100, &[10, 30]), run(500, &[0])]);
        fields.iter().for_each(|f| f.shrink(&mut moov));
        let (shrunk, _) = SampleMap::read(&moov);
        assert_eq!(shrunk.tracks[0].runs, [run(100, &[1, 2]), run(500, &[0])]);
    }

    #[test]
    fn a_fragment_is_mapped_as_it_is_read_strictly() {
        let spec = FragmentSpec {
            samples: vec![SampleSpec::idr(1_000, 700), SampleSpec::slice(1_000, 90)],
            ..FragmentSpec::default()
        };
        let file = spec.bytes();
        let (strict, _) = crate::fragments(&file, &crate::TrackDefaults::default());
        let mut map = SampleMap::default();
        map.tracks.push(StoredTrack {
            id: 1,
            ..StoredTrack::default()
        });
        let moof = &file[..to_usize(strict[0].moof.end)];
        let fields = map.add_fragment(moof, 0);
        let run = &map.tracks[0].runs[0];
        assert_eq!(run.start, strict[0].samples[0].offset);
        assert_eq!(run.end(), strict[0].mdat.end);
        let mut shrunk = moof.to_vec();
        fields.iter().for_each(|f| f.shrink(&mut shrunk));
        let (shrunk, _) = crate::fragments(&shrunk, &crate::TrackDefaults::default());
        assert!(shrunk[0].samples.iter().all(|s| s.size == 1));
    }

    proptest! {
        #[test]
        fn tables_of_any_content_never_panic(
            table in prop::sample::select(vec![b"stsz", b"stsc", b"stco", b"co64"]), content in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut moov = nested(&[b"moov", b"trak", b"mdia", b"minf", b"stbl", table], &content);
            let (_, fields) = SampleMap::read(&moov);
            fields.iter().for_each(|f| f.shrink(&mut moov));
        }

        #[test]
        fn fragments_of_any_content_never_panic(
            head in prop::collection::vec(any::<u8>(), 0..32), run in prop::collection::vec(any::<u8>(), 0..64), at in any::<u64>(),
        ) {
            let inner = [nested(&[b"tfhd"], &head), nested(&[b"trun"], &run)].concat();
            let mut moof = nested(&[b"moof", b"traf"], &inner);
            let id = head.get(4..8).map_or(0, |b| u32::from_be_bytes(b.try_into().unwrap()));
            let mut map = SampleMap::default();
            map.tracks.push(StoredTrack { id, ..StoredTrack::default() });
            let fields = map.add_fragment(&moof, at);
            fields.iter().for_each(|f| f.shrink(&mut moof));
        }
    }
}
