//! Samples of H.264 (ISO/IEC 14496-10, 7.3.3; ISO/IEC 14496-15, 5).

use std::collections::BTreeMap;

use super::nal::{self, Nal};
use super::order::{OrderCounter, PictureOrder};
use crate::bits::{Bits, unescape};
use crate::sample::{DefectKind, Defects, SampleFormat, SampleView};
use crate::sps::OrderSyntax;
use crate::{AvcConfig, FirstPicture, Reader, Sps};

/// The part of a picture parameter set that slice headers need (7.3.2.2).
#[derive(Clone, Copy, Debug)]
struct Pps {
    sps: u32,
    cabac: bool,
    /// `bottom_field_pic_order_in_frame_present_flag`.
    order_of_fields: bool,
    references: [u32; 2],
    weighted: bool,
    /// `weighted_bipred_idc`.
    weighted_b: u32,
    initial_qp: i64,
    deblocking: bool,
    redundant: bool,
    /// Whether macroblocks are in slice groups, which extended tools only have.
    groups: bool,
}

impl Pps {
    fn read(nal: &[u8]) -> Option<(u32, Self)> {
        let rbsp = unescape(nal.get(1..)?, 256);
        let mut r = Bits::new(&rbsp);
        let (id, sps) = (r.ue_to(255)?, r.ue_to(31)?);
        let (cabac, order_of_fields) = (r.flag()?, r.flag()?);
        let groups = r.ue_to(7)? > 0;
        let mut pps = Self {
            sps,
            cabac,
            order_of_fields,
            references: [1; 2],
            weighted: false,
            weighted_b: 0,
            initial_qp: 26,
            deblocking: false,
            redundant: false,
            groups,
        };
        if groups {
            return Some((id, pps));
        }
        pps.references = [r.ue_to(31)? + 1, r.ue_to(31)? + 1];
        pps.weighted = r.flag()?;
        pps.weighted_b = r.bits(2)?;
        pps.initial_qp = 26 + r.se()?;
        r.se()?;
        r.se()?;
        pps.deblocking = r.flag()?;
        r.bits(1)?;
        pps.redundant = r.flag()?;
        Some((id, pps))
    }
}

/// What the slices of a picture have in common, and where this one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slice {
    first: u32,
    intra: bool,
    bidirectional: bool,
    picture: Picture,
    redundant: bool,
}

/// What is the same in all slices of a picture (7.4.1.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Picture {
    sps: u32,
    frame: u32,
    idr: bool,
    reference: bool,
    /// `None` for a frame, else whether it is the bottom field.
    field: Option<bool>,
    lsb: u32,
    delta_bottom: i64,
    /// Whether all references are unmarked (`memory_management_control_operation` 5).
    restart: bool,
}

/// Looks into the samples of a segment.
#[derive(Clone, Debug)]
pub(super) struct Avc {
    length_size: u8,
    /// Whether the sample entry holds all parameter sets (`avc1`, `avc2`).
    fixed: bool,
    /// The parameter sets of the sample entry.
    stored: Vec<Vec<u8>>,
    sps: BTreeMap<u32, Sps>,
    pps: BTreeMap<u32, Pps>,
    order: PictureOrder,
    counter: OrderCounter,
    /// `frame_num` of the last reference picture.
    frame: Option<u32>,
}

impl Avc {
    pub(super) fn new(format: &SampleFormat) -> Option<Self> {
        let config = AvcConfig::read(&mut Reader::new(&format.config)).ok()?;
        let mut avc = Self {
            length_size: config.length_size,
            fixed: matches!(&*format.entry, "avc1" | "avc2"),
            stored: config.sps.into_iter().chain(config.pps).collect(),
            sps: BTreeMap::new(),
            pps: BTreeMap::new(),
            order: PictureOrder::default(),
            counter: OrderCounter::default(),
            frame: None,
        };
        for set in avc.stored.clone() {
            avc.learn(&set);
        }
        Some(avc)
    }

    /// Returns whether the parameter set can be read.
    fn learn(&mut self, set: &[u8]) -> bool {
        match set.first().map_or(0, |b| b & 31) {
            7 => {
                let sps = Sps::read(set);
                sps.map(|s| self.sps.insert(s.slices.id, s));
                sps.is_some()
            }
            8 => {
                let pps = Pps::read(set);
                pps.map(|(id, p)| self.pps.insert(id, p));
                pps.is_some()
            }
            _ => true,
        }
    }

