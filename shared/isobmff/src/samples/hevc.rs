//! Samples of H.265 (ISO/IEC 23008-2, 7.3.6; ISO/IEC 14496-15, 8).

use std::collections::BTreeMap;

use super::nal::{self, Nal};
use super::order::{OrderCounter, PictureOrder};
use crate::bits::Bits;
use crate::hevc::{HevcPps, HevcSps};
use crate::sample::{DefectKind, Defects, SampleFormat, SampleView};
use crate::{FirstPicture, HevcConfig, Reader};

/// Bytes of the header of a NAL unit.
const HEADER: usize = 2;

/// What the slices of a picture have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Picture {
    pps: u32,
    lsb: u32,
}

/// Looks into the samples of a segment.
#[derive(Clone, Debug)]
pub(super) struct Hevc {
    length_size: u8,
    /// Whether the sample entry holds all parameter sets (`hvc1`).
    fixed: bool,
    layered: bool,
    /// The parameter sets of the sample entry.
    stored: Vec<Vec<u8>>,
    sps: BTreeMap<u32, HevcSps>,
    pps: BTreeMap<u32, HevcPps>,
    order: PictureOrder,
    counter: OrderCounter,
}

impl Hevc {
    pub(super) fn new(format: &SampleFormat) -> Option<Self> {
        let config = HevcConfig::read(&mut Reader::new(&format.config)).ok()?;
        let mut hevc = Self {
            length_size: config.length_size,
            fixed: matches!(&*format.entry, "hvc1" | "dvh1"),
            layered: format.layered,
            stored: config.sets,
            sps: BTreeMap::new(),
            pps: BTreeMap::new(),
            order: PictureOrder::default(),
            counter: OrderCounter::default(),
        };
        for set in hevc.stored.clone() {
            hevc.learn(&set);
        }
        Some(hevc)
    }

    /// Returns whether the parameter set can be read.
    fn learn(&mut self, set: &[u8]) -> bool {
        match set.first().map_or(0, |b| b >> 1 & 0x3f) {
            33 => {
                let sps = HevcSps::read(set);
                sps.map(|s| self.sps.insert(s.id, s));
                sps.is_some()
            }
            34 => {
                let pps = HevcPps::read(set);
                pps.map(|p| self.pps.insert(p.id, p));
                pps.is_some()
            }
            _ => true,
        }
    }

    pub(super) fn sample(&mut self, sample: SampleView<'_>, defects: &mut Defects) -> FirstPicture {
        let nals = nal::split(sample, self.length_size, HEADER, defects);
        let mut found = FirstPicture::default();
        let mut first: Option<(usize, Picture, bool)> = None;
        let mut kind_of_picture = None;
        for nal in &nals {
            let [a, b, ..] = nal.data else { continue };
            let (kind, layer, temporal) = (a >> 1 & 0x3f, (a & 1) << 5 | b >> 3, b & 7);
            if found.idr.is_none() {
                found.nal_types.push(kind);
            }
            if a & 0x80 != 0 || temporal == 0 {
                let expected = "forbidden_zero_bit 0 and a temporal identifier";
                defects.add(
                    DefectKind::Unit,
                    nal.at,
                    expected,
                    format!("{a:02x} {b:02x}"),
                );
                continue;
            }
            if layer > 0 {
                if !self.layered {
                    defects.add(
                        DefectKind::Unit,
                        nal.at,
                        "nuh_layer_id 0",
                        layer.to_string(),
                    );
                }
                continue;
            }
            match kind {
                0..=9 | 16..=21 => {
                    found.idr = found.idr.or(Some(matches!(kind, 19 | 20)));
                    nal::check_bytes(nal, defects);
                    if *kind_of_picture.get_or_insert(kind) != kind {
                        let expected = "slices of one NAL unit type in a picture";
                        defects.add(DefectKind::Picture, nal.at, expected, kind.to_string());
                        continue;
                    }
                    if temporal > 1 && kind >= 16 {
                        defects.add(
                            DefectKind::Unit,
                            nal.at,
                            "temporal identifier 0 of an IRAP picture",
                            temporal.to_string(),
                        );
                    }
                    if let Some((picture, leads)) = self.slice(nal, kind, defects) {
                        self.join(nal.at, picture, leads, first, defects);
                        let low = temporal == 1 && !matches!(kind, 6..=9 | 0 | 2 | 4);
                        first = first.or(Some((nal.at, picture, low)));
                    }
                }
                32..=34 => self.parameters(nal, defects),
                39 | 40 => nal::check_sei(nal, HEADER, defects),
                35..=38 | 48..=63 => {}
                _ => {
                    let expected = "a NAL unit type of ISO/IEC 23008-2";
                    defects.add(DefectKind::Unit, nal.at, expected, kind.to_string());
                }
            }
        }
        self.check_sync(sample, kind_of_picture, defects);
        match (first, kind_of_picture) {
            (Some((_, picture, low)), Some(kind)) => {
                self.output(sample, picture, low, kind, defects);
            }
            _ => self.order.forget(),
        }
        found
    }

