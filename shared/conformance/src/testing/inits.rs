//! Init segments built by hand.

use reelsmith_isobmff::testing::{PPS, hevc_sets, sps};
use reelsmith_isobmff::{boxed, full_box, words};

use super::Rung;

/// The fields of an init segment that tests damage.
#[derive(Clone, Debug)]
pub struct InitSpec {
    /// Brands of `ftyp`, major first.
    pub brands: Vec<&'static str>,
    /// Sample entry.
    pub entry: [u8; 4],
    /// Ticks per second.
    pub timescale: u32,
    /// Width and height; 0 for audio.
    pub size: (u32, u32),
    /// Width and height in the sequence parameter set.
    pub coded: (u32, u32),
    /// `level_idc`.
    pub level: u8,
    /// `level_idc` in the sequence parameter set.
    pub coded_level: u8,
    /// Edits as media time and rate.
    pub edits: Vec<(i32, i32)>,
    /// `pasp`.
    pub aspect: Option<(u32, u32)>,
    /// `colr` as primaries, transfer and matrix.
    pub colour: Option<[u16; 3]>,
    /// AudioSpecificConfig.
    pub audio: [u8; 2],
    /// `mehd.fragment_duration` in milliseconds.
    pub duration: Option<u32>,
    /// Number of `trak` boxes.
    pub tracks: usize,
    /// Samples that `stsz` declares.
    pub moov_samples: u32,
    /// How samples are encrypted.
    pub protection: Option<ProtectionSpec>,
}

/// The fields of `sinf`.
#[derive(Clone, Debug)]
pub struct ProtectionSpec {
    /// `scheme_type`.
    pub scheme: [u8; 4],
    /// `default_crypt_byte_block` and `default_skip_byte_block`.
    pub pattern: (u8, u8),
    /// `default_KID`.
    pub key_id: [u8; 16],
    /// `default_constant_IV`.
    pub constant_iv: Vec<u8>,
    /// Whether there is a `tenc`.
    pub tenc: bool,
}

impl ProtectionSpec {
    fn sinf(&self, entry: [u8; 4]) -> Vec<u8> {
        let schm = [&self.scheme[..], &[0, 1, 0, 0]].concat();
        let pattern = self.pattern.0 << 4 | self.pattern.1;
        let mut tenc = vec![0, pattern, 1, 0];
        tenc.extend(self.key_id);
        tenc.push(u8::try_from(self.constant_iv.len()).unwrap_or(0));
        tenc.extend(&self.constant_iv);
        let tenc = full_box(b"tenc", 1, 0, &tenc);
        let mut sinf = boxed(b"frma", &entry);
        sinf.extend(full_box(b"schm", 0, 0, &schm));
        let schi = if self.tenc { tenc } else { Vec::new() };
        sinf.extend(boxed(b"schi", &schi));
        boxed(b"sinf", &sinf)
    }
}

impl InitSpec {
    pub(crate) fn video(rung: &Rung) -> Self {
        let hevc = rung.codec.starts_with("hvc1");
        let level = match rung.height {
            1_080 if hevc => 120,
            _ if hevc => 93,
            1_080 => 40,
            480 | 720 => 31,
            _ => 30,
        };
        let size = (rung.width, rung.height);
        Self {
            brands: vec!["iso6", "cmfc", "mp41"],
            entry: if hevc { *b"hvc1" } else { *b"avc1" },
            timescale: 24_000,
            size,
            coded: size,
            level,
            coded_level: level,
            edits: vec![(2_000, 0x1_0000)],
            aspect: Some((1, 1)),
            colour: None,
            audio: [0; 2],
            duration: None,
            tracks: 1,
            moov_samples: 0,
            protection: None,
        }
    }

