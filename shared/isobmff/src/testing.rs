//! Synthetic fragments and parameter sets for tests, with everything that a test may want to damage.

use crate::writer::{boxed, full_box, words};

/// A `moof` whose `trun` declares a number of samples and has no fields for them.
pub fn moof_with_count(count: u32) -> Vec<u8> {
    let tfhd = full_box(b"tfhd", 0, 0x02_0000, &words(&[1]));
    let tfdt = full_box(b"tfdt", 0, 0, &words(&[0]));
    let trun = full_box(b"trun", 0, 0, &words(&[count]));
    let traf = boxed(b"traf", &[tfhd, tfdt, trun].concat());
    let mfhd = full_box(b"mfhd", 0, 0, &words(&[1]));
    boxed(b"moof", &[mfhd, traf].concat())
}

/// One sample of a synthetic fragment.
#[derive(Clone, Debug)]
pub struct SampleSpec {
    /// Duration in ticks.
    pub duration: u32,
    /// Bytes in `trun`.
    pub size: u32,
    /// Composition offset in ticks.
    pub cts: i32,
    /// Whether it is flagged as a sync sample.
    pub sync: bool,
    /// NAL unit type of its only NAL unit; `None` for other media.
    pub nal: Option<u8>,
    /// Whether the NAL unit is one of HEVC.
    pub hevc: bool,
}

impl SampleSpec {
    /// An IDR picture of AVC.
    pub fn idr(duration: u32, size: u32) -> Self {
        Self {
            duration,
            size,
            cts: 0,
            sync: true,
            nal: Some(5),
            hevc: false,
        }
    }

    /// Another picture of AVC.
    pub fn slice(duration: u32, size: u32) -> Self {
        Self {
            sync: false,
            nal: Some(1),
            ..Self::idr(duration, size)
        }
    }

    /// An access unit of audio.
    pub fn audio(duration: u32, size: u32) -> Self {
        Self {
            nal: None,
            ..Self::idr(duration, size)
        }
    }

    /// The bytes of the sample; `order` is its number after the last IDR picture.
    fn payload(&self, order: u32) -> Vec<u8> {
        let size = self.size as usize;
        let Some(nal) = self.nal else {
            // An access unit of silence in AAC, padded with zeros.
            let mut bytes = vec![0x21, 0x10, 0x05, 0x00, 0xa0, 0x1b, 0xff, 0xc0];
            bytes.resize(size, 0);
            return bytes;
        };
        let nal = if self.hevc {
            hevc_slice(nal, order, size.saturating_sub(4))
        } else {
            avc_slice(nal, size.saturating_sub(4))
        };
        let length = u32::try_from(nal.len()).unwrap_or(u32::MAX);
        let mut bytes = [&length.to_be_bytes()[..], &nal].concat();
        bytes.resize(size, 0);
        bytes
    }
}

/// A NAL unit of AVC of a type and size. A slice refers to the parameter sets [`sps`] and [`PPS`]; all pictures but IDR
/// pictures are no references.
pub fn avc_slice(kind: u8, size: usize) -> Vec<u8> {
    let idr = kind == 5;
    let mut w = BitWriter::default();
    if !matches!(kind, 1 | 5) {
        return filled(vec![0x60 | kind], size);
    }
    w.ue(0);
    w.ue(if idr { 7 } else { 5 });
    w.ue(0);
    w.bits(u32::from(!idr), 4);
    if idr {
        w.ue(0);
        w.bits(0, 2);
    } else {
        // No override, no reordering, cabac_init_idc 0.
        w.bits(0, 2);
        w.ue(0);
    }
    // slice_qp_delta, disable_deblocking_filter_idc and its offsets.
    w.bits(0b1111, 4);
    while !w.0.len().is_multiple_of(8) {
        w.bits(1, 1);
    }
    let header = if idr { 0x65 } else { 0x01 };
    filled([vec![header], w.bytes()].concat(), size)
}