    pub(super) fn sample(&mut self, sample: SampleView<'_>, defects: &mut Defects) -> FirstPicture {
        let nals = nal::split(sample, self.length_size, 1, defects);
        let mut found = FirstPicture::default();
        let (mut recovery, mut slices) = (false, Vec::new());
        for nal in &nals {
            let header = nal.data.first().copied().unwrap_or(0);
            let kind = header & 31;
            if found.idr.is_none() {
                found.nal_types.push(kind);
            }
            if header & 0x80 != 0 {
                defects.add(DefectKind::Unit, nal.at, "forbidden_zero_bit 0", "1");
                continue;
            }
            match kind {
                1..=5 => {
                    found.idr = found.idr.or(Some(kind == 5));
                    if kind != 3 && kind != 4 {
                        nal::check_bytes(nal, defects);
                    }
                    if matches!(kind, 1 | 5) {
                        slices.extend(self.slice(nal, kind, header, defects).map(|s| (nal.at, s)));
                    }
                }
                6 => {
                    recovery |= nal.data.get(1) == Some(&6);
                    nal::check_sei(nal, 1, defects);
                }
                7 | 8 => self.parameters(nal, defects),
                9..=16 | 19..=21 | 24..=31 => {}
                _ => {
                    let expected = "a NAL unit type of ISO/IEC 14496-10";
                    defects.add(DefectKind::Unit, nal.at, expected, kind.to_string());
                }
            }
        }
        let intra = !slices.is_empty() && slices.iter().all(|(_, s)| s.intra);
        self.check_sync(sample, found.idr, recovery || intra, defects);
        self.picture(sample, &slices, defects);
        found
    }

    /// A flag states what the picture is. A recovery point is an entry too, though not an IDR picture.
    fn check_sync(
        &self,
        sample: SampleView<'_>,
        idr: Option<bool>,
        entry: bool,
        defects: &mut Defects,
    ) {
        let (expected, found) = match idr {
            Some(false) if sample.sync && !entry => {
                ("a sync sample that can be decoded alone", "another picture")
            }
            Some(true) if sample.leads && !sample.sync => {
                ("an IDR picture flagged as sync sample", "a non-sync sample")
            }
            None if !sample.data.is_empty() => {
                return defects.add(DefectKind::Unit, 0, "a slice in every sample", "none");
            }
            _ => return,
        };
        defects.add(DefectKind::Sync, 0, expected, found);
    }

    fn parameters(&mut self, nal: &Nal<'_>, defects: &mut Defects) {
        let known = self.stored.iter().any(|s| s == nal.data);
        let valid = self.learn(nal.data);
        nal::check_parameters(nal, valid, known || !self.fixed, defects);
    }

    /// Reads a slice; reports a header that is not legal.
    fn slice(&self, nal: &Nal<'_>, kind: u8, header: u8, defects: &mut Defects) -> Option<Slice> {
        let rbsp = nal.head(1);
        let mut r = Bits::new(&rbsp);
        let read = self.slice_header(&mut r, kind == 5, header & 0x60 != 0);
        let (slice, pps) = match read {
            Ok(read) => read,
            Err(wrong) => {
                nal::illegal_header(nal, r.position(), rbsp.len(), wrong, defects);
                return None;
            }
        };
        if nal.encrypted() {
            return Some(slice);
        }
        if pps.cabac && !pps.groups {
            let padding = (8 - r.position() % 8) % 8;
            let ones = r.bits(padding as u32) == Some((1 << padding) - 1);
            if !ones || r.bits(9).is_none_or(|offset| offset >= 510) {
                let expected = "cabac_alignment_one_bit 1 and a legal start of CABAC data";
                defects.add(DefectKind::Picture, nal.at, expected, "other bits");
            }
            nal::check_run(nal.data, nal.at, nal::coded_run(), defects);
        } else if let Some(sps) = self.sps.get(&slice.picture.sps) {
            // With CAVLC, a macroblock of a flat picture may be any one or two bytes again and again.
            let blocks = (sps.slices.macroblocks as usize * 2).div_ceil(32).max(32);
            nal::check_run(nal.data, nal.at, blocks, defects);
        }
        Some(slice)
    }

