//! Walking boxes and reading big-endian fields. Every access is checked against the bytes that are there.

use std::fmt;

use crate::{Fault, fourcc};

/// Kind and position of a box. Offsets count from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxHeader {
    pub kind: [u8; 4],
    /// Offset of the header's first byte.
    pub start: u64,
    /// Offset of the first byte after the header, which has 8 bytes, or 16 with a large size.
    pub body: u64,
    /// Offset one past the last byte. Never past the end of the parent.
    pub end: u64,
}

impl BoxHeader {
    /// Reads the header at the start of `data`, which lies at `start` in the file, in a parent that ends at `limit`.
    ///
    /// `data` may be cut off after the header: 16 bytes are enough.
    ///
    /// # Errors
    /// A [`Fault`] if the header is cut off, or the box does not fit into its parent.
    pub fn read(data: &[u8], start: u64, limit: u64) -> Result<Self, Fault> {
        Self::read_in(data, start, limit, Path::default())
    }

    fn read_in(data: &[u8], start: u64, limit: u64, path: Path) -> Result<Self, Fault> {
        let mut r = Reader {
            data,
            pos: 0,
            base: start,
            path,
        };
        let short = |_| {
            let found = format!("{} bytes", data.len());
            Fault::new(start, path, "a box header of 8 or 16 bytes", found)
        };
        let room = limit.saturating_sub(start);
        let size32 = r.u32().map_err(short)?;
        let kind = r.fourcc().map_err(short)?;
        let (header, size) = match size32 {
            0 => (8, room),
            1 => (16, r.u64().map_err(short)?),
            n => (8, u64::from(n)),
        };
        if size < header || size > room {
            let name = fourcc(kind);
            let expected = format!("a size of {header} to {room} bytes for box {name:?}");
            return Err(Fault::new(start, path, expected, size.to_string()));
        }
        Ok(Self {
            kind,
            start,
            body: start + header,
            end: start + size,
        })
    }
}

/// Iterator over the boxes of a parent, made by [`boxes`] and [`Reader::boxes`].
#[derive(Clone, Debug)]
pub struct Boxes<'a> {
    reader: Reader<'a>,
    fault: Option<Fault>,
}

/// The boxes at the top level of a file or segment. A box that does not fit ends the walk; [`Boxes::fault`] then gives
/// the reason.
pub fn boxes(data: &[u8]) -> Boxes<'_> {
    Reader::new(data).boxes()
}

impl Boxes<'_> {
    /// Why the walk ended before the end of the bytes; `None` if it has not, or has not yet.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }
}

impl Iterator for Boxes<'_> {
    type Item = BoxHeader;

    fn next(&mut self) -> Option<BoxHeader> {
        let rest = self.reader.rest();
        if self.fault.is_some() || rest.is_empty() {
            return None;
        }
        let start = self.reader.offset();
        let limit = start + rest.len() as u64;
        match BoxHeader::read_in(rest, start, limit, self.reader.path) {
            Ok(found) => {
                self.reader.pos += to_usize(found.end - start);
                Some(found)
            }
            Err(fault) => {
                self.fault = Some(fault);
                None
            }
        }
    }
}

/// The boxes around a position, outermost first; for messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path {
    kinds: [[u8; 4]; 12],
    depth: usize,
}

impl Path {
    /// Nothing that is read lies deeper than `moov/trak/mdia/minf/stbl/stsd/encv/sinf/schi/tenc`.
    fn join(mut self, kind: [u8; 4]) -> Self {
        if let Some(slot) = self.kinds.get_mut(self.depth) {
            *slot = kind;
            self.depth += 1;
        }
        self
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.kinds[..self.depth]
            .iter()
            .map(|k| fourcc(*k))
            .collect();
        f.write_str(if names.is_empty() { "file" } else { "" })?;
        f.write_str(&names.join("/"))
    }
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.to_string()
    }
}

macro_rules! numbers {
    ($($name:ident)*) => {$(
        /// The next number, big-endian.
        pub fn $name(&mut self) -> Result<$name, Fault> {
            Ok($name::from_be_bytes(self.array()?))
        }
    )*};
}

