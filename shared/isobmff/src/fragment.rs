//! Fragments: `moof` and `mdat` as samples with absolute offsets.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::reader::{BoxAt, Reader, boxes};
use super::{Fault, MAX_SAMPLES, TrackDefaults, fourcc};

/// What the data offsets of a fragment count from (ISO/IEC 14496-12, 8.8.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataBase {
    /// `default-base-is-moof`: what CMAF asks for.
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
    /// Bytes of the `mdat` that follows, header included; empty where there is none.
    pub mdat: Range<u64>,
    /// `mfhd.sequence_number`.
    pub sequence: u32,
    /// `tfhd.track_ID`.
    pub track_id: u32,
    /// `tfdt.baseMediaDecodeTime`: decoding time of the first sample, in ticks.
    pub tfdt: u64,
    /// What data offsets count from.
    pub base: DataBase,
    /// The samples in decoding order.
    pub samples: Vec<Sample>,
}

/// One sample: a frame of video, an access unit of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Offset of its first byte in the bytes that were given.
    pub offset: u64,
    /// Bytes.
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
    #[must_use]
    pub fn duration(&self) -> u64 {
        self.samples.iter().map(|s| u64::from(s.duration)).sum()
    }

    /// Decoding time one past the last sample.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.tfdt.saturating_add(self.duration())
    }

    /// Earliest presentation time in ticks.
    #[must_use]
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

/// All fragments of a file or segment, and what is wrong with it. Boxes that are not fragments are passed over.
#[must_use]
pub fn fragments(data: &[u8], defaults: &TrackDefaults) -> (Vec<Fragment>, Vec<Fault>) {
    let (mut out, mut faults) = (Vec::new(), Vec::new());
    let mut budget = MAX_SAMPLES;
    let mut walk = boxes(data);
    for b in walk.by_ref() {
        match &b.kind {
            b"moof" => {
                let body = data.get(b.body() as usize..b.end as usize);
                read_moof(
                    body.unwrap_or_default(),
                    b,
                    defaults,
                    &mut budget,
                    &mut out,
                    &mut faults,
                );
            }
            b"mdat" => give_mdat(&mut out, b.start..b.end),
            _ => {}
        }
    }
    faults.extend(walk.fault().cloned());
    (out, faults)
}

/// Gives the `mdat` at `range` to the fragments of the last `moof`, where they have none yet.
pub(super) fn give_mdat(fragments: &mut [Fragment], range: Range<u64>) {
    let Some(last) = fragments.last().map(|f| f.moof.clone()) else {
        return;
    };
    let fresh = fragments.iter_mut().rev();
    let fresh = fresh.take_while(|f| f.moof == last && f.mdat.is_empty());
    fresh.for_each(|f| f.mdat = range.clone());
}

/// Reads the body of the `moof` at `at`; every `traf` becomes a fragment. `budget` is how many samples may still be read.
pub(super) fn read_moof(
    body: &[u8],
    at: BoxAt,
    defaults: &TrackDefaults,
    budget: &mut usize,
    out: &mut Vec<Fragment>,
    faults: &mut Vec<Fault>,
) {
    let moof = Reader::new(body, at.body(), "moof");
    let sequence = match sequence(&moof) {
        Ok(n) => n,
        Err(fault) => {
            faults.push(fault);
            0
        }
    };
    let before = out.len();
    for (kind, traf) in moof.children() {
        if &kind == b"traf" {
            match read_traf(&traf, at, sequence, defaults, budget) {
                Ok(fragment) => out.push(fragment),
                Err(fault) => faults.push(fault),
            }
        }
    }
    if out.len() == before && faults.is_empty() {
        faults.push(moof.fault("a box \"traf\"", "none"));
    }
}

fn sequence(moof: &Reader<'_>) -> Result<u32, Fault> {
    let mut r = moof.need(b"mfhd")?;
    r.full()?;
    r.u32()
}

/// `tfhd` with the defaults of the track filled in.
struct Header {
    track_id: u32,
    base: DataBase,
    offset: u64,
    duration: u32,
    size: u32,
    flags: u32,
}

fn read_traf(
    traf: &Reader<'_>,
    at: BoxAt,
    sequence: u32,
    defaults: &TrackDefaults,
    budget: &mut usize,
) -> Result<Fragment, Fault> {
    let header = read_tfhd(traf.need(b"tfhd")?, at.start, defaults)?;
    let mut r = traf.need(b"tfdt")?;
    let (version, _) = r.full()?;
    let mut fragment = Fragment {
        moof: at.start..at.end,
        mdat: at.end..at.end,
        sequence,
        track_id: header.track_id,
        tfdt: r.by_version(version)?,
        base: header.base,
        samples: Vec::new(),
    };
    let mut next = header.offset;
    for (kind, mut trun) in traf.children() {
        if &kind == b"trun" {
            next = read_trun(&mut trun, &header, next, budget, &mut fragment.samples)?;
        }
    }
    Ok(fragment)
}

fn read_tfhd(mut r: Reader<'_>, moof: u64, defaults: &TrackDefaults) -> Result<Header, Fault> {
    let (_, flags) = r.full()?;
    let track_id = r.u32()?;
    let known = TrackDefaults {
        track_id,
        ..TrackDefaults::default()
    };
    let defaults = if track_id == defaults.track_id {
        defaults
    } else {
        &known
    };
    let base_offset = if flags & 1 != 0 { Some(r.u64()?) } else { None };
    if flags & 2 != 0 {
        r.u32()?;
    }
    let mut field = |bit: u32, default: u32| {
        if flags & bit != 0 {
            r.u32()
        } else {
            Ok(default)
        }
    };
    Ok(Header {
        track_id,
        base: match base_offset {
            Some(_) => DataBase::Absolute,
            None if flags & 0x02_0000 != 0 => DataBase::Moof,
            None => DataBase::Implied,
        },
        offset: base_offset.unwrap_or(moof),
        duration: field(0x08, defaults.duration)?,
        size: field(0x10, defaults.size)?,
        flags: field(0x20, defaults.flags)?,
    })
}

/// Appends the samples of a `trun`; returns where the data of the next one starts.
fn read_trun(
    r: &mut Reader<'_>,
    header: &Header,
    next: u64,
    budget: &mut usize,
    samples: &mut Vec<Sample>,
) -> Result<u64, Fault> {
    let (_, flags) = r.full()?;
    let count = r.u32()?;
    let mut offset = if flags & 1 != 0 {
        header.offset.saturating_add_signed(i64::from(r.i32()?))
    } else {
        next
    };
    let first_flags = if flags & 4 != 0 { Some(r.u32()?) } else { None };
    for index in 0..count {
        // Without per-sample fields a declared count costs no bytes: the budget is what bounds it.
        *budget = budget.checked_sub(1).ok_or_else(|| {
            r.fault(
                format!("at most {MAX_SAMPLES} samples"),
                format!("{count} more"),
            )
        })?;
        let mut field = |bit: u32, default: u32| {
            if flags & bit != 0 {
                r.u32()
            } else {
                Ok(default)
            }
        };
        let duration = field(0x100, header.duration)?;
        let size = field(0x200, header.size)?;
        let own = field(0x400, header.flags)?;
        let cts = field(0x800, 0)?.cast_signed();
        let flags = first_flags.filter(|_| index == 0).unwrap_or(own);
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

/// Names a box for a message.
pub(super) fn name(b: &BoxAt) -> String {
    fourcc(b.kind)
}
