//! Measuring a segment by ranged reads, without doing them: the caller asks what is needed and feeds it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::fragment::{Fragment, give_mdat, name, read_moof};
use super::init::{NalCoding, NalFormat, TrackDefaults, brands};
use super::reader::{BoxAt, Reader, header};
use super::{Fault, MAX_SAMPLES, fourcc};

/// The first read: small segments are measured by this one alone.
const FIRST_READ: u64 = 64 * 1024;
/// What is read where only a header or the head of a picture is wanted.
const SMALL_READ: u64 = 4 * 1024;
/// Greatest `moof` or other small box that is read: an hour of samples fits.
const MAX_BOX: u64 = 8 * 1024 * 1024;
/// Most NAL units that are looked at in search of a fragment's first picture.
const MAX_NALS: usize = 32;
/// Most reads of one segment: a file with a fragment for every second of eighteen hours.
const MAX_READS: u32 = 65_536;
/// Most faults that are kept: one broken segment must not flood a report.
const MAX_FAULTS: usize = 16;

/// What stands at the start of a fragment's first video sample.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstPicture {
    /// Types of the NAL units up to and including the first slice.
    pub nal_types: Vec<u8>,
    /// Whether that slice belongs to an IDR picture; `None` where no slice was found.
    pub idr: Option<bool>,
}

impl FirstPicture {
    /// Whether the sample itself carries parameter sets, which `avc1` and `hvc1` forbid.
    #[must_use]
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
    /// Brands of `styp`, major first; empty where there is none.
    pub brands: Vec<String>,
    /// Every fragment.
    pub fragments: Vec<Fragment>,
    /// The first picture of each fragment, in their order; `None` for media without NAL units.
    pub first_pictures: Vec<Option<FirstPicture>>,
    /// Everything that is not as it must be.
    pub faults: Vec<Fault>,
}

impl SegmentFacts {
    /// Decoding time of the first sample in ticks.
    #[must_use]
    pub fn start(&self) -> Option<u64> {
        self.fragments.first().map(|f| f.tfdt)
    }

    /// The fragments of the first fragment's track: all of them, where there is one track as CMAF asks for.
    pub fn of_track(&self) -> impl Iterator<Item = &Fragment> {
        let track = self.fragments.first().map(|f| f.track_id);
        self.fragments
            .iter()
            .filter(move |f| Some(f.track_id) == track)
    }

    /// Duration of all samples in ticks.
    #[must_use]
    pub fn duration(&self) -> u64 {
        self.of_track().map(Fragment::duration).sum()
    }

    /// Number of samples.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.of_track().map(|f| f.samples.len() as u64).sum()
    }

    /// Whether decoding can start at the segment's start; `None` where there is no picture to tell.
    #[must_use]
    pub fn starts_with_idr(&self) -> Option<bool> {
        self.first_pictures.first()?.as_ref()?.idr
    }
}

#[derive(Clone, Debug)]
enum State {
    /// The next box starts at this offset.
    Box(u64),
    /// The NAL unit at `nal` of the sample that ends at `end`, of the fragment at this index.
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
    /// Bytes that were fed last, and their offset.
    window: (u64, Vec<u8>),
    want: Option<Range<u64>>,
    budget: usize,
    reads: u32,
    facts: SegmentFacts,
    /// Fragments whose first picture was not looked at yet start here.
    seen: usize,
}

impl SegmentScan {
    /// A scan of a segment of `size` bytes.
    #[must_use]
    pub fn new(size: u64, defaults: TrackDefaults) -> Self {
        let mut scan = Self {
            size,
            defaults,
            state: State::Box(0),
            window: (0, Vec::new()),
            want: Some(0..size.min(FIRST_READ)),
            budget: MAX_SAMPLES,
            reads: 0,
            facts: SegmentFacts {
                size,
                ..SegmentFacts::default()
            },
            seen: 0,
        };
        if size == 0 {
            scan.fault(Fault::new(0, "segment", "at least one fragment", "0 bytes"));
            scan.stop();
        }
        scan
    }

    /// The range to read next; `None` once the segment is measured.
    #[must_use]
    pub fn need(&self) -> Option<Range<u64>> {
        self.want.clone()
    }

    /// Takes bytes that were read at `offset`. Bytes that do not help are a fault and end the scan: it cannot loop.
    pub fn feed(&mut self, offset: u64, bytes: &[u8]) {
        let Some(want) = self.want.take() else {
            return;
        };
        let got = offset..offset.saturating_add(bytes.len() as u64);
        if got.start > want.start || got.end < want.end {
            self.fault(Fault::new(
                want.start,
                "segment",
                format!("bytes {} to {}", want.start, want.end),
                format!("bytes {} to {}", got.start, got.end),
            ));
            self.stop();
            return;
        }
        self.reads += 1;
        if self.reads > MAX_READS {
            let found = "more".to_owned();
            self.fault(Fault::new(
                want.start,
                "segment",
                format!("at most {MAX_READS} reads"),
                found,
            ));
            self.stop();
            return;
        }
        self.window = (offset, bytes.to_vec());
        while self.want.is_none() && !matches!(self.state, State::Done) {
            self.step();
        }
    }

    /// What was found. A scan that still needs bytes is a fault of its own.
    #[must_use]
    pub fn finish(mut self) -> SegmentFacts {
        if let Some(want) = self.want.take() {
            let expected = format!("bytes {} to {}", want.start, want.end);
            self.fault(Fault::new(want.start, "segment", expected, "none"));
        }
        if self.facts.fragments.is_empty() && self.facts.faults.is_empty() {
            self.fault(Fault::new(0, "segment", "at least one fragment", "none"));
        }
        self.facts
            .first_pictures
            .resize(self.facts.fragments.len(), None);
        self.facts
    }

