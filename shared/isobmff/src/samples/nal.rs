//! NAL units in a sample (ISO/IEC 14496-15, 4.3), and what AVC and HEVC have in common.

use memchr::memmem;

use crate::bits::unescape;
use crate::sample::{DefectKind, Defects, SampleView};

/// Bytes of a slice that are read for its header; the longest headers, with weights for every reference, fit.
pub(super) const SLICE_HEAD: usize = 1_024;
/// Blocks of 32 bytes that may repeat eight bytes in arithmetically coded data.
const CODED_RUN: usize = 4;
/// Zeros at the end of a NAL unit that are passed.
const MAX_TRAILING_ZEROS: usize = 32;
/// Most NAL units of a sample: a picture of 8K has at most 600 slices.
const MAX_NALS: usize = 4_096;

/// A NAL unit in a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nal<'a> {
    pub(super) data: &'a [u8],
    /// Offset in the sample.
    pub(super) at: usize,
    /// How many of its first bytes are in the clear.
    pub(super) clear: usize,
}

impl<'a> Nal<'a> {
    pub(super) fn encrypted(&self) -> bool {
        self.clear < self.data.len()
    }

    /// The start of the content after the header, without emulation prevention bytes.
    pub(super) fn head(&self, header: usize) -> Vec<u8> {
        let clear = self.data.get(..self.clear).unwrap_or(self.data);
        unescape(clear.get(header..).unwrap_or_default(), SLICE_HEAD)
    }
}

/// Splits a sample into its NAL units. Stops at the first length that does not fit.
pub(super) fn split<'a>(
    sample: SampleView<'a>,
    length_size: u8,
    header: usize,
    defects: &mut Defects,
) -> Vec<Nal<'a>> {
    let mut nals = Vec::new();
    let mut rest = sample.data;
    let length_size = usize::from(length_size);
    let encrypted = sample.encryption.map(|e| e.protected(sample.data.len()));
    if rest.is_empty() {
        defects.add(
            DefectKind::Unit,
            0,
            "at least one NAL unit",
            "an empty sample",
        );
    }
    while !rest.is_empty() {
        let at = sample.data.len() - rest.len();
        let Some((length, body)) = rest.split_at_checked(length_size) else {
            let expected = format!("a NAL unit length of {length_size} bytes");
            defects.add(
                DefectKind::Unit,
                at,
                expected,
                format!("{} bytes", rest.len()),
            );
            break;
        };
        let length = length.iter().fold(0, |n, b| n << 8 | usize::from(*b));
        let Some((data, tail)) = body.split_at_checked(length).filter(|_| length >= header) else {
            let expected = format!("a NAL unit of {header} to {} bytes", body.len());
            defects.add(DefectKind::Unit, at, expected, length.to_string());
            break;
        };
        if nals.len() >= MAX_NALS {
            let expected = format!("at most {MAX_NALS} NAL units");
            defects.add(DefectKind::Unit, at, expected, "more");
            break;
        }
        let start = at + length_size;
        let clear = clear_bytes(encrypted.as_deref(), start, data.len());
        if clear < header {
            let expected = "a NAL unit length and header in the clear";
            defects.add(DefectKind::Encryption, start, expected, "encrypted");
            break;
        }
        nals.push(Nal {
            data,
            at: start,
            clear,
        });
        rest = tail;
    }
    nals
}

/// How many of the first bytes of a NAL unit are in the clear.
fn clear_bytes(protected: Option<&[(usize, usize)]>, start: usize, length: usize) -> usize {
    let ranges = protected.unwrap_or_default();
    let next = ranges.partition_point(|(_, end)| *end <= start);
    let first = ranges.get(next).map_or(usize::MAX, |(from, _)| *from);
    first.saturating_sub(start).min(length)
}

/// Checks the bytes of a NAL unit: no start code is emulated (ISO/IEC 14496-10, 7.4.1). A few zeros at the end are passed:
/// encoders of cameras leave those of a byte stream.
pub(super) fn check_bytes(nal: &Nal<'_>, defects: &mut Defects) {
    if nal.encrypted() {
        return;
    }
    let zeros = nal.data.iter().rev().take(MAX_TRAILING_ZEROS);
    let zeros = zeros.take_while(|b| **b == 0).count();
    let data = nal.data.get(..nal.data.len() - zeros).unwrap_or_default();
    let mut from = 0;
    while let Some(found) = data.get(from..).and_then(|d| memmem::find(d, &[0, 0])) {
        let at = from + found;
        let wrong = match data.get(at + 2..) {
            Some([0..=2, ..]) => true,
            Some([3, next, ..]) => *next > 3,
            _ => false,
        };
        if wrong {
            let expected = "no start code inside a NAL unit";
            let found = data.get(at..).and_then(|d| d.get(..4)).unwrap_or_default();
            defects.add(
                DefectKind::Picture,
                nal.at + at,
                expected,
                format!("{found:02x?}"),
            );
            return;
        }
        from = at + 3;
    }
}