    /// The slice header (7.3.3), or what was expected instead of the first illegal value.
    fn slice_header(
        &self,
        r: &mut Bits<'_>,
        idr: bool,
        reference: bool,
    ) -> Result<(Slice, Pps), &'static str> {
        let first = r.ue().ok_or("first_mb_in_slice")?;
        let kind = r.ue_to(9).ok_or("a slice_type of at most 9")? % 5;
        let id = r.ue().ok_or("pic_parameter_set_id")?;
        let pps = *self
            .pps
            .get(&id)
            .ok_or("a pic_parameter_set_id of the parameter sets")?;
        let sps = self
            .sps
            .get(&pps.sps)
            .ok_or("a seq_parameter_set_id of the parameter sets")?;
        let syntax = &sps.slices;
        if first >= syntax.macroblocks {
            return Err("a first_mb_in_slice inside the picture");
        }
        let intra = matches!(kind, 2 | 4);
        if idr && !intra {
            return Err("slices of type I in an IDR picture");
        }
        if idr && !reference {
            return Err("nal_ref_idc other than 0 in an IDR picture");
        }
        let mut picture = Picture {
            sps: pps.sps,
            frame: 0,
            idr,
            reference,
            field: None,
            lsb: 0,
            delta_bottom: 0,
            restart: false,
        };
        let mut slice = Slice {
            first,
            intra,
            bidirectional: kind == 1,
            picture,
            redundant: false,
        };
        let short = "a whole slice header";
        r.bits(if syntax.separate_planes { 2 } else { 0 })
            .ok_or(short)?;
        picture.frame = r.bits(syntax.frame_number_bits).ok_or(short)?;
        if idr && picture.frame != 0 {
            return Err("frame_num 0 in an IDR picture");
        }
        if !sps.progressive && r.flag().ok_or(short)? {
            picture.field = Some(r.flag().ok_or(short)?);
        }
        let frame = picture.field.is_none();
        if idr {
            r.ue_to(65_535).ok_or("an idr_pic_id of at most 65535")?;
        }
        match syntax.order {
            OrderSyntax::Lsb(bits) => {
                picture.lsb = r.bits(bits).ok_or(short)?;
                if pps.order_of_fields && frame {
                    picture.delta_bottom = r.se().ok_or(short)?;
                }
            }
            OrderSyntax::Cycle(false) => {
                r.se().ok_or(short)?;
                if pps.order_of_fields && frame {
                    r.se().ok_or(short)?;
                }
            }
            _ => {}
        }
        if pps.redundant {
            slice.redundant = r.ue_to(127).ok_or("a redundant_pic_cnt of at most 127")? > 0;
        }
        slice.picture = picture;
        if pps.groups {
            return Ok((slice, pps));
        }
        let mut references = pps.references;
        if slice.bidirectional {
            r.flag().ok_or(short)?;
        }
        let lists = match kind {
            0 | 3 => 1,
            1 => 2,
            _ => 0,
        };
        if lists > 0 && r.flag().ok_or(short)? {
            for count in references.iter_mut().take(lists) {
                *count = r.ue_to(31).ok_or("at most 32 references")? + 1;
            }
        }
        for _ in 0..lists {
            reordering(r).ok_or("legal changes of the reference lists")?;
        }
        let explicit = (pps.weighted && lists == 1) || (pps.weighted_b == 1 && lists == 2);
        if explicit {
            let colour = sps.chroma != 0 && !syntax.separate_planes;
            let counts = references.get(..lists).unwrap_or_default();
            weights(r, colour, counts).ok_or("legal prediction weights")?;
        }
        if reference {
            slice.picture.restart = marking(r, idr).ok_or("legal marking of references")?;
        }
        if pps.cabac && !intra {
            r.ue_to(2).ok_or("a cabac_init_idc of at most 2")?;
        }
        let qp = pps.initial_qp.saturating_add(r.se().ok_or(short)?);
        let lowest = -6 * (i64::from(sps.bit_depth) - 8);
        if !(lowest..=51).contains(&qp) {
            return Err("a quantiser of at most 51");
        }
        if kind == 3 {
            r.bits(1).ok_or(short)?;
        }
        if kind >= 3 {
            r.se().ok_or(short)?;
        }
        if pps.deblocking
            && r.ue_to(2)
                .ok_or("a disable_deblocking_filter_idc of at most 2")?
                != 1
        {
            for _ in 0..2 {
                let offset = r.se().filter(|n| (-6..=6).contains(n));
                offset.ok_or("deblocking offsets of -6 to 6")?;
            }
        }
        Ok((slice, pps))
    }

    /// Checks the slices of a sample against each other and the picture against those before it.
    fn picture(
        &mut self,
        sample: SampleView<'_>,
        slices: &[(usize, Slice)],
        defects: &mut Defects,
    ) {
        let mut primary = slices.iter().filter(|(_, s)| !s.redundant);
        let Some((at, first)) = primary.next() else {
            // The order count of a picture whose slices were not read is not known.
            return self.order.forget();
        };
        let sps = self.sps.get(&first.picture.sps).copied();
        // The baseline profile allows slices in any order.
        let ordered = sps.is_some_and(|s| !matches!(s.profile, 66 | 88));
        if ordered && first.first != 0 {
            defects.add(
                DefectKind::Picture,
                *at,
                "first_mb_in_slice 0 first",
                first.first.to_string(),
            );
        }
        let mut before = *first;
        for (at, slice) in primary {
            let second = before.picture.field.is_some()
                && slice.picture.field == before.picture.field.map(|bottom| !bottom)
                && slice.first == 0;
            if !second && slice.picture != before.picture {
                let expected = "slices of one picture in a sample";
                defects.add(
                    DefectKind::Picture,
                    *at,
                    expected,
                    "a slice of another picture",
                );
                break;
            }
            if !second && ordered && slice.first <= before.first {
                let expected = format!("a slice after macroblock {}", before.first);
                defects.add(DefectKind::Picture, *at, expected, slice.first.to_string());
                break;
            }
            before = *slice;
        }
        if let Some(sps) = sps {
            self.number(*at, &first.picture, &before.picture, &sps, defects);
            self.output(sample, &first.picture, &sps, defects);
        }
    }

    /// Checks `frame_num` (7.4.3): no reference picture is missing.
    fn number(
        &mut self,
        at: usize,
        first: &Picture,
        last: &Picture,
        sps: &Sps,
        defects: &mut Defects,
    ) {
        let range = 1u32 << sps.slices.frame_number_bits.min(31);
        let before = self.frame.filter(|_| !first.idr && !sps.slices.gaps);
        if let Some(before) = before {
            let next = (before + 1) % range;
            if first.frame != before && first.frame != next {
                let expected = format!("frame_num {before} or {next}");
                defects.add(DefectKind::Picture, at, expected, first.frame.to_string());
            }
        }
        if last.restart || first.restart {
            self.frame = None;
        } else if first.reference || last.reference {
            self.frame = Some(first.frame);
        }
    }

    fn output(
        &mut self,
        sample: SampleView<'_>,
        picture: &Picture,
        sps: &Sps,
        defects: &mut Defects,
    ) {
        if picture.idr {
            self.order.start(defects);
            self.counter.reset();
        }
        if picture.restart {
            self.order.forget();
        }
        let order = match sps.slices.order {
            OrderSyntax::Lsb(bits) => {
                let (msb, count) = self.counter.count(picture.lsb, bits);
                if picture.reference {
                    self.counter.keep(msb, picture.lsb);
                }
                count.saturating_add(picture.delta_bottom.min(0))
            }
            OrderSyntax::Decoding => i64::try_from(sample.number).unwrap_or(i64::MAX),
            OrderSyntax::Cycle(_) => return self.order.forget(),
        };
        self.order.add(order, sample.presentation, sample.at);
    }

    pub(super) fn finish(&mut self, defects: &mut Defects) {
        self.order.start(defects);
    }
}

