//! Measuring a segment by ranged reads without doing the reads: the caller asks which range is needed, and feeds it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::fragment::{Fragment, Fragments};
use crate::init::{NalCoding, TrackDefaults, brands};
use crate::reader::{BoxHeader, Reader, to_usize};
use crate::{Fault, fourcc};

/// The first read: small segments are measured by this one alone.
const FIRST_READ: u64 = 64 * 1024;
/// What is read if only a header or the head of a picture is wanted.
const SMALL_READ: u64 = 4 * 1024;
/// Greatest `moof` or `styp` that is read: an hour of samples fits.
const MAX_BOX: u64 = 8 * 1024 * 1024;
/// Most NAL units that are read in search of a fragment's first picture.
const MAX_NALS: usize = 32;
/// Most reads of one segment: a file with a fragment for every second of eighteen hours.
const MAX_READS: u32 = 65_536;

/// The start of a fragment's first video sample.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstPicture {
    /// Types of the NAL units up to and including the first slice.
    pub nal_types: Vec<u8>,
    /// Whether that slice belongs to an IDR picture; `None` if no slice was found.
    pub idr: Option<bool>,
}

impl FirstPicture {
    /// Whether the sample itself carries parameter sets, which `avc1` and `hvc1` forbid.
    pub fn has_parameter_sets(&self, coding: NalCoding) -> bool {
        let sets = match coding {
            NalCoding::Avc => 7..=8,
            NalCoding::Hevc => 32..=34,
        };
        self.nal_types.iter().any(|t| sets.contains(t))
    }
}

/// What measuring a segment found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentFacts {
    /// Size of the segment in bytes.
    pub size: u64,
    /// Brands of `styp`, major first; empty without one.
    pub brands: Vec<String>,
    pub fragments: Vec<Fragment>,
    /// The first picture of each fragment, in their order; `None` for media without NAL units.
    pub first_pictures: Vec<Option<FirstPicture>>,
    /// Everything that could not be read, at most 16.
    pub faults: Vec<Fault>,
}

impl SegmentFacts {
    /// Decoding time of the first sample in ticks.
    pub fn start(&self) -> Option<u64> {
        self.fragments.first().map(|f| f.tfdt)
    }

    /// The fragments of the first fragment's track: all of them if there is one track, as CMAF demands.
    pub fn of_track(&self) -> impl Iterator<Item = &Fragment> {
        let track = self.fragments.first().map(|f| f.track_id);
        self.fragments
            .iter()
            .filter(move |f| Some(f.track_id) == track)
    }

    /// Duration of all samples in ticks.
    pub fn duration(&self) -> u64 {
        self.of_track().map(Fragment::duration).sum()
    }

    /// Number of samples.
    pub fn samples(&self) -> u64 {
        self.of_track().map(|f| f.samples.len() as u64).sum()
    }

    /// Whether decoding can start at the segment's start; `None` without a picture.
    pub fn starts_with_idr(&self) -> Option<bool> {
        self.first_pictures.first()?.as_ref()?.idr
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The next box starts at this offset.
    Box(u64),
    /// Looking for the first picture of the fragment with index `fragment`: at the NAL unit `nal` of the sample that ends
    /// at `end`.
    Picture { fragment: usize, nal: u64, end: u64 },
    /// All is read, or nothing more can be.
    Done,
}

/// Measures one segment. Ask [`SegmentScan::need`], read that range, [`SegmentScan::feed`] it, until nothing is needed.
#[derive(Clone, Debug)]
pub struct SegmentScan {
    size: u64,
    defaults: TrackDefaults,
    state: State,
    /// The bytes that were fed last, and their offset.
    window: (u64, Vec<u8>),
    wanted: Option<Range<u64>>,
    reads: u32,
    brands: Vec<String>,
    fragments: Fragments,
    /// The first picture of each fragment that was looked at, in order.
    pictures: Vec<Option<FirstPicture>>,
}

impl SegmentScan {
    /// A scan of a segment of `size` bytes.
    pub fn new(size: u64, defaults: TrackDefaults) -> Self {
        let mut scan = Self {
            size,
            defaults,
            state: State::Box(0),
            window: (0, Vec::new()),
            wanted: Some(0..size.min(FIRST_READ)),
            reads: 0,
            brands: Vec::new(),
            fragments: Fragments::new(defaults),
            pictures: Vec::new(),
        };
        if size == 0 {
            scan.stop(0, "at least one fragment", "0 bytes");
        }
        scan
    }