/// Reports a parameter set in a sample that is not valid, or that is not allowed there because the sample entry does not have
/// it.
pub(super) fn check_parameters(nal: &Nal<'_>, valid: bool, allowed: bool, defects: &mut Defects) {
    let expected = match (valid, allowed) {
        (false, _) => "a valid parameter set",
        (true, false) => "a parameter set of the sample entry",
        (true, true) => return,
    };
    defects.add(DefectKind::Parameters, nal.at, expected, "another");
}

/// Reports an illegal value at a bit of a slice header that was read from `length` bytes. The header of an encrypted slice may
/// end in the encrypted part.
pub(super) fn illegal_header(
    nal: &Nal<'_>,
    bit: usize,
    length: usize,
    expected: &'static str,
    defects: &mut Defects,
) {
    let ended = bit + 32 > length * 8;
    if !(nal.encrypted() && ended) {
        defects.add(DefectKind::Picture, nal.at, expected, "another value");
    }
}

/// Checks that coded data do not repeat the same eight bytes: entropy coding leaves no such patterns.
pub(super) fn check_run(data: &[u8], at: usize, blocks: usize, defects: &mut Defects) {
    if let Some((found, byte)) = long_run(data, blocks) {
        let expected = "coded data without repetition";
        let found_text = format!("{byte:#04x} and the bytes after it again and again");
        defects.add(DefectKind::Picture, at + found, expected, found_text);
    }
}

/// The shortest run of blocks that arithmetically coded data cannot have.
pub(super) fn coded_run() -> usize {
    CODED_RUN
}

/// Finds `blocks` blocks of 32 bytes, one after the other, that repeat the same eight bytes.
pub(crate) fn long_run(data: &[u8], blocks: usize) -> Option<(usize, u8)> {
    let (mut run, mut last) = (0, 0);
    for (index, block) in data.chunks_exact(32).enumerate() {
        let (words, _) = block.as_chunks::<8>();
        let word = |i: usize| words.get(i).map_or(0, |w| u64::from_ne_bytes(*w));
        let first = word(0);
        let same = first == word(1) && first == word(2) && first == word(3);
        run = match same {
            true if run > 0 && first == last => run + 1,
            true => 1,
            false => 0,
        };
        last = first;
        if run >= blocks.max(1) {
            return Some(((index + 1 - run) * 32, block.first().copied().unwrap_or(0)));
        }
    }
    None
}

/// Checks the sizes of the messages of supplemental enhancement information (ISO/IEC 14496-10, 7.3.2.3).
pub(super) fn check_sei(nal: &Nal<'_>, header: usize, defects: &mut Defects) {
    if nal.encrypted() {
        return;
    }
    let content = nal.data.get(header..).unwrap_or_default();
    let rbsp = unescape(content, content.len());
    let end = rbsp.iter().rposition(|b| *b != 0).unwrap_or(0);
    let mut rest = rbsp.get(..end).unwrap_or_default();
    if rbsp.get(end) != Some(&0x80) {
        // The stop bit is not aligned: a message ends within a byte, which no known message does.
        defects.add(
            DefectKind::Unit,
            nal.at,
            "SEI that ends with 0x80",
            "another byte",
        );
        return;
    }
    while !rest.is_empty() {
        let sized = number(rest).and_then(|(_, rest)| number(rest));
        let tail = sized.and_then(|(size, rest)| rest.get(size..));
        let Some(tail) = tail else {
            let expected = "SEI messages that fill their NAL unit";
            defects.add(
                DefectKind::Unit,
                nal.at,
                expected,
                "a message that does not fit",
            );
            return;
        };
        rest = tail;
    }
}

/// A number as bytes of 255 and a last byte, and what follows it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let full = bytes.iter().take_while(|b| **b == 0xff).count();
    let last = usize::from(*bytes.get(full)?);
    Some((
        full.checked_mul(255)?.checked_add(last)?,
        bytes.get(full + 1..)?,
    ))
}