    /// Measures a segment that is wholly in memory.
    #[must_use]
    pub fn whole(data: &[u8], defaults: TrackDefaults) -> SegmentFacts {
        let mut scan = Self::new(data.len() as u64, defaults);
        while let Some(range) = scan.need() {
            let inside = usize::try_from(range.start)
                .ok()
                .zip(usize::try_from(range.end).ok());
            // Only what is asked for: a scan keeps a copy of what it is fed.
            let bytes = inside.and_then(|(start, end)| data.get(start..end));
            scan.feed(range.start, bytes.unwrap_or_default());
        }
        scan.finish()
    }

    fn fault(&mut self, fault: Fault) {
        if self.facts.faults.len() < MAX_FAULTS {
            self.facts.faults.push(fault);
        }
    }

    fn stop(&mut self) {
        self.state = State::Done;
        self.want = None;
    }

    /// The bytes of `range`, or `None` after asking for at least them.
    fn view(&mut self, range: Range<u64>, read_ahead: u64) -> Option<Vec<u8>> {
        let (offset, bytes) = &self.window;
        let inside = range.start.checked_sub(*offset).and_then(|from| {
            let from = usize::try_from(from).ok()?;
            let to = from.checked_add(usize::try_from(range.end - range.start).ok()?)?;
            bytes.get(from..to)
        });
        if let Some(found) = inside {
            return Some(found.to_vec());
        }
        let end = range.end.max(range.start.saturating_add(read_ahead));
        self.want = Some(range.start..end.min(self.size).max(range.end));
        None
    }

    fn step(&mut self) {
        match self.state {
            State::Box(pos) => self.step_box(pos),
            State::Picture { fragment, nal, end } => self.step_picture(fragment, nal, end),
            State::Done => {}
        }
    }

    fn step_box(&mut self, pos: u64) {
        if pos >= self.size {
            self.stop();
            return;
        }
        let Some(head) = self.view(pos..pos.saturating_add(16).min(self.size), SMALL_READ) else {
            return;
        };
        match header(&head, self.size - pos) {
            Ok((kind, header, size)) => self.enter(BoxAt {
                kind,
                start: pos,
                header,
                end: pos + size,
            }),
            Err((expected, found)) => {
                self.fault(Fault::new(pos, "box", expected, found));
                self.stop();
            }
        }
    }

    fn enter(&mut self, b: BoxAt) {
        match &b.kind {
            b"mdat" => {
                give_mdat(&mut self.facts.fragments, b.start..b.end);
                self.state = State::Box(b.end);
                self.next_picture(b.end);
            }
            b"moof" | b"styp" => {
                if b.end - b.start > MAX_BOX {
                    let expected = format!("at most {MAX_BOX} bytes of {}", name(&b));
                    let found = format!("{}", b.end - b.start);
                    self.fault(Fault::new(b.start, "box", expected, found));
                    self.stop();
                } else if let Some(body) = self.view(b.body()..b.end, SMALL_READ) {
                    self.read_small(b, &body);
                    self.state = State::Box(b.end);
                }
            }
            _ => self.state = State::Box(b.end),
        }
    }

    fn read_small(&mut self, b: BoxAt, body: &[u8]) {
        if &b.kind == b"styp" {
            match brands(Reader::new(body, b.body(), &fourcc(b.kind))) {
                Ok((major, rest)) => self.facts.brands = [vec![major], rest].concat(),
                Err(fault) => self.fault(fault),
            }
            return;
        }
        let mut faults = Vec::new();
        read_moof(
            body,
            b,
            &self.defaults,
            &mut self.budget,
            &mut self.facts.fragments,
            &mut faults,
        );
        faults.into_iter().for_each(|f| self.fault(f));
    }

    /// Turns to the next fragment whose picture was not looked at; `resume` is where the walk goes on where there is none.
    fn next_picture(&mut self, resume: u64) {
        self.state = State::Box(resume);
        while let Some(fragment) = self.facts.fragments.get(self.seen) {
            let index = self.seen;
            self.seen += 1;
            let ours = fragment.track_id == self.defaults.track_id && self.defaults.nal.is_some();
            if let Some(sample) = fragment.samples.first().copied().filter(|_| ours) {
                let end = sample.offset.saturating_add(sample.size.into());
                self.facts.first_pictures.resize(index, None);
                self.facts
                    .first_pictures
                    .push(Some(FirstPicture::default()));
                self.state = State::Picture {
                    fragment: index,
                    nal: sample.offset,
                    end: end.min(self.size),
                };
                return;
            }
        }
    }

    fn step_picture(&mut self, fragment: usize, nal: u64, end: u64) {
        let Some(NalFormat {
            coding,
            length_size,
        }) = self.defaults.nal
        else {
            self.stop();
            return;
        };
        let head_end = nal.saturating_add(u64::from(length_size)).saturating_add(1);
        let resume = self
            .facts
            .fragments
            .get(fragment)
            .map_or(self.size, |f| f.mdat.end);
        if head_end > end {
            self.next_picture(resume);
            return;
        }
        let Some(head) = self.view(nal..head_end, SMALL_READ) else {
            return;
        };
        let (length, kind) = nal_head(&head, coding);
        let done = self.note_nal(fragment, kind, coding);
        let next = nal
            .saturating_add(u64::from(length_size))
            .saturating_add(length);
        if done || length == 0 {
            self.next_picture(resume);
        } else {
            self.state = State::Picture {
                fragment,
                nal: next,
                end,
            };
        }
    }

    /// Notes one NAL unit; true once the first slice, or too many others, were seen.
    fn note_nal(&mut self, fragment: usize, kind: u8, coding: NalCoding) -> bool {
        let Some(Some(picture)) = self.facts.first_pictures.get_mut(fragment) else {
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
