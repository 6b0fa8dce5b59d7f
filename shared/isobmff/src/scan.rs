//! Measuring a segment by ranged reads without doing the reads: the caller asks which range is needed, and feeds it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::encryption::FragmentEncryption;
use crate::fragment::{Fragment, Fragments};
use crate::init::{NalCoding, TrackDefaults, brands};
use crate::reader::{BoxHeader, Reader, to_usize};
use crate::sample::{Defect, DefectKind, Examination, FirstPicture, SampleView};
use crate::samples::Inspector;
use crate::{Fault, fourcc};

/// The first read: small segments are measured by this one alone.
const FIRST_READ: u64 = 64 * 1024;
/// What is read if only a header is wanted.
const SMALL_READ: u64 = 4 * 1024;
/// What is read of samples at a time, unless one sample is larger.
const SAMPLE_READ: u64 = 512 * 1024;
/// Greatest sample that is looked into.
const MAX_SAMPLE: u64 = 32 * 1024 * 1024;
/// Greatest `moof` or `styp` that is read: an hour of samples fits.
const MAX_BOX: u64 = 8 * 1024 * 1024;
/// Most indexes that are compared with their fragments.
const MAX_INDEXES: usize = 2_000;
/// Most defects that are kept of a segment.
const MAX_DEFECTS: usize = 24;
/// Most reads of one segment: a file with a fragment for every second of eighteen hours.
const MAX_READS: u32 = 65_536;

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
    /// As what samples were looked into; `None` for a format that is not known.
    #[serde(default)]
    pub examined: Option<Examination>,
    /// What is wrong inside of samples, a few of each kind.
    #[serde(default)]
    pub defects: Vec<Defect>,
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
    /// At a sample of a fragment, both by their index.
    Sample { fragment: usize, sample: usize },
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
    inspector: Option<Inspector>,
    /// Number of samples that were looked at.
    samples: u64,
    /// Decoding time of the next sample.
    time: u64,
    indexes: Vec<SegmentIndex>,
}

/// `sidx` (ISO/IEC 14496-12, 8.16.3) as far as a segment can be compared with it.
#[derive(Clone, Copy, Debug)]
struct SegmentIndex {
    at: u64,
    /// Where its first subsegment starts.
    start: u64,
    timescale: u32,
    /// Bytes and ticks of all subsegments.
    size: u64,
    duration: u64,
    earliest: u64,
    /// Whether a reference is to another index.
    nested: bool,
}

