//! Walking boxes and reading big-endian fields, every access bounded.

use std::fmt::Write as _;

use super::{Fault, fourcc};

/// One box, as offsets into the bytes that were walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxAt {
    /// Four-character code.
    pub kind: [u8; 4],
    /// First byte of the header.
    pub start: u64,
    /// Bytes of the header: 8, or 16 with a large size.
    pub header: u64,
    /// One past the last byte. Never past the end of what was walked.
    pub end: u64,
}

impl BoxAt {
    /// Offset of the first byte after the header.
    #[must_use]
    pub fn body(&self) -> u64 {
        self.start + self.header
    }
}

/// Walks the boxes of a byte slice; made by [`boxes`].
#[derive(Clone, Debug)]
pub struct Boxes<'a> {
    data: &'a [u8],
    pos: usize,
    fault: Option<Fault>,
}

/// The top-level boxes of `data`. A box that does not fit ends the walk; [`Boxes::fault`] then says why.
#[must_use]
pub fn boxes(data: &[u8]) -> Boxes<'_> {
    Boxes {
        data,
        pos: 0,
        fault: None,
    }
}

impl Boxes<'_> {
    /// Why the walk ended before the end of the bytes, once it has ended.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }
}

impl Iterator for Boxes<'_> {
    type Item = BoxAt;

    fn next(&mut self) -> Option<BoxAt> {
        if self.fault.is_some() || self.pos >= self.data.len() {
            return None;
        }
        let rest = self.data.get(self.pos..)?;
        match header(rest, rest.len() as u64) {
            Ok((kind, header, size)) => {
                let start = self.pos as u64;
                let end = start + size;
                self.pos = usize::try_from(end).unwrap_or(usize::MAX);
                Some(BoxAt {
                    kind,
                    start,
                    header,
                    end,
                })
            }
            Err((expected, found)) => {
                self.fault = Some(Fault::new(self.pos as u64, "box", expected, found));
                None
            }
        }
    }
}

/// Kind, header length and whole size of the box at the start of `data`, which has `room` bytes to its parent's end.
///
/// `data` may be cut short after the header: 16 bytes are enough.
pub(super) fn header(data: &[u8], room: u64) -> Result<([u8; 4], u64, u64), (String, String)> {
    let mut r = Reader::new(data, 0, "box");
    let short = |_| {
        (
            "a box header of 8 or 16 bytes".to_owned(),
            format!("{} bytes", data.len()),
        )
    };
    let size32 = r.u32().map_err(short)?;
    let kind = r.fourcc().map_err(short)?;
    let (head, size) = match size32 {
        0 => (8, room),
        1 => (16, r.u64().map_err(short)?),
        n => (8, u64::from(n)),
    };
    if size < head || size > room {
        return Err((
            format!(
                "a size of {head} to {room} bytes for box {:?}",
                fourcc(kind)
            ),
            size.to_string(),
        ));
    }
    Ok((kind, head, size))
}

/// A cursor over the body of one box. Errors name the box and the absolute offset.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    data: &'a [u8],
    pos: usize,
    base: u64,
    place: String,
}

impl<'a> Reader<'a> {
    /// A reader of `data`, whose first byte is at `base` in the file.
    pub(super) fn new(data: &'a [u8], base: u64, place: &str) -> Self {
        Self {
            data,
            pos: 0,
            base,
            place: place.to_owned(),
        }
    }

    /// Absolute offset of the next byte.
    pub(super) fn at(&self) -> u64 {
        self.base + self.pos as u64
    }

    pub(super) fn remaining(&self) -> usize {
        self.data.len() - self.pos
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.data.get(self.pos..).unwrap_or_default()
    }

    pub(super) fn fault(&self, expected: impl Into<String>, found: impl Into<String>) -> Fault {
        Fault::new(self.at(), &self.place, expected, found)
    }

    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], Fault> {
        let bytes = self.data.get(self.pos..self.pos.saturating_add(n));
        let bytes = bytes.ok_or_else(|| {
            self.fault(format!("{n} more bytes"), format!("{}", self.remaining()))
        })?;
        self.pos += n;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(super) fn i32(&mut self) -> Result<i32, Fault> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Fault> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(super) fn fourcc(&mut self) -> Result<[u8; 4], Fault> {
        self.array()
    }

    /// Version and flags of a full box.
    pub(super) fn full(&mut self) -> Result<(u8, u32), Fault> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0x00ff_ffff))
    }

    /// A 32 or 64 bit field, by the version of its box.
    pub(super) fn by_version(&mut self, version: u8) -> Result<u64, Fault> {
        if version == 0 {
            Ok(u64::from(self.u32()?))
        } else {
            self.u64()
        }
    }

    /// The boxes in what is left, each with a reader of its body.
    pub(super) fn children(&self) -> Vec<([u8; 4], Self)> {
        let rest = self.rest();
        let mut out = Vec::new();
        for b in boxes(rest) {
            let body = rest.get(b.body() as usize..b.end as usize);
            let mut place = self.place.clone();
            let _ = write!(place, "/{}", fourcc(b.kind));
            out.push((
                b.kind,
                Self::new(body.unwrap_or_default(), self.at() + b.body(), &place),
            ));
        }
        out
    }

    /// The first child of a kind.
    pub(super) fn child(&self, kind: &[u8; 4]) -> Option<Self> {
        self.children()
            .into_iter()
            .find(|(k, _)| k == kind)
            .map(|(_, r)| r)
    }

    /// The first child of a kind, or the fault that it is missing.
    pub(super) fn need(&self, kind: &[u8; 4]) -> Result<Self, Fault> {
        self.child(kind)
            .ok_or_else(|| self.fault(format!("a box {:?}", fourcc(*kind)), "none"))
    }
}