/// A NAL unit of HEVC of a type and size, with the order count `order` modulo 256. A slice refers to [`hevc_sets`].
pub fn hevc_slice(kind: u8, order: u32, size: usize) -> Vec<u8> {
    let mut w = BitWriter::default();
    w.bits(1, 1);
    if matches!(kind, 16..=23) {
        w.bits(0, 1);
        w.ue(0);
        w.ue(2);
    } else {
        w.ue(0);
        w.ue(1);
    }
    if !matches!(kind, 19 | 20) {
        w.bits(order & 0xff, 8);
    }
    w.bits(1, 1);
    filled([vec![kind << 1, 1], w.bytes()].concat(), size)
}

/// Appends bytes that look like coded data up to a size.
fn filled(mut nal: Vec<u8>, size: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    while nal.len() < size {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // No zeros: nothing to escape. Not all ones: a legal start of CABAC data.
        nal.push((state >> 24) as u8 & 0x7f | 0x10);
    }
    nal.truncate(size);
    nal
}

/// A picture parameter set of AVC with CABAC.
pub const PPS: [u8; 4] = [0x68, 0xee, 0x3c, 0x80];

/// One synthetic fragment.
#[derive(Clone, Debug)]
pub struct FragmentSpec {
    /// `mfhd.sequence_number`.
    pub sequence: u32,
    /// `tfhd.track_ID`.
    pub track_id: u32,
    /// `tfdt.baseMediaDecodeTime`.
    pub tfdt: u64,
    /// `tfhd` flags: `default-base-is-moof` unless a test says otherwise.
    pub tfhd_flags: u32,
    /// Added to the data offset: nonzero leads out of the `mdat`.
    pub skew: i32,
    /// The samples.
    pub samples: Vec<SampleSpec>,
}

impl Default for FragmentSpec {
    fn default() -> Self {
        Self {
            sequence: 1,
            track_id: 1,
            tfdt: 0,
            tfhd_flags: 0x02_0000,
            skew: 0,
            samples: Vec::new(),
        }
    }
}

impl FragmentSpec {
    /// `moof` and `mdat`.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes_with(&[])
    }

    /// `moof` and `mdat`, with more boxes at the end of `traf`.
    pub fn bytes_with(&self, boxes: &[u8]) -> Vec<u8> {
        let length = self.moof(0, boxes).len();
        let offset = i32::try_from(length + 8).unwrap_or(i32::MAX);
        let mut order = 0;
        let payload = self.samples.iter().map(|s| {
            order = match (s.hevc, s.nal) {
                (true, Some(19 | 20)) | (false, Some(5)) => 0,
                _ => order + 1,
            };
            s.payload(order)
        });
        let payload: Vec<Vec<u8>> = payload.collect();
        let mut out = self.moof(offset + self.skew, boxes);
        out.extend(boxed(b"mdat", &payload.concat()));
        out
    }

    fn moof(&self, data_offset: i32, boxes: &[u8]) -> Vec<u8> {
        let tfhd = full_box(b"tfhd", 0, self.tfhd_flags, &self.track_id.to_be_bytes());
        let tfdt = full_box(b"tfdt", 1, 0, &self.tfdt.to_be_bytes());
        let count = u32::try_from(self.samples.len()).unwrap_or(u32::MAX);
        let mut trun = vec![count, data_offset.cast_unsigned()];
        for s in &self.samples {
            let flags = if s.sync { 0x0200_0000 } else { 0x0101_0000 };
            trun.extend([s.duration, s.size, flags, s.cts.cast_unsigned()]);
        }
        let trun = full_box(b"trun", 1, 0xf01, &words(&trun));
        let traf = boxed(b"traf", &[&tfhd, &tfdt, &trun, boxes].concat());
        let mfhd = full_box(b"mfhd", 0, 0, &self.sequence.to_be_bytes());
        boxed(b"moof", &[mfhd, traf].concat())
    }
}

