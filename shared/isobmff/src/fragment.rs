//! Fragments: `moof` and `mdat` as samples with offsets in the file (ISO/IEC 14496-12, 8.8).

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::encryption::FragmentEncryption;
use crate::reader::BoxHeader;
use crate::{Fault, MAX_SAMPLES, Reader, TrackDefaults, boxes};

/// What the data offsets of a fragment count from (ISO/IEC 14496-12, 8.8.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataBase {
    /// `default-base-is-moof`, which CMAF demands.
    Moof,
    /// An absolute `base_data_offset`.
    Absolute,
    /// Neither is given: the first track counts from the `moof`, later ones from the end of the one before.
    Implied,
}

/// One track fragment with its media data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    /// Bytes of the `moof`.
    pub moof: Range<u64>,
    /// Bytes of the `mdat` that follows, header included; empty if there is none.
    pub mdat: Range<u64>,
    /// `mfhd.sequence_number`.
    pub sequence: u32,
    pub track_id: u32,
    /// `tfdt.baseMediaDecodeTime`: decoding time of the first sample, in ticks.
    pub tfdt: u64,
    pub base: DataBase,
    /// The samples in decoding order.
    pub samples: Vec<Sample>,
}

/// One sample: a frame of video, an access unit of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Size in bytes.
    pub size: u32,
    /// Duration in ticks.
    pub duration: u32,
    /// Presentation less decoding time, in ticks.
    pub cts: i32,
    /// Whether decoding can start here (`sample_is_non_sync_sample` is 0).
    pub sync: bool,
}

impl Fragment {
    /// Duration of all samples in ticks.
    pub fn duration(&self) -> u64 {
        self.samples.iter().map(|s| u64::from(s.duration)).sum()
    }

    /// Decoding time one past the last sample.
    pub fn end(&self) -> u64 {
        self.tfdt.saturating_add(self.duration())
    }

    /// Earliest presentation time in ticks.
    pub fn first_presentation(&self) -> Option<i64> {
        self.presentations().min()
    }

    /// Presentation times in ticks, in decoding order.
    pub fn presentations(&self) -> impl Iterator<Item = i64> + '_ {
        let mut time = i64::try_from(self.tfdt).unwrap_or(i64::MAX);
        self.samples.iter().map(move |s| {
            let pts = time.saturating_add(i64::from(s.cts));
            time = time.saturating_add(i64::from(s.duration));
            pts
        })
    }

    /// The samples that are not wholly inside the `mdat`'s payload.
    pub fn stray_samples(&self) -> impl Iterator<Item = &Sample> {
        let start = self.mdat.start + 8.min(self.mdat.end - self.mdat.start);
        let end = self.mdat.end;
        self.samples
            .iter()
            .filter(move |s| s.offset < start || s.offset.saturating_add(s.size.into()) > end)
    }
}

/// All fragments of a file or segment, and what is wrong with it. Boxes that are not fragments are skipped.
pub fn fragments(data: &[u8], defaults: &TrackDefaults) -> (Vec<Fragment>, Vec<Fault>) {
    let mut found = Fragments::new(defaults.clone());
    let mut walk = boxes(data);
    for b in walk.by_ref() {
        match &b.kind {
            b"moof" => {
                let body = data.get(b.body as usize..b.end as usize);
                found.add_moof(&b, body.unwrap_or_default());
            }
            b"mdat" => found.add_mdat(&b),
            _ => {}
        }
    }
    if let Some(fault) = walk.fault() {
        found.fault(fault.clone());
    }
    (found.list, found.faults)
}

/// Most faults that are kept of a file: one that is broken must not flood memory or a report.
const MAX_FAULTS: usize = 16;

/// The fragments of a file as they are read, box by box.
#[derive(Clone, Debug)]
pub(crate) struct Fragments {
    defaults: TrackDefaults,
    /// How many samples may still be read.
    budget: usize,
    pub(crate) list: Vec<Fragment>,
    /// The boxes about encryption of each fragment.
    pub(crate) encryption: Vec<FragmentEncryption>,
    pub(crate) faults: Vec<Fault>,
}

impl Fragments {
    pub(crate) fn new(defaults: TrackDefaults) -> Self {
        Self {
            defaults,
            budget: MAX_SAMPLES,
            list: Vec::new(),
            encryption: Vec::new(),
            faults: Vec::new(),
        }
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }

    /// Gives an `mdat` to the fragments of the last `moof`, unless they have one.
    pub(crate) fn add_mdat(&mut self, mdat: &BoxHeader) {
        let Some(last) = self.list.last().map(|f| f.moof.clone()) else {
            return;
        };
        let fresh = self.list.iter_mut().rev();
        let fresh = fresh.take_while(|f| f.moof == last && f.mdat.is_empty());
        fresh.for_each(|f| f.mdat = mdat.start..mdat.end);
    }

    /// Reads the body of a `moof`; every `traf` becomes a fragment.
    pub(crate) fn add_moof(&mut self, header: &BoxHeader, body: &[u8]) {
        let moof = Reader::of_body(header, body);
        let sequence = sequence(&moof).unwrap_or_else(|fault| {
            self.fault(fault);
            0
        });
        let before = self.list.len();
        let mut previous = header.start;
        for traf in moof.all(b"traf") {
            match self.track_fragment(&traf, header, previous) {
                Ok((fragment, end)) => {
                    previous = end;
                    let iv_size = self.defaults.format.iv_size;
                    let samples = fragment.samples.len();
                    let encryption = FragmentEncryption::read(&traf, iv_size, samples);
                    self.encryption.push(encryption);
                    self.list.push(Fragment {
                        sequence,
                        ..fragment
                    });
                }
                Err(fault) => self.fault(fault),
            }
        }
        if self.list.len() == before && self.faults.is_empty() {
            self.fault(moof.fault("a box \"traf\"", "none"));
        }
    }