    /// The range to read next; `None` once the segment is measured.
    pub fn need(&self) -> Option<Range<u64>> {
        self.wanted.clone()
    }

    /// Takes bytes that were read at `offset`. Bytes that do not help are a fault and end the scan: it cannot loop.
    pub fn feed(&mut self, offset: u64, bytes: &[u8]) {
        let Some(wanted) = self.wanted.take() else {
            return;
        };
        let got = offset..offset.saturating_add(bytes.len() as u64);
        if got.start > wanted.start || got.end < wanted.end {
            self.stop(wanted.start, named(&wanted), named(&got));
            return;
        }
        self.reads += 1;
        if self.reads > MAX_READS {
            self.stop(wanted.start, format!("at most {MAX_READS} reads"), "more");
            return;
        }
        self.window = (offset, bytes.to_vec());
        while self.wanted.is_none() {
            match self.state {
                State::Box(at) => self.step_box(at),
                State::Picture { fragment, nal, end } => self.step_picture(fragment, nal, end),
                State::Done => return,
            }
        }
    }

    /// What was found. A scan that still needs bytes is a fault of its own.
    pub fn finish(mut self) -> SegmentFacts {
        if let Some(wanted) = self.wanted.take() {
            self.stop(wanted.start, named(&wanted), "none");
        }
        let mut found = self.fragments;
        if found.list.is_empty() && found.faults.is_empty() {
            let fault = Fault::new(0, "segment", "at least one fragment", "none");
            found.fault(fault);
        }
        self.pictures.resize(found.list.len(), None);
        SegmentFacts {
            size: self.size,
            brands: self.brands,
            fragments: found.list,
            first_pictures: self.pictures,
            faults: found.faults,
        }
    }

    /// Measures a segment that is wholly in memory.
    pub fn whole(data: &[u8], defaults: TrackDefaults) -> SegmentFacts {
        let mut scan = Self::new(data.len() as u64, defaults);
        while let Some(range) = scan.need() {
            // Only what is asked for: a scan keeps a copy of what it is fed.
            let bytes = data.get(to_usize(range.start)..to_usize(range.end));
            scan.feed(range.start, bytes.unwrap_or_default());
        }
        scan.finish()
    }

    /// Ends the scan for a reason.
    fn stop(&mut self, at: u64, expected: impl Into<String>, found: impl Into<String>) {
        let fault = Fault::new(at, "segment", expected, found);
        self.fragments.fault(fault);
        self.state = State::Done;
    }

    /// The bytes of `range`, or `None` after asking for them and `SMALL_READ` bytes at least.
    fn view(&mut self, range: Range<u64>) -> Option<Vec<u8>> {
        let (offset, bytes) = &self.window;
        let inside = range.start.checked_sub(*offset).and_then(|from| {
            let to = range.end.checked_sub(*offset)?;
            bytes.get(to_usize(from)..to_usize(to))
        });
        if let Some(found) = inside {
            return Some(found.to_vec());
        }
        let ahead = range.start.saturating_add(SMALL_READ).min(self.size);
        self.wanted = Some(range.start..range.end.max(ahead));
        None
    }