/// A sequence parameter set of AVC with a picture of even size.
#[derive(Clone, Debug)]
pub struct SpsSpec {
    pub profile: u8,
    pub level: u8,
    /// Width and height after cropping.
    pub size: (u32, u32),
    /// `chroma_format_idc`; written by profiles from High on.
    pub chroma: u32,
    /// Bits per sample; written by profiles from High on.
    pub bit_depth: u32,
    /// Whether pictures may be fields.
    pub interlaced: bool,
    /// `pic_order_cnt_type`.
    pub order_type: u32,
    /// Sample aspect ratio, written as `Extended_SAR`, or `aspect_ratio_idc` 1 for 1:1.
    pub sar: Option<(u16, u16)>,
    /// Full range, primaries, transfer characteristics and matrix coefficients.
    pub colour: Option<(bool, [u8; 3])>,
    /// `num_units_in_tick`, `time_scale` and `fixed_frame_rate_flag`.
    pub timing: Option<(u32, u32, bool)>,
    /// Whether there are parameters of a hypothetical reference decoder.
    pub reference_decoder: bool,
    /// `max_num_reorder_frames`.
    pub reorder: Option<u32>,
}

/// A sequence parameter set of a progressive 4:2:0 picture with square pixels, which states nothing more.
pub fn sps(profile: u8, level: u8, width: u32, height: u32) -> Vec<u8> {
    let spec = SpsSpec {
        size: (width, height),
        ..SpsSpec::plain(profile, level)
    };
    spec.bytes()
}

impl SpsSpec {
    /// A progressive 4:2:0 picture of 16 × 16 square pixels, and nothing more.
    pub fn plain(profile: u8, level: u8) -> Self {
        Self {
            profile,
            level,
            size: (16, 16),
            chroma: 1,
            bit_depth: 8,
            interlaced: false,
            order_type: 2,
            sar: Some((1, 1)),
            colour: None,
            timing: None,
            reference_decoder: false,
            reorder: None,
        }
    }

    /// The NAL unit.
    pub fn bytes(&self) -> Vec<u8> {
        let mut w = BitWriter::default();
        for byte in [self.profile, 0, self.level] {
            w.bits(u32::from(byte), 8);
        }
        w.ue(0);
        if self.profile >= 100 {
            w.ue(self.chroma);
            if self.chroma == 3 {
                w.bits(0, 1);
            }
            w.ue(self.bit_depth - 8);
            w.ue(self.bit_depth - 8);
            w.bits(0, 2);
        }
        w.ue(0);
        w.ue(self.order_type);
        match self.order_type {
            0 => w.ue(2),
            // delta_pic_order_always_zero_flag, offsets 0 and -1, a cycle of two frames.
            1 => {
                w.bits(0b1_1011, 5);
                w.ue(2);
                w.bits(0b0101, 4);
            }
            _ => {}
        }
        w.ue(1);
        w.bits(0, 1);
        let fields = if self.interlaced { 2 } else { 1 };
        let (mbs_wide, map_units) = (self.size.0.div_ceil(16), self.size.1.div_ceil(16 * fields));
        w.ue(mbs_wide - 1);
        w.ue(map_units - 1);
        if self.interlaced {
            w.bits(0, 1);
        }
        w.bits(1, 1);
        w.bits(1, 1);
        w.bits(1, 1);
        let unit_x = if self.chroma == 3 { 1 } else { 2 };
        let unit_y = if self.chroma == 1 { 2 * fields } else { fields };
        w.ue(0);
        w.ue((mbs_wide * 16 - self.size.0) / unit_x);
        w.ue(0);
        w.ue((map_units * fields * 16 - self.size.1) / unit_y);
        w.bits(1, 1);
        self.usability(&mut w);
        w.bits(1, 1);
        escape(&w.bytes())
    }

