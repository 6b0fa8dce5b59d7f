//! Reading bit fields and Exp-Golomb codes (ISO/IEC 14496-10, 7.2 and 9.1; ISO/IEC 23008-2, 9.2).

/// Removes emulation prevention bytes from at most `limit` bytes of the content of a NAL unit.
pub(crate) fn unescape(data: &[u8], limit: usize) -> Vec<u8> {
    let data = data.get(..limit).unwrap_or(data);
    let mut out = Vec::with_capacity(data.len());
    let mut zeros = 0;
    for &byte in data {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// A cursor over bits. Every method returns `None` past the end.
#[derive(Clone, Debug)]
pub(crate) struct Bits<'a> {
    data: &'a [u8],
    pos: usize,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, pos: 0 }
    }

    /// How many bits were read.
    pub(crate) fn position(&self) -> usize {
        self.pos
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        Some(self.bits(1)? == 1)
    }

    /// The next `n` bits, at most 32.
    pub(crate) fn bits(&mut self, n: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..n {
            let byte = *self.data.get(self.pos / 8)?;
            value = (value << 1) | u32::from((byte >> (7 - self.pos % 8)) & 1);
            self.pos += 1;
        }
        Some(value)
    }

    pub(crate) fn skip(&mut self, n: usize) -> Option<()> {
        let end = self.pos.checked_add(n)?;
        (end <= self.data.len().saturating_mul(8)).then(|| self.pos = end)
    }

    /// An unsigned Exp-Golomb code of at most 31 leading zeros.
    pub(crate) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bits(1)? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some(((1u32 << zeros) - 1) + self.bits(zeros)?)
    }

    /// An unsigned Exp-Golomb code that is at most `max`.
    pub(crate) fn ue_to(&mut self, max: u32) -> Option<u32> {
        self.ue().filter(|n| *n <= max)
    }

    /// A signed Exp-Golomb code.
    pub(crate) fn se(&mut self) -> Option<i64> {
        let k = i64::from(self.ue()?);
        Some(if k % 2 == 0 { -(k / 2) } else { k / 2 + 1 })
    }
}
