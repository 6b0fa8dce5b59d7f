//! Makes H.264 that does not state how far its frames are reordered, as many encoders leave it; those available state it.

use reelsmith_isobmff::Sps;

/// Bits of a sequence parameter set, most significant first.
struct Bits {
    data: Vec<u8>,
    pos: usize,
}

impl Bits {
    fn bit(&mut self) -> u32 {
        let bit = self.data[self.pos / 8] >> (7 - self.pos % 8) & 1;
        self.pos += 1;
        u32::from(bit)
    }

    fn bits(&mut self, n: u32) -> u32 {
        (0..n).fold(0, |value, _| value << 1 | self.bit())
    }

    fn ue(&mut self) -> u32 {
        let zeros = (0..).take_while(|_| self.bit() == 0).count() as u32;
        (1 << zeros) - 1 + self.bits(zeros)
    }

    fn set(&mut self, at: usize, on: bool) {
        let mask = 0x80 >> (at % 8);
        let byte = &mut self.data[at / 8];
        *byte = if on { *byte | mask } else { *byte & !mask };
    }
}

/// The position of `bitstream_restriction_flag` in a parameter set as x264 writes it for 4:2:0: High profile, no scaling
/// lists, order type 0, whole frames, no HRD parameters (ISO/IEC 14496-10, 7.3.2.1.1 and annex E).
fn flag(r: &mut Bits) -> usize {
    assert_eq!(r.bits(8), 100, "High profile");
    r.bits(16);
    r.ue();
    assert_eq!(r.ue(), 1, "4:2:0");
    r.ue();
    r.ue();
    assert_eq!(r.bits(2), 0, "no scaling lists");
    r.ue();
    assert_eq!(r.ue(), 0, "order of type 0");
    r.ue();
    r.ue();
    r.bit();
    r.ue();
    r.ue();
    assert_eq!(r.bits(2), 0b11, "whole frames");
    if r.bit() == 1 {
        for _ in 0..4 {
            r.ue();
        }
    }
    assert_eq!(r.bit(), 1, "usability information");
    if r.bit() == 1 && r.bits(8) == 255 {
        r.bits(32);
    }
    if r.bit() == 1 {
        r.bit();
    }
    if r.bit() == 1 {
        r.bits(4);
        if r.bit() == 1 {
            r.bits(24);
        }
    }
    if r.bit() == 1 {
        r.ue();
        r.ue();
    }
    if r.bit() == 1 {
        r.bits(32);
        r.bits(33);
    }
    assert_eq!(r.bits(2), 0, "no reference decoder");
    r.bit();
    r.pos
}

/// Without emulation prevention (7.4.1).
fn unescaped(nal: &[u8]) -> Vec<u8> {
    let escape = |at: usize| at >= 2 && nal[at - 2..=at] == [0, 0, 3];
    let kept = (0..nal.len()).filter(|at| !escape(*at));
    kept.map(|at| nal[at]).collect()
}

fn escaped(rbsp: &[u8]) -> Vec<u8> {
    let mut nal = Vec::new();
    for byte in rbsp {
        if *byte <= 3 && nal.ends_with(&[0, 0]) {
            nal.push(3);
        }
        nal.push(*byte);
    }
    nal
}

fn states_reordering(nal: &[u8]) -> bool {
    Sps::read(nal).unwrap().vui.max_reorder_frames.is_some()
}

/// Clears the flag in the `avcC` box of a file. The set keeps its length by trailing zeros, which decoders ignore.
pub fn unstated(mut file: Vec<u8>) -> Vec<u8> {
    let kind = file.windows(4).position(|w| w == b"avcC").unwrap();
    let length = kind + 4 + 6;
    let start = length + 2;
    let end = start + usize::from(u16::from_be_bytes([file[length], file[length + 1]]));
    assert!(states_reordering(&file[start..end]));
    let data = unescaped(&file[start..end]);
    let mut bits = Bits { data, pos: 8 };
    let at = flag(&mut bits);
    assert_eq!(bits.bit(), 1, "stated");
    // The flag, the stop bit, and zeros.
    bits.set(at, false);
    bits.set(at + 1, true);
    for rest in at + 2..bits.data.len() * 8 {
        bits.set(rest, false);
    }
    bits.data.truncate((at + 2).div_ceil(8));
    let mut set = escaped(&bits.data);
    assert!(!states_reordering(&set));
    set.resize(end - start, 0);
    file[start..end].copy_from_slice(&set);
    file
}
