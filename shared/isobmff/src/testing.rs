//! Writers of the few boxes that init segments and fragments consist of.

/// Writes boxes.
#[derive(Clone, Copy, Debug)]
pub struct BoxWriter;

impl BoxWriter {
    /// A box.
    #[must_use]
    pub fn plain(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
        [&size.to_be_bytes()[..], kind, body].concat()
    }

    /// A box with version and flags.
    #[must_use]
    pub fn full(kind: &[u8; 4], version: u8, flags: u32, body: &[u8]) -> Vec<u8> {
        let word = (u32::from(version) << 24) | flags;
        Self::plain(kind, &[&word.to_be_bytes()[..], body].concat())
    }

    /// `styp` with the first brand as the major one.
    #[must_use]
    pub fn styp(brands: &[&str]) -> Vec<u8> {
        Self::plain(b"styp", &brand_list(brands))
    }

    /// A `moof` whose `trun` declares a number of samples and has no fields for them.
    #[must_use]
    pub fn moof_with_count(count: u32) -> Vec<u8> {
        let tfhd = Self::full(b"tfhd", 0, 0x02_0000, &1u32.to_be_bytes());
        let tfdt = Self::full(b"tfdt", 0, 0, &0u32.to_be_bytes());
        let trun = Self::full(b"trun", 0, 0, &count.to_be_bytes());
        let traf = Self::plain(b"traf", &[tfhd, tfdt, trun].concat());
        let mfhd = Self::full(b"mfhd", 0, 0, &1u32.to_be_bytes());
        Self::plain(b"moof", &[mfhd, traf].concat())
    }
}

fn brand_list(brands: &[&str]) -> Vec<u8> {
    let major = brands.first().map(|b| b.as_bytes()).unwrap_or_default();
    let mut body = [major, &[0; 4][..]].concat();
    for brand in brands {
        body.extend(brand.as_bytes());
    }
    body
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
    #[must_use]
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
    #[must_use]
    pub fn slice(duration: u32, size: u32) -> Self {
        Self {
            sync: false,
            nal: Some(1),
            ..Self::idr(duration, size)
        }
    }

    /// An access unit of audio.
    #[must_use]
    pub fn audio(duration: u32, size: u32) -> Self {
        Self {
            nal: None,
            ..Self::idr(duration, size)
        }
    }

    fn payload(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.size as usize];
        if let (Some(nal), Some(head)) = (self.nal, bytes.get_mut(..5)) {
            head[..4].copy_from_slice(&(self.size - 4).to_be_bytes());
            head[4] = if self.hevc { nal << 1 } else { 0x60 | nal };
        }
        bytes
    }
}

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
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let length = self.moof(0).len();
        let offset = i32::try_from(length + 8).unwrap_or(i32::MAX);
        let payload: Vec<Vec<u8>> = self.samples.iter().map(SampleSpec::payload).collect();
        let mut out = self.moof(offset + self.skew);
        out.extend(BoxWriter::plain(b"mdat", &payload.concat()));
        out
    }

    fn moof(&self, data_offset: i32) -> Vec<u8> {
        let tfhd = BoxWriter::full(b"tfhd", 0, self.tfhd_flags, &self.track_id.to_be_bytes());
        let tfdt = BoxWriter::full(b"tfdt", 1, 0, &self.tfdt.to_be_bytes());
        let count = u32::try_from(self.samples.len()).unwrap_or(u32::MAX);
        let mut body = [count.to_be_bytes(), data_offset.to_be_bytes()].concat();
        for s in &self.samples {
            let flags: u32 = if s.sync { 0x0200_0000 } else { 0x0101_0000 };
            for word in [s.duration, s.size, flags, s.cts.cast_unsigned()] {
                body.extend(word.to_be_bytes());
            }
        }
        let trun = BoxWriter::full(b"trun", 1, 0xf01, &body);
        let traf = BoxWriter::plain(b"traf", &[tfhd, tfdt, trun].concat());
        let mfhd = BoxWriter::full(b"mfhd", 0, 0, &self.sequence.to_be_bytes());
        BoxWriter::plain(b"moof", &[mfhd, traf].concat())
    }
}

/// A sequence parameter set of AVC for a progressive 4:2:0 picture of even size.
#[must_use]
pub fn sps(profile: u8, level: u8, width: u32, height: u32) -> Vec<u8> {
    let mut w = BitWriter::default();
    for byte in [profile, 0, level] {
        w.bits(u32::from(byte), 8);
    }
    w.ue(0);
    if profile >= 100 {
        w.ue(1);
        w.ue(0);
        w.ue(0);
        w.bits(0, 2);
    }
    let (mbs_wide, mbs_high) = (width.div_ceil(16), height.div_ceil(16));
    w.ue(0);
    w.ue(2);
    w.ue(1);
    w.bits(0, 1);
    w.ue(mbs_wide - 1);
    w.ue(mbs_high - 1);
    w.bits(0b11, 2);
    w.bits(1, 1);
    w.ue(0);
    w.ue((mbs_wide * 16 - width) / 2);
    w.ue(0);
    w.ue((mbs_high * 16 - height) / 2);
    // VUI with a square sample aspect ratio and nothing else.
    w.bits(1, 1);
    w.bits(1, 1);
    w.bits(1, 8);
    w.bits(0, 8);
    w.bits(1, 1);
    escape(&w.bytes())
}

/// Prepends the NAL unit header and inserts emulation prevention bytes.
fn escape(rbsp: &[u8]) -> Vec<u8> {
    let mut out = vec![0x67];
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
