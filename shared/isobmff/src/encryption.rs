//! The structure of sample encryption (ISO/IEC 23001-7, 7 and 9).

use crate::{Fault, Reader};

/// `senc` of one sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SampleEncryption {
    /// Bytes of the entry in `senc`.
    pub(crate) size: u32,
    /// Bytes in the clear and encrypted bytes of each subsample; empty if the whole sample is encrypted.
    pub(crate) subsamples: Vec<(u16, u32)>,
}

impl SampleEncryption {
    /// The encrypted ranges of a sample of `length` bytes, in order. Neighbours are joined.
    pub(crate) fn protected(&self, length: usize) -> Vec<(usize, usize)> {
        if self.subsamples.is_empty() {
            return vec![(0, length)];
        }
        let (mut at, mut ranges) = (0usize, Vec::<(usize, usize)>::new());
        for (clear, encrypted) in &self.subsamples {
            at = at.saturating_add(usize::from(*clear));
            let end = at.saturating_add(*encrypted as usize);
            match ranges.last_mut() {
                Some(last) if last.1 == at => last.1 = end,
                _ if end > at => ranges.push((at, end)),
                _ => {}
            }
            at = end;
        }
        ranges
    }

    /// Bytes that the subsamples describe.
    pub(crate) fn described(&self) -> u64 {
        let sizes = self.subsamples.iter();
        sizes
            .map(|(clear, encrypted)| u64::from(*clear) + u64::from(*encrypted))
            .sum()
    }
}

/// The boxes of a track fragment about encryption.
#[derive(Clone, Debug, Default)]
pub(crate) struct FragmentEncryption {
    /// `senc`, as read; `None` without one.
    pub(crate) samples: Option<Result<Vec<SampleEncryption>, Fault>>,
    /// Offset of the first entry of `senc` in the file.
    pub(crate) first_entry: u64,
    /// Sizes that `saiz` gives.
    pub(crate) sizes: Option<Vec<u8>>,
    /// Offset that `saio` gives.
    pub(crate) offset: Option<u64>,
    /// Whether sample groups may change keys and vectors (`seig`).
    pub(crate) grouped: bool,
}

impl FragmentEncryption {
    /// Reads `senc`, `saiz` and `saio` of a `traf` whose samples have vectors of `iv_size` bytes.
    pub(crate) fn read(traf: &Reader<'_>, iv_size: u8, max_samples: usize) -> Self {
        let mut groups = traf.all(b"sbgp").chain(traf.all(b"sgpd"));
        let mut found = Self {
            grouped: groups.any(|mut group| {
                group.full().is_ok() && group.fourcc().is_ok_and(|kind| kind == *b"seig")
            }),
            sizes: traf
                .child(b"saiz")
                .and_then(|saiz| sizes(saiz, max_samples)),
            offset: traf.child(b"saio").and_then(offset),
            ..Self::default()
        };
        if let Some(mut senc) = traf.child(b"senc") {
            found.samples = Some(entries(
                &mut senc,
                iv_size,
                max_samples,
                &mut found.first_entry,
            ));
        }
        found
    }
}

fn entries(
    r: &mut Reader<'_>,
    iv_size: u8,
    max_samples: usize,
    first: &mut u64,
) -> Result<Vec<SampleEncryption>, Fault> {
    let (_, flags) = r.full()?;
    let count = r.u32()? as usize;
    *first = r.offset();
    if count != max_samples {
        let expected = format!("{max_samples} entries, one for each sample");
        return Err(r.fault(expected, count.to_string()));
    }
    let mut list = Vec::new();
    for _ in 0..count {
        let start = r.offset();
        r.take(usize::from(iv_size))?;
        let mut subsamples = Vec::new();
        if flags & 2 != 0 {
            for _ in 0..r.u16()? {
                subsamples.push((r.u16()?, r.u32()?));
            }
        }
        list.push(SampleEncryption {
            size: u32::try_from(r.offset() - start).unwrap_or(u32::MAX),
            subsamples,
        });
    }
    if !r.rest().is_empty() {
        let found = format!("{} more bytes", r.rest().len());
        return Err(r.fault("entries that fill senc", found));
    }
    Ok(list)
}

fn sizes(mut r: Reader<'_>, max_samples: usize) -> Option<Vec<u8>> {
    let (_, flags) = r.full().ok()?;
    r.take(if flags & 1 != 0 { 8 } else { 0 }).ok()?;
    let (default, count) = (r.u8().ok()?, r.u32().ok()? as usize);
    if default > 0 {
        return Some(vec![default; count.min(max_samples.saturating_add(1))]);
    }
    Some(r.take(count).ok()?.to_vec())
}

fn offset(mut r: Reader<'_>) -> Option<u64> {
    let (version, flags) = r.full().ok()?;
    r.take(if flags & 1 != 0 { 8 } else { 0 }).ok()?;
    let count = r.u32().ok()?;
    let first = r.by_version(version).ok()?;
    (count == 1).then_some(first)
}