    fn step_box(&mut self, at: u64) {
        if at >= self.size {
            self.state = State::Done;
            return;
        }
        let Some(head) = self.view(at..at.saturating_add(16).min(self.size)) else {
            return;
        };
        let b = match BoxHeader::read(&head, at, self.size) {
            Ok(header) => header,
            Err(fault) => {
                self.fragments.fault(fault);
                self.state = State::Done;
                return;
            }
        };
        match &b.kind {
            b"mdat" => {
                self.fragments.add_mdat(&b);
                self.next_picture(b.end);
            }
            b"moof" | b"styp" => {
                let size = b.end - b.start;
                if size > MAX_BOX {
                    let expected = format!("at most {MAX_BOX} bytes of {}", fourcc(b.kind));
                    self.stop(b.start, expected, size.to_string());
                } else if let Some(body) = self.view(b.body..b.end) {
                    self.read_small(&b, &body);
                    self.state = State::Box(b.end);
                }
            }
            _ => self.state = State::Box(b.end),
        }
    }

    fn read_small(&mut self, b: &BoxHeader, body: &[u8]) {
        if &b.kind == b"moof" {
            self.fragments.add_moof(b, body);
            return;
        }
        match brands(Reader::of_body(b, body)) {
            Ok((major, rest)) => self.brands = [vec![major], rest].concat(),
            Err(fault) => self.fragments.fault(fault),
        }
    }

    /// Turns to the next fragment whose picture was not looked at, or else to the box at `resume`.
    fn next_picture(&mut self, resume: u64) {
        self.state = State::Box(resume);
        while let Some(fragment) = self.fragments.list.get(self.pictures.len()) {
            let ours = fragment.track_id == self.defaults.track_id && self.defaults.nal.is_some();
            let sample = fragment.samples.first().filter(|_| ours);
            self.pictures.push(sample.map(|_| FirstPicture::default()));
            if let Some(sample) = sample {
                let end = sample.offset.saturating_add(sample.size.into());
                self.state = State::Picture {
                    fragment: self.pictures.len() - 1,
                    nal: sample.offset,
                    end: end.min(self.size),
                };
                return;
            }
        }
    }

    fn step_picture(&mut self, fragment: usize, nal: u64, end: u64) {
        let resume = self.fragments.list.get(fragment);
        let resume = resume.map_or(self.size, |f| f.mdat.end);
        let Some(format) = self.defaults.nal else {
            self.state = State::Box(resume);
            return;
        };
        let length_end = nal.saturating_add(u64::from(format.length_size));
        let head_end = length_end.saturating_add(1);
        if head_end > end {
            self.next_picture(resume);
            return;
        }
        let Some(head) = self.view(nal..head_end) else {
            return;
        };
        let (length, kind) = nal_head(&head, format.coding);
        if self.note_nal(fragment, kind, format.coding) || length == 0 {
            self.next_picture(resume);
        } else {
            self.state = State::Picture {
                fragment,
                nal: length_end.saturating_add(length),
                end,
            };
        }
    }

    /// Notes one NAL unit; returns whether the first slice, or too many others, were seen.
    fn note_nal(&mut self, fragment: usize, kind: u8, coding: NalCoding) -> bool {
        let Some(Some(picture)) = self.pictures.get_mut(fragment) else {
            return true;
        };
        picture.nal_types.push(kind);
        picture.idr = match (coding, kind) {
            (NalCoding::Avc, 1..=5) => Some(kind == 5),
            (NalCoding::Hevc, 0..=31) => Some(matches!(kind, 19 | 20)),
            _ => None,
        };
        picture.idr.is_some() || picture.nal_types.len() >= MAX_NALS
    }
}

fn named(range: &Range<u64>) -> String {
    format!("bytes {} to {}", range.start, range.end)
}

/// Length and type of the NAL unit whose length field and first byte these are.
fn nal_head(head: &[u8], coding: NalCoding) -> (u64, u8) {
    let (last, length) = head.split_last().unwrap_or((&0, &[]));
    let length = length.iter().fold(0, |n, b| (n << 8) | u64::from(*b));
    let kind = match coding {
        NalCoding::Avc => last & 0x1f,
        NalCoding::Hevc => (last >> 1) & 0x3f,
    };
    (length, kind)
}