    fn usability(&self, w: &mut BitWriter) {
        w.flag(self.sar.is_some());
        match self.sar {
            Some((1, 1)) => w.bits(1, 8),
            Some((width, height)) => {
                w.bits(255, 8);
                w.bits(width.into(), 16);
                w.bits(height.into(), 16);
            }
            None => {}
        }
        w.bits(0, 1);
        w.flag(self.colour.is_some());
        if let Some((full_range, points)) = self.colour {
            w.bits(5, 3);
            w.flag(full_range);
            w.bits(1, 1);
            points.iter().for_each(|p| w.bits((*p).into(), 8));
        }
        w.bits(0, 1);
        w.flag(self.timing.is_some());
        if let Some((units, scale, fixed)) = self.timing {
            w.bits(units, 32);
            w.bits(scale, 32);
            w.flag(fixed);
        }
        for _ in 0..2 {
            w.flag(self.reference_decoder);
            if self.reference_decoder {
                w.ue(0);
                w.bits(0x12, 8);
                w.ue(1_000);
                w.ue(2_000);
                w.bits(0, 1);
                w.bits(0x12345, 20);
            }
        }
        w.bits(0, if self.reference_decoder { 2 } else { 1 });
        w.flag(self.reorder.is_some());
        if let Some(frames) = self.reorder {
            w.bits(1, 1);
            [2, 1, 11, 11, frames, 16].into_iter().for_each(|n| w.ue(n));
        }
    }
}

/// A video, a sequence and a picture parameter set of HEVC: Main profile, 4:2:0, 8 bits, size a multiple of 8.
pub fn hevc_sets(level: u8, width: u32, height: u32) -> [Vec<u8>; 3] {
    let profile = |w: &mut BitWriter| {
        w.bits(1, 8);
        w.bits(0x6000_0000, 32);
        w.bits(0x9000_0000, 32);
        w.bits(0, 16);
        w.bits(level.into(), 8);
    };
    let mut vps = BitWriter::default();
    vps.bits(0x0c01, 16);
    vps.bits(0xffff, 16);
    profile(&mut vps);
    vps.bits(0b1111, 4);
    vps.bits(1, 8);
    let mut sps = BitWriter::default();
    sps.bits(1, 8);
    profile(&mut sps);
    sps.ue(0);
    sps.ue(1);
    sps.ue(width);
    sps.ue(height);
    sps.bits(0, 1);
    sps.ue(0);
    sps.ue(0);
    sps.ue(4);
    sps.bits(1, 1);
    [1, 0, 0].into_iter().for_each(|n| sps.ue(n));
    // Blocks of 8 to 64, transforms of 4 to 32.
    [0, 3, 0, 3, 0, 0].into_iter().for_each(|n| sps.ue(n));
    // No lists, no asymmetric partitions, offset filter, no PCM.
    sps.bits(0b0010, 4);
    sps.ue(0);
    // No long-term references, temporal prediction, smoothing, no usability information, no extension, stop bit.
    sps.bits(0b01_1001, 6);
    let mut pps = BitWriter::default();
    pps.ue(0);
    pps.ue(0);
    pps.bits(0, 7);
    pps.ue(0);
    pps.ue(0);
    pps.ue(0);
    pps.bits(1, 8);
    [
        escape_after(&[0x40, 1], &vps.bytes()),
        escape_after(&[0x42, 1], &sps.bytes()),
        escape_after(&[0x44, 1], &pps.bytes()),
    ]
}

fn escape(rbsp: &[u8]) -> Vec<u8> {
    escape_after(&[0x67], rbsp)
}

/// Prepends the NAL unit header and inserts emulation prevention bytes.
fn escape_after(header: &[u8], rbsp: &[u8]) -> Vec<u8> {
    let mut out = header.to_vec();
    let mut zeros = 0;
    for &byte in rbsp {
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

#[derive(Default)]
struct BitWriter(Vec<bool>);

impl BitWriter {
    fn bits(&mut self, value: u32, n: u32) {
        self.0.extend((0..n).rev().map(|i| value >> i & 1 == 1));
    }

    fn flag(&mut self, value: bool) {
        self.bits(value.into(), 1);
    }

    fn ue(&mut self, value: u32) {
        let length = (value + 1).ilog2();
        self.bits(0, length);
        self.bits(value + 1, length + 1);
    }

    fn bytes(&self) -> Vec<u8> {
        let fold = |bits: &[bool]| bits.iter().fold(0, |n, b| (n << 1) | u8::from(*b));
        let pad = |bits: &[bool]| fold(bits) << (8 - bits.len());
        self.0.chunks(8).map(pad).collect()
    }
}