    /// A fragment without its sequence number, and where its data end.
    fn track_fragment(
        &mut self,
        traf: &Reader<'_>,
        moof: &BoxHeader,
        previous: u64,
    ) -> Result<(Fragment, u64), Fault> {
        let header = TrackHeader::read(traf, moof.start, previous)?;
        let defaults = if header.track_id == self.defaults.track_id {
            self.defaults.clone()
        } else {
            TrackDefaults::default()
        };
        let mut tfdt = traf.need(b"tfdt")?;
        let (version, _) = tfdt.full()?;
        let mut fragment = Fragment {
            moof: moof.start..moof.end,
            mdat: moof.end..moof.end,
            sequence: 0,
            track_id: header.track_id,
            tfdt: tfdt.by_version(version)?,
            base: header.base,
            samples: Vec::new(),
        };
        let mut next = header.offset;
        for trun in traf.all(b"trun") {
            let run = TrackRun::read(trun)?;
            next = run.start(&header, next);
            next = self.samples(&run, &header, &defaults, next, &mut fragment.samples)?;
        }
        Ok((fragment, next))
    }

    /// Appends the samples of a run that starts at `offset`; returns where its data end.
    fn samples(
        &mut self,
        run: &TrackRun<'_>,
        header: &TrackHeader,
        defaults: &TrackDefaults,
        mut offset: u64,
        samples: &mut Vec<Sample>,
    ) -> Result<u64, Fault> {
        let mut r = run.entries;
        for index in 0..run.count {
            // Without fields of their own, any number of samples can be declared in no bytes: the budget bounds it.
            self.budget = self.budget.checked_sub(1).ok_or_else(|| {
                let expected = format!("at most {MAX_SAMPLES} samples");
                r.fault(expected, format!("{} more", run.count))
            })?;
            let mut field = |bit: u32, default: u32| {
                if run.flags & bit != 0 {
                    r.u32()
                } else {
                    Ok(default)
                }
            };
            let duration = field(0x100, header.duration.unwrap_or(defaults.duration))?;
            let size = field(0x200, header.size.unwrap_or(defaults.size))?;
            let own = field(0x400, header.flags.unwrap_or(defaults.flags))?;
            let cts = field(0x800, 0)?.cast_signed();
            let flags = run.first_flags.filter(|_| index == 0).unwrap_or(own);
            samples.push(Sample {
                offset,
                size,
                duration,
                cts,
                sync: flags & 0x1_0000 == 0,
            });
            offset = offset.saturating_add(u64::from(size));
        }
        Ok(offset)
    }
}

fn sequence(moof: &Reader<'_>) -> Result<u32, Fault> {
    let mut r = moof.need(b"mfhd")?;
    r.full()?;
    r.u32()
}

/// `tfhd` (ISO/IEC 14496-12, 8.8.7).
pub(crate) struct TrackHeader {
    pub(crate) track_id: u32,
    base: DataBase,
    /// What data offsets count from, in the file.
    pub(crate) offset: u64,
    duration: Option<u32>,
    pub(crate) size: Option<u32>,
    /// Where `default_sample_size` is in the file.
    pub(crate) size_at: u64,
    flags: Option<u32>,
}

impl TrackHeader {
    /// Reads the `tfhd` of a `traf` in the `moof` at `moof`; `previous` is where the data of the track before it end.
    pub(crate) fn read(traf: &Reader<'_>, moof: u64, previous: u64) -> Result<Self, Fault> {
        let mut r = traf.need(b"tfhd")?;
        let (_, flags) = r.full()?;
        let track_id = r.u32()?;
        let (base, offset) = match flags {
            f if f & 1 != 0 => (DataBase::Absolute, r.u64()?),
            f if f & 0x02_0000 != 0 => (DataBase::Moof, moof),
            _ => (DataBase::Implied, previous),
        };
        let mut field = |bit: u32| {
            let at = r.offset();
            let value = if flags & bit != 0 {
                Some(r.u32()?)
            } else {
                None
            };
            Ok::<_, Fault>((at, value))
        };
        field(0x02)?;
        let (_, duration) = field(0x08)?;
        let (size_at, size) = field(0x10)?;
        let (_, flags) = field(0x20)?;
        Ok(Self {
            track_id,
            base,
            offset,
            duration,
            size,
            size_at,
            flags,
        })
    }
}

/// `trun` (ISO/IEC 14496-12, 8.8.8) up to its entries.
pub(crate) struct TrackRun<'a> {
    pub(crate) flags: u32,
    /// How many entries it declares.
    pub(crate) count: u32,
    data_offset: Option<i32>,
    first_flags: Option<u32>,
    pub(crate) entries: Reader<'a>,
}

impl<'a> TrackRun<'a> {
    pub(crate) fn read(mut r: Reader<'a>) -> Result<Self, Fault> {
        let (_, flags) = r.full()?;
        Ok(Self {
            flags,
            count: r.u32()?,
            data_offset: if flags & 1 != 0 { Some(r.i32()?) } else { None },
            first_flags: if flags & 4 != 0 { Some(r.u32()?) } else { None },
            entries: r,
        })
    }

    /// Where its data start in the file; `next` is where those of the run before it end.
    pub(crate) fn start(&self, header: &TrackHeader, next: u64) -> u64 {
        let offset = self.data_offset.map(i64::from);
        offset.map_or(next, |o| header.offset.saturating_add_signed(o))
    }
}