    pub(crate) fn audio() -> Self {
        Self {
            brands: vec!["iso6", "cmfc", "mp41"],
            entry: *b"mp4a",
            timescale: 48_000,
            size: (0, 0),
            coded: (0, 0),
            level: 0,
            coded_level: 0,
            edits: vec![(1_024, 0x1_0000)],
            aspect: None,
            colour: None,
            audio: [0x11, 0x90],
            duration: None,
            tracks: 1,
            moov_samples: 0,
            protection: None,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let major = self
            .brands
            .first()
            .map(|b| b.as_bytes())
            .unwrap_or_default();
        let mut ftyp = [major, &[0; 4]].concat();
        ftyp.extend(self.brands.iter().flat_map(|b| b.bytes()));
        let mvhd = [words(&[0, 0, 1_000, 0]), vec![0; 80]].concat();
        let mut moov = full_box(b"mvhd", 0, 0, &mvhd);
        for _ in 0..self.tracks {
            moov.extend(boxed(b"trak", &self.track()));
        }
        let mut mvex = Vec::new();
        if let Some(duration) = self.duration {
            mvex.extend(full_box(b"mehd", 0, 0, &words(&[duration])));
        }
        mvex.extend(full_box(b"trex", 0, 0, &words(&[1, 1, 0, 0, 0])));
        moov.extend(boxed(b"mvex", &mvex));
        [boxed(b"ftyp", &ftyp), boxed(b"moov", &moov)].concat()
    }

    fn track(&self) -> Vec<u8> {
        let tkhd = [words(&[0, 0, 1, 0, 0]), vec![0; 60]].concat();
        let mut track = full_box(b"tkhd", 0, 3, &tkhd);
        if !self.edits.is_empty() {
            let mut elst = words(&[u32::try_from(self.edits.len()).unwrap_or(0)]);
            for (time, rate) in &self.edits {
                elst.extend(words(&[0, time.cast_unsigned(), rate.cast_unsigned()]));
            }
            let elst = full_box(b"elst", 0, 0, &elst);
            track.extend(boxed(b"edts", &elst));
        }
        track.extend(boxed(b"mdia", &self.media()));
        track
    }

    fn media(&self) -> Vec<u8> {
        let mdhd = [words(&[0, 0, self.timescale, 0]), vec![0x55, 0xc4, 0, 0]].concat();
        let handler: &[u8; 4] = if self.size.0 > 0 { b"vide" } else { b"soun" };
        let hdlr = [&[0; 4][..], handler, &[0; 13]].concat();
        let stsd = [
            words(&[1]),
            boxed(&self.stored_entry(), &self.sample_entry()),
        ]
        .concat();
        let stbl = [
            full_box(b"stsd", 0, 0, &stsd),
            full_box(b"stsz", 0, 0, &words(&[0, self.moov_samples])),
        ];
        let minf = boxed(b"stbl", &stbl.concat());
        [
            full_box(b"mdhd", 0, 0, &mdhd),
            full_box(b"hdlr", 0, 0, &hdlr),
            boxed(b"minf", &minf),
        ]
        .concat()
    }

    fn stored_entry(&self) -> [u8; 4] {
        match (&self.protection, self.size.0) {
            (None, _) => self.entry,
            (Some(_), 0) => *b"enca",
            (Some(_), _) => *b"encv",
        }
    }

    fn sample_entry(&self) -> Vec<u8> {
        let mut out = self.clear_entry();
        if let Some(protection) = &self.protection {
            out.extend(protection.sinf(self.entry));
        }
        out
    }

    fn clear_entry(&self) -> Vec<u8> {
        let mut out = vec![0, 0, 0, 0, 0, 0, 0, 1];
        if self.size.0 == 0 {
            out.extend([0; 8]);
            out.extend([0, 2, 0, 16, 0, 0, 0, 0]);
            out.extend(words(&[48_000 << 16]));
            out.extend(full_box(b"esds", 0, 0, &self.esds()));
            return out;
        }
        out.extend([0; 16]);
        for side in [self.size.0, self.size.1] {
            out.extend(u16::try_from(side).unwrap_or(0).to_be_bytes());
        }
        out.extend([0; 50]);
        out.extend(self.configuration());
        if let Some([primaries, transfer, matrix]) = self.colour {
            let points = [primaries, transfer, matrix].map(u16::to_be_bytes).concat();
            out.extend(boxed(b"colr", &[b"nclx", &*points, &[0]].concat()));
        }
        if let Some((h, v)) = self.aspect {
            out.extend(boxed(b"pasp", &words(&[h, v])));
        }
        out
    }

    fn configuration(&self) -> Vec<u8> {
        if self.entry.starts_with(b"avc") {
            let sps = sps(100, self.coded_level, self.coded.0, self.coded.1);
            let mut body = vec![1, 100, 0, self.level, 0xff, 0xe1];
            body.extend(u16::try_from(sps.len()).unwrap_or(0).to_be_bytes());
            body.extend(sps);
            body.extend([1, 0, 4]);
            body.extend(PPS);
            return boxed(b"avcC", &body);
        }
        let mut body = vec![1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, self.level];
        body.extend([0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 3]);
        for set in hevc_sets(self.coded_level, self.coded.0, self.coded.1) {
            body.extend([0x80 | set[0] >> 1, 0, 1]);
            body.extend(u16::try_from(set.len()).unwrap_or(0).to_be_bytes());
            body.extend(set);
        }
        boxed(b"hvcC", &body)
    }

    fn esds(&self) -> Vec<u8> {
        let mut body = vec![3, 25, 0, 1, 0, 4, 17, 0x40, 0x15, 0, 0, 0];
        body.extend(words(&[128_000, 128_000]));
        body.extend([5, 2, self.audio[0], self.audio[1], 6, 1, 2]);
        body
    }
}