impl SegmentScan {
    /// A scan of a segment of `size` bytes.
    pub fn new(size: u64, defaults: TrackDefaults) -> Self {
        let mut scan = Self {
            size,
            inspector: Inspector::new(&defaults.format),
            fragments: Fragments::new(defaults.clone()),
            defaults,
            state: State::Box(0),
            window: (0, Vec::new()),
            wanted: Some(0..size.min(FIRST_READ)),
            reads: 0,
            brands: Vec::new(),
            pictures: Vec::new(),
            samples: 0,
            time: 0,
            indexes: Vec::new(),
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
                State::Sample { fragment, sample } => self.step_sample(fragment, sample),
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
        let mut defects = Vec::new();
        let examined = self.inspector.as_ref().map(Inspector::examination);
        if let Some(inspector) = &mut self.inspector {
            inspector.finish();
            defects.append(&mut inspector.defects.list);
        }
        for (fragment, encryption) in found.list.iter().zip(&found.encryption) {
            if fragment.track_id == self.defaults.track_id {
                let wrong = wrong_encryption(fragment, encryption, &self.defaults);
                let kind = DefectKind::Encryption;
                defects.extend(wrong.map(|fault| Defect { kind, fault }));
            }
        }
        let indexes = self.indexes.iter();
        let mut wrong = indexes.filter_map(|index| wrong_index(index, &found.list, &self.defaults));
        defects.extend(wrong.next().map(|fault| Defect {
            kind: DefectKind::Index,
            fault,
        }));
        defects.truncate(MAX_DEFECTS);
        SegmentFacts {
            size: self.size,
            brands: self.brands,
            fragments: found.list,
            first_pictures: self.pictures,
            faults: found.faults,
            examined,
            defects,
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

    /// Whether the window has the bytes of `range`; asks for them, and `ahead` bytes at least, if it has not.
    fn has(&mut self, range: &Range<u64>, ahead: u64) -> bool {
        let (offset, bytes) = &self.window;
        let end = offset.saturating_add(bytes.len() as u64);
        if range.start >= *offset && range.end <= end {
            return true;
        }
        let ahead = range.start.saturating_add(ahead).min(self.size);
        self.wanted = Some(range.start..range.end.max(ahead));
        false
    }

    /// The bytes of `range`, or `None` after asking for them.
    fn view(&mut self, range: Range<u64>) -> Option<Vec<u8>> {
        let ahead = match self.inspector {
            // The samples after the box are read too.
            Some(_) => SAMPLE_READ,
            None => SMALL_READ,
        };
        let has = self.has(&range, ahead);
        has.then(|| slice(&self.window, &range).to_vec())
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
                self.next_fragment(b.end);
            }
            b"moof" | b"styp" | b"sidx" => {
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
        if &b.kind == b"sidx" {
            match SegmentIndex::read(Reader::of_body(b, body), b) {
                Ok(index) if self.indexes.len() < MAX_INDEXES => self.indexes.push(index),
                Ok(_) => {}
                Err(fault) => self.fragments.fault(fault),
            }
            return;
        }
        match brands(Reader::of_body(b, body)) {
            Ok((major, rest)) => self.brands = [vec![major], rest].concat(),
            Err(fault) => self.fragments.fault(fault),
        }
    }

    /// Turns to the next fragment whose samples were not looked at, or else to the box at `resume`.
    fn next_fragment(&mut self, resume: u64) {
        self.state = State::Box(resume);
        while let Some(fragment) = self.fragments.list.get(self.pictures.len()) {
            // Samples outside of the mdat are not those of this fragment: another rule reports them.
            let stray = fragment.stray_samples().next().is_some() || fragment.samples.is_empty();
            let ours = fragment.track_id == self.defaults.track_id && !stray;
            let inspector = self.inspector.as_ref().filter(|_| ours);
            let examined = inspector.map(Inspector::examination);
            let video = matches!(examined, Some(Examination::Nal | Examination::Frames));
            self.time = fragment.tfdt;
            self.pictures.push(video.then(FirstPicture::default));
            if inspector.is_some() {
                self.state = State::Sample {
                    fragment: self.pictures.len() - 1,
                    sample: 0,
                };
                return;
            }
        }
    }

    fn step_sample(&mut self, fragment: usize, index: usize) {
        let Some(found) = self.fragments.list.get(fragment) else {
            self.state = State::Done;
            return;
        };
        let Some(sample) = found.samples.get(index).copied() else {
            let resume = found.mdat.end;
            self.next_fragment(resume);
            return;
        };
        let end = sample.offset.saturating_add(sample.size.into());
        let range = sample.offset..end;
        let skipped = u64::from(sample.size) > MAX_SAMPLE;
        if !skipped && !self.has(&range, SAMPLE_READ) {
            return;
        }
        let time = self.time;
        self.time = time.saturating_add(sample.duration.into());
        self.samples += 1;
        self.state = State::Sample {
            fragment,
            sample: index + 1,
        };
        let Some(inspector) = self.inspector.as_mut().filter(|_| !skipped) else {
            return;
        };
        let encryption = self.fragments.encryption.get(fragment);
        let entries = encryption.and_then(|e| e.samples.as_ref()?.as_ref().ok());
        let time = i64::try_from(time).unwrap_or(i64::MAX);
        let picture = inspector.sample(SampleView {
            data: slice(&self.window, &range),
            number: self.samples,
            at: sample.offset,
            sync: sample.sync,
            leads: index == 0,
            presentation: time.saturating_add(sample.cts.into()),
            encryption: entries.and_then(|e| e.get(index)),
        });
        if let (0, Some(picture)) = (index, picture)
            && let Some(slot) = self.pictures.get_mut(fragment)
        {
            *slot = Some(picture);
        }
    }
}

/// The bytes of `range` in a window; none if it is not inside.
fn slice<'a>((offset, bytes): &'a (u64, Vec<u8>), range: &Range<u64>) -> &'a [u8] {
    let at = |n: u64| to_usize(n.saturating_sub(*offset));
    bytes
        .get(at(range.start)..at(range.end))
        .unwrap_or_default()
}

impl SegmentIndex {
    fn read(mut r: Reader<'_>, header: &BoxHeader) -> Result<Self, Fault> {
        let (version, _) = r.full()?;
        r.u32()?;
        let timescale = r.u32()?;
        let earliest = r.by_version(version)?;
        let first = r.by_version(version)?;
        let mut index = Self {
            at: header.start,
            start: header.end.saturating_add(first),
            timescale,
            size: 0,
            duration: 0,
            earliest,
            nested: false,
        };
        for _ in 0..r.u32()? & 0xffff {
            let word = r.u32()?;
            index.nested |= word >> 31 != 0;
            index.size = index.size.saturating_add(u64::from(word & 0x7fff_ffff));
            index.duration = index.duration.saturating_add(r.u32()?.into());
            r.u32()?;
        }
        Ok(index)
    }
}

/// How an index differs from the fragments that it describes.
fn wrong_index(index: &SegmentIndex, list: &[Fragment], defaults: &TrackDefaults) -> Option<Fault> {
    let end = index.start.saturating_add(index.size);
    let inside = |f: &&Fragment| f.moof.start >= index.start && f.moof.start < end;
    let ours = list.iter().filter(|f| f.track_id == defaults.track_id);
    let ours: Vec<&Fragment> = ours.filter(inside).collect();
    // An index of indexes is not that of one segment; one of another timescale is that of another track.
    if index.nested || index.timescale != defaults.timescale {
        return None;
    }
    let fault = |expected: String, found: u64| {
        Some(Fault::new(index.at, "sidx", expected, found.to_string()))
    };
    let last = list
        .iter()
        .rfind(inside)
        .map_or(index.start, |f| f.mdat.end);
    if last != end || ours.is_empty() {
        return fault(
            format!("subsegments that end with a fragment, at byte {last}"),
            end,
        );
    }
    let duration: u64 = ours.iter().map(|f| f.duration()).sum();
    let start = u64::try_from(defaults.media_start).unwrap_or(0);
    let untrimmed = index.duration == duration;
    if !untrimmed && index.duration != duration.saturating_sub(start) {
        return fault(format!("subsegments of {duration} ticks"), index.duration);
    }
    // Packagers write the time before or after the edit list.
    let earliest = ours.iter().filter_map(|f| f.first_presentation()).min()?;
    let shown = earliest.saturating_sub(defaults.media_start);
    let same = |time: i64| u64::try_from(time.max(0)).is_ok_and(|t| t == index.earliest);
    if !same(earliest) && !same(shown) {
        let expected = format!("the earliest presentation time {shown}");
        return fault(expected, index.earliest);
    }
    None
}

/// How the boxes about encryption contradict the samples (ISO/IEC 23001-7, 7).
fn wrong_encryption(
    fragment: &Fragment,
    found: &FragmentEncryption,
    defaults: &TrackDefaults,
) -> Option<Fault> {
    let format = &defaults.format;
    let fault = |expected: String, found: String| {
        Some(Fault::new(
            fragment.moof.start,
            "moof/traf/senc",
            expected,
            found,
        ))
    };
    if found.grouped {
        return None;
    }
    if !format.encrypted {
        let stray = found.samples.is_some() || found.sizes.is_some();
        return stray.then(|| {
            fault(
                "no senc in a track in the clear".to_owned(),
                "senc".to_owned(),
            )
        })?;
    }
    let samples = match &found.samples {
        Some(Ok(samples)) => samples,
        Some(Err(fault)) => return Some(fault.clone()),
        None if format.iv_size > 0 => {
            // Without senc, saio may lead to the vectors elsewhere.
            let elsewhere = found.offset.is_some() && found.sizes.is_some();
            return (!elsewhere).then(|| {
                fault(
                    "senc with a vector for each sample".to_owned(),
                    "none".to_owned(),
                )
            })?;
        }
        None => return None,
    };
    for (index, (entry, sample)) in samples.iter().zip(&fragment.samples).enumerate() {
        let described = entry.described();
        if !entry.subsamples.is_empty() && described != u64::from(sample.size) {
            let expected = format!(
                "subsamples of {} bytes for sample {}",
                sample.size,
                index + 1
            );
            return fault(expected, described.to_string());
        }
    }
    if let Some(sizes) = &found.sizes {
        let same = sizes.len() == samples.len()
            && sizes
                .iter()
                .zip(samples)
                .all(|(size, entry)| u32::from(*size) == entry.size);
        if !same {
            return fault("the sizes of saiz".to_owned(), "other sizes".to_owned());
        }
    }
    let base = match fragment.base {
        crate::DataBase::Moof => fragment.moof.start,
        _ => return None,
    };
    let offset = found.offset.map(|o| base.saturating_add(o));
    if let Some(offset) = offset.filter(|o| *o != found.first_entry) {
        return fault(
            format!("saio that leads to byte {}", found.first_entry),
            offset.to_string(),
        );
    }
    None
}

fn named(range: &Range<u64>) -> String {
    format!("bytes {} to {}", range.start, range.end)
}
