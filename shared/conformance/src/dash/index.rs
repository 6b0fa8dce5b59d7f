//! The segment index `sidx` (ISO/IEC 14496-12, 8.16.3) of a file with all segments of a representation.

use reelsmith_isobmff::boxes;

/// One `sidx`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Ticks per second.
    pub timescale: u32,
    /// Earliest presentation time of the first subsegment, in ticks.
    pub earliest: u64,
    pub entries: Vec<IndexEntry>,
}

/// A reference of a `sidx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Whether it references another `sidx` instead of media.
    pub is_index: bool,
    /// Offset of the first byte in the file.
    pub offset: u64,
    /// Size in bytes.
    pub size: u64,
    /// Duration in ticks.
    pub duration: u64,
    /// Whether the subsegment starts with a stream access point.
    pub starts_with_sap: bool,
}

impl Index {
    /// Reads the `sidx` at the start of `bytes`, which lie at `offset` in the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &[u8], offset: u64) -> Result<Self, String> {
        let mut walk = boxes(bytes);
        let Some(sidx) = walk.by_ref().find(|b| &b.kind == b"sidx") else {
            let found = walk.fault().map_or("none".to_owned(), ToString::to_string);
            return Err(format!("expected a box \"sidx\", found {found}"));
        };
        let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let body = bytes.get(at(sidx.body)..at(sidx.end)).unwrap_or_default();
        Self::read_body(body, offset.saturating_add(sidx.end))
            .ok_or_else(|| "expected a complete box \"sidx\", found a shorter one".to_owned())
    }

    fn read_body(body: &[u8], anchor: u64) -> Option<Self> {
        let mut cursor = Cursor(body);
        let version = cursor.number(1)?;
        cursor.number(3)?;
        cursor.number(4)?;
        let timescale = u32::try_from(cursor.number(4)?).ok()?;
        let width = if version == 0 { 4 } else { 8 };
        let earliest = cursor.number(width)?;
        let first = cursor.number(width)?;
        cursor.number(2)?;
        let count = cursor.number(2)?;
        let mut offset = anchor.checked_add(first)?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let reference = cursor.number(4)?;
            let size = reference & 0x7fff_ffff;
            let duration = cursor.number(4)?;
            let sap = cursor.number(4)?;
            entries.push(IndexEntry {
                is_index: reference >> 31 == 1,
                offset,
                size,
                duration,
                starts_with_sap: sap >> 31 == 1,
            });
            offset = offset.checked_add(size)?;
        }
        Some(Self {
            timescale,
            earliest,
            entries,
        })
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// The next number of `width` bytes, big-endian.
    fn number(&mut self, width: usize) -> Option<u64> {
        let (head, rest) = self.0.split_at_checked(width)?;
        self.0 = rest;
        Some(head.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
    }
}