/// `ref_pic_list_modification` of one list (7.3.3.1).
fn reordering(r: &mut Bits<'_>) -> Option<()> {
    if !r.flag()? {
        return Some(());
    }
    for _ in 0..=66 {
        match r.ue_to(5)? {
            3 => return Some(()),
            _ => r.ue()?,
        };
    }
    None
}

/// `pred_weight_table` (7.3.3.2).
fn weights(r: &mut Bits<'_>, colour: bool, counts: &[u32]) -> Option<()> {
    r.ue_to(7)?;
    if colour {
        r.ue_to(7)?;
    }
    let pair = |r: &mut Bits<'_>| {
        for _ in 0..2 {
            r.se().filter(|n| (-128..=127).contains(n))?;
        }
        Some(())
    };
    for _ in 0..counts.iter().sum::<u32>() {
        if r.flag()? {
            pair(r)?;
        }
        if colour && r.flag()? {
            pair(r)?;
            pair(r)?;
        }
    }
    Some(())
}

/// `dec_ref_pic_marking` (7.3.3.3); whether it unmarks all references.
fn marking(r: &mut Bits<'_>, idr: bool) -> Option<bool> {
    if idr {
        r.bits(2)?;
        return Some(false);
    }
    if !r.flag()? {
        return Some(false);
    }
    let mut restart = false;
    for _ in 0..=66 {
        match r.ue_to(6)? {
            0 => return Some(restart),
            5 => restart = true,
            3 => {
                r.ue()?;
                r.ue()?;
            }
            _ => {
                r.ue()?;
            }
        }
    }
    None
}