    /// The slices of a picture have one picture parameter set and order count; only the first starts the picture.
    fn join(
        &self,
        at: usize,
        picture: Picture,
        leads: bool,
        first: Option<(usize, Picture, bool)>,
        defects: &mut Defects,
    ) {
        let wrong = match first {
            None if !leads => "first_slice_segment_in_pic_flag 1 first",
            Some(_) if leads => "one picture in a sample",
            Some((_, before, _)) if before != picture => "slices of one picture in a sample",
            _ => return,
        };
        defects.add(DefectKind::Picture, at, wrong, "another");
    }

    fn check_sync(&self, sample: SampleView<'_>, kind: Option<u8>, defects: &mut Defects) {
        let (expected, found) = match kind {
            Some(kind) if sample.sync && kind < 16 => {
                ("a sync sample that can be decoded alone", kind)
            }
            Some(kind @ (19 | 20)) if sample.leads && !sample.sync => {
                ("an IDR picture flagged as sync sample", kind)
            }
            None if !sample.data.is_empty() => {
                return defects.add(DefectKind::Unit, 0, "a slice in every sample", "none");
            }
            _ => return,
        };
        defects.add(
            DefectKind::Sync,
            0,
            expected,
            format!("NAL unit type {found}"),
        );
    }

    fn parameters(&mut self, nal: &Nal<'_>, defects: &mut Defects) {
        let known = self.stored.iter().any(|s| s == nal.data);
        let valid = self.learn(nal.data);
        nal::check_parameters(nal, valid, known || !self.fixed, defects);
    }

    /// Reads the start of a slice segment; reports a header that is not legal. Returns whether it starts the picture.
    fn slice(&self, nal: &Nal<'_>, kind: u8, defects: &mut Defects) -> Option<(Picture, bool)> {
        let rbsp = nal.head(HEADER);
        let mut r = Bits::new(&rbsp);
        let read = self.slice_header(&mut r, kind);
        if !nal.encrypted() {
            nal::check_run(nal.data, nal.at, nal::coded_run(), defects);
        }
        match read {
            Ok(read) => read,
            Err(wrong) => {
                nal::illegal_header(nal, r.position(), rbsp.len(), wrong, defects);
                None
            }
        }
    }

    /// The slice segment header (7.3.6.1) up to the order count, or what was expected instead of the first illegal value.
    /// `None` for a dependent slice segment, which has no more.
    fn slice_header(
        &self,
        r: &mut Bits<'_>,
        kind: u8,
    ) -> Result<Option<(Picture, bool)>, &'static str> {
        let short = "a whole slice header";
        let leads = r.flag().ok_or(short)?;
        let irap = (16..=23).contains(&kind);
        if irap {
            r.flag().ok_or(short)?;
        }
        let id = r.ue().ok_or("slice_pic_parameter_set_id")?;
        let pps = self
            .pps
            .get(&id)
            .ok_or("a slice_pic_parameter_set_id of the parameter sets")?;
        let sps = self
            .sps
            .get(&pps.sps)
            .ok_or("a seq_parameter_set_id of the parameter sets")?;
        if !leads {
            let dependent = pps.dependent_slices && r.flag().ok_or(short)?;
            let bits = u32::BITS - sps.blocks.saturating_sub(1).leading_zeros();
            let address = r.bits(bits).ok_or(short)?;
            if address == 0 || address >= sps.blocks {
                return Err("a slice_segment_address inside the picture");
            }
            if dependent {
                return Ok(None);
            }
        }
        r.bits(pps.extra_bits).ok_or(short)?;
        let slice_type = r.ue_to(2).ok_or("a slice_type of at most 2")?;
        if irap && slice_type != 2 {
            return Err("slices of type I in an IRAP picture");
        }
        if pps.output_flag {
            r.flag().ok_or(short)?;
        }
        r.bits(if sps.separate_planes { 2 } else { 0 })
            .ok_or(short)?;
        let idr = matches!(kind, 19 | 20);
        let lsb = if idr {
            0
        } else {
            r.bits(sps.order_bits).ok_or(short)?
        };
        Ok(Some((Picture { pps: id, lsb }, leads)))
    }

    fn output(
        &mut self,
        sample: SampleView<'_>,
        picture: Picture,
        low: bool,
        kind: u8,
        defects: &mut Defects,
    ) {
        let Some(sps) = self
            .pps
            .get(&picture.pps)
            .and_then(|p| self.sps.get(&p.sps))
        else {
            return self.order.forget();
        };
        if (16..=20).contains(&kind) {
            self.order.start(defects);
            self.counter.reset();
        }
        let (msb, count) = if (16..=20).contains(&kind) {
            (0, i64::from(picture.lsb))
        } else {
            self.counter.count(picture.lsb, sps.order_bits)
        };
        if low {
            self.counter.keep(msb, picture.lsb);
        }
        self.order.add(count, sample.presentation, sample.at);
    }

    pub(super) fn finish(&mut self, defects: &mut Defects) {
        self.order.start(defects);
    }
}