/// A cursor over the body of one box, or over a whole file. Its faults name the box and the offset in the file.
///
/// Strict users pass the [`Fault`] on. Users that must live with any file that another program wrote take `.ok()` and
/// go without the value.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    data: &'a [u8],
    pos: usize,
    base: u64,
    path: Path,
}

impl<'a> Reader<'a> {
    /// A reader of a whole file or segment.
    pub fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            pos: 0,
            base: 0,
            path: Path::default(),
        }
    }

    /// A reader of the body of the box `header`, if only that body was read from the file.
    pub fn of_body(header: &BoxHeader, body: &'a [u8]) -> Self {
        Self {
            data: body,
            pos: 0,
            base: header.body,
            path: Path::default().join(header.kind),
        }
    }

    /// Offset of the next byte in the file.
    pub fn offset(&self) -> u64 {
        self.base + self.pos as u64
    }

    /// The bytes that were not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.data.get(self.pos..).unwrap_or_default()
    }

    /// A fault at the next byte.
    pub fn fault(&self, expected: impl Into<String>, found: impl Into<String>) -> Fault {
        Fault::new(self.offset(), self.path, expected, found)
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// A [`Fault`] if fewer are left, as from every method that reads.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Fault> {
        let bytes = self
            .rest()
            .get(..n)
            .ok_or_else(|| self.fault(format!("{n} more bytes"), self.rest().len().to_string()))?;
        self.pos += n;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    numbers!(u8 u16 u32 i32 u64);

    /// A four-character code.
    pub fn fourcc(&mut self) -> Result<[u8; 4], Fault> {
        self.array()
    }

    /// Version and flags of a full box.
    pub fn full(&mut self) -> Result<(u8, u32), Fault> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0x00ff_ffff))
    }

    /// The version of `mvhd`, `tkhd` or `mdhd`; skips the creation and modification times that follow it.
    pub fn dated(&mut self) -> Result<u8, Fault> {
        let (version, _) = self.full()?;
        self.take(if version == 0 { 8 } else { 16 })?;
        Ok(version)
    }

    /// A field of 32 bits in version 0 of its box and of 64 bits in later ones.
    pub fn by_version(&mut self, version: u8) -> Result<u64, Fault> {
        if version == 0 {
            Ok(u64::from(self.u32()?))
        } else {
            self.u64()
        }
    }

    /// The headers of the boxes in what is left.
    pub fn boxes(&self) -> Boxes<'a> {
        Boxes {
            reader: *self,
            fault: None,
        }
    }

    /// The boxes in what is left: kind, and a reader of the body. Ends at a box that does not fit.
    pub fn children(self) -> impl Iterator<Item = ([u8; 4], Self)> {
        self.boxes().map(move |b| (b.kind, self.body(&b)))
    }

    /// Readers of the children of a kind.
    pub fn all(self, kind: &[u8; 4]) -> impl Iterator<Item = Self> {
        self.children()
            .filter(move |(k, _)| k == kind)
            .map(|(_, r)| r)
    }

    /// The first child of a kind.
    pub fn child(&self, kind: &[u8; 4]) -> Option<Self> {
        self.all(kind).next()
    }

    /// The first child of a kind.
    ///
    /// # Errors
    /// The fault that it is missing, or the one that hides it: a box before it that does not fit.
    pub fn need(&self, kind: &[u8; 4]) -> Result<Self, Fault> {
        let mut boxes = self.boxes();
        match boxes.find(|b| b.kind == *kind) {
            Some(found) => Ok(self.body(&found)),
            None => Err(boxes
                .fault
                .unwrap_or_else(|| self.fault(format!("a box {:?}", fourcc(*kind)), "none"))),
        }
    }

    fn body(&self, header: &BoxHeader) -> Self {
        let range = to_usize(header.body - self.base)..to_usize(header.end - self.base);
        Self {
            data: self.data.get(range).unwrap_or_default(),
            pos: 0,
            base: header.body,
            path: self.path.join(header.kind),
        }
    }
}

/// Offsets in memory; `usize::MAX`, which lies outside of every slice, for what no memory can hold.
pub(crate) fn to_usize(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
