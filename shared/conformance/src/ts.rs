//! A bounded reader of MPEG-2 transport stream segments (ISO/IEC 13818-1), as far as RFC 8216, 3.2 needs it.
//!
//! Outputs of this pipeline have none. Those of other packagers are judged by packet headers and PES headers: tables
//! first, continuous counters, times that do not run backwards. The elementary streams of known codecs are looked into as
//! the samples of a CMAF track are, so that the rules of segments judge them too. Packed audio (RFC 8216, 3.4) is read as
//! one elementary stream.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Display;

use reelsmith_isobmff::{ElementaryCodec, Fault, Init, PesUnit, SegmentFacts, elementary};

use crate::fault::Mismatch;

/// Bytes of a packet.
pub const PACKET: usize = 188;
/// First byte of every packet.
const SYNC: u8 = 0x47;
/// Packets without payload that fill a multiplex.
const NULL_PID: u16 = 0x1fff;
/// PIDs below this one are reserved for tables (13818-1, table 2-3, and DVB).
const FIRST_FREE_PID: u16 = 0x20;
/// Greatest number of faults that are kept for a segment.
const MAX_FAULTS: usize = 16;
/// Greatest number of streams that are followed; a program has a handful, and there can be 8192.
const MAX_STREAMS: usize = 64;
/// Number of values of a time stamp, which wraps every 26.5 hours.
const WRAP: u64 = 1 << 33;

/// The facts of one stream of packets (a PID).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// Packets with payload.
    pub packets: u64,
    /// Continuity counter of the first packet with payload.
    pub first_counter: u8,
    /// Continuity counter of the last packet with payload.
    pub last_counter: u8,
    /// Decode time of the first PES packet, in ticks of 90 kHz, modulo 2^33.
    pub first_dts: Option<u64>,
    /// Decode time of the last PES packet.
    pub last_dts: Option<u64>,
    /// Whether the counter of the first packet may jump (`discontinuity_indicator`).
    pub fresh: bool,
    /// Whether the last packet was a copy of the one before.
    repeated: bool,
}

/// The facts of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TsFacts {
    /// Number of packets.
    pub packets: u64,
    /// Whether a PAT and then a PMT precede the first media packet.
    pub tables_first: bool,
    /// Number of programs in the PAT.
    pub programs: u32,
    /// The tables and the streams, by PID.
    pub streams: BTreeMap<u16, Stream>,
    /// The elementary streams that were looked into: video first.
    pub media: Vec<ElementaryFacts>,
    pub faults: Vec<Fault>,
}

/// The facts of an elementary stream, in the terms of a CMAF track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementaryFacts {
    pub pid: u16,
    /// What an init segment would state.
    pub init: Init,
    pub facts: SegmentFacts,
}

impl TsFacts {
    /// The stream that a rendition is judged by: the video, or else the audio.
    pub fn primary(&self) -> Option<&ElementaryFacts> {
        self.media.first().filter(|_| self.faults.is_empty())
    }
}

struct Packet<'a> {
    at: u64,
    pid: u16,
    starts: bool,
    counter: u8,
    /// `discontinuity_indicator`.
    jump: bool,
    payload: Option<&'a [u8]>,
}

/// Reads a whole segment. Errors are recorded in [`TsFacts::faults`].
pub fn read(data: &[u8]) -> TsFacts {
    if data.first().is_some_and(|b| *b != SYNC) && packed_codec(data).is_some() {
        return packed(data);
    }
    let mut walk = Walk::default();
    let packets = data.chunks_exact(PACKET);
    if data.is_empty() || !packets.remainder().is_empty() {
        let found = format!("{} bytes", data.len());
        walk.fault(0, "segment", "whole packets of 188 bytes", found);
    }
    for (index, bytes) in (0u64..).zip(packets) {
        let at = index * PACKET as u64;
        match packet(at, bytes) {
            Ok(packet) => walk.take(packet),
            Err(wrong) => {
                // Without synchronisation the following bytes have no meaning.
                walk.fault(at, "packet", wrong.expected, wrong.found);
                break;
            }
        }
        walk.facts.packets += 1;
    }
    walk.finish()
}

/// Reads a segment of packed audio: an ID3 tag with the time of the first frame, then the frames.
fn packed(data: &[u8]) -> TsFacts {
    let mut facts = TsFacts {
        tables_first: true,
        programs: 1,
        ..TsFacts::default()
    };
    let (tag, time) = id3(data);
    let stream = data.get(tag..).unwrap_or_default();
    if time.is_none() {
        let expected = "an ID3 tag with com.apple.streaming.transportStreamTimestamp";
        facts
            .faults
            .push(Fault::new(0, "segment", expected, "none"));
    }
    if let Some(codec) = packed_codec(data) {
        let times = time.and_then(|t| i64::try_from(t).ok()).map(|t| (t, t));
        let (init, found) = elementary(codec, stream, &[PesUnit { start: 0, times }]);
        facts.media.push(ElementaryFacts {
            pid: 0,
            init,
            facts: found,
        });
    }
    facts
}

/// The codec of packed audio; `None` if the bytes are not packed audio.
fn packed_codec(data: &[u8]) -> Option<ElementaryCodec> {
    let (tag, _) = id3(data);
    match data.get(tag..)? {
        [0xff, b, ..] if b & 0xf6 == 0xf0 => Some(ElementaryCodec::Adts),
        [0x0b, 0x77, _, _, _, d, ..] if d >> 3 > 10 => Some(ElementaryCodec::Eac3),
        [0x0b, 0x77, ..] => Some(ElementaryCodec::Ac3),
        _ => None,
    }
}

/// Bytes of the ID3 tag at the start, and the time in it.
fn id3(data: &[u8]) -> (usize, Option<u64>) {
    const OWNER: &[u8] = b"com.apple.streaming.transportStreamTimestamp\0";
    let [b'I', b'D', b'3', _, _, _, a, b, c, d, ..] = data else {
        return (0, None);
    };
    let size = [a, b, c, d]
        .iter()
        .fold(0, |n, b| n << 7 | usize::from(**b & 0x7f));
    let tag = data.get(10..10 + size).unwrap_or_default();
    let owner = tag.windows(OWNER.len()).position(|w| w == OWNER);
    let time = owner.and_then(|at| tag.get(at + OWNER.len()..)?.first_chunk::<8>());
    (10 + size, time.map(|t| u64::from_be_bytes(*t) % WRAP))
}

fn packet(at: u64, bytes: &[u8]) -> Result<Packet<'_>, Mismatch> {
    let [sync, high, low, control, rest @ ..] = bytes else {
        let found = format!("{} bytes", bytes.len());
        return Err(Mismatch::new("a packet of 188 bytes", found));
    };
    if *sync != SYNC {
        return Err(Mismatch::new("the sync byte 0x47", format!("{sync:#04x}")));
    }
    let (mut jump, mut payload) = (false, Some(rest));
    if control & 0x20 != 0 {
        let length = usize::from(rest.first().copied().unwrap_or(0));
        jump = length > 0 && rest.get(1).is_some_and(|flags| flags & 0x80 != 0);
        payload = rest.get(length + 1..);
    }
    Ok(Packet {
        at,
        pid: pid(*high, *low),
        starts: high & 0x40 != 0,
        counter: control & 0x0f,
        jump,
        payload: payload.filter(|p| control & 0x10 != 0 && !p.is_empty()),
    })
}

/// The state of a walk over the packets of a segment.
#[derive(Default)]
struct Walk {
    facts: TsFacts,
    /// PIDs of program map tables, after the PAT was read.
    maps: Option<Vec<u16>>,
    /// PIDs of media, after a PMT was read.
    media: Option<Vec<u16>>,
    media_seen: bool,
    /// The elementary streams of known codecs, by PID.
    elementary: BTreeMap<u16, Elementary>,
}

/// An elementary stream as it is collected.
struct Elementary {
    codec: ElementaryCodec,
    data: Vec<u8>,
    units: Vec<PesUnit>,
    /// Offset of the packet in which each unit starts.
    packets: Vec<u64>,
    /// Bytes that the current PES packet still lacks, if it states its length.
    missing: Option<i64>,
}

impl Elementary {
    fn new(codec: ElementaryCodec) -> Self {
        Self {
            codec,
            data: Vec::new(),
            units: Vec::new(),
            packets: Vec::new(),
            missing: None,
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        self.missing = self.missing.map(|m| m.saturating_sub(length));
    }

    /// A time without the wrap, near the one before.
    fn unwrapped(&self, time: u64) -> i64 {
        let time = i64::try_from(time).unwrap_or(0);
        let wrap = i64::try_from(WRAP).unwrap_or(i64::MAX);
        match self.units.iter().rev().find_map(|u| u.times) {
            Some((_, before)) => {
                let ahead = (time - before).rem_euclid(wrap);
                before
                    + if ahead > wrap / 2 {
                        ahead - wrap
                    } else {
                        ahead
                    }
            }
            None => time,
        }
    }
}

impl Walk {
    /// Looks into the elementary streams.
    fn finish(mut self) -> TsFacts {
        let streams = std::mem::take(&mut self.elementary);
        for (pid, stream) in streams {
            if let (Some(missing), Some(at)) = (stream.missing, stream.packets.last())
                && missing != 0
            {
                let found = format!("{missing} bytes fewer");
                self.fault(*at, "PES packet", "the stated PES_packet_length", found);
            }
            let (init, mut facts) = elementary(stream.codec, &stream.data, &stream.units);
            for defect in &mut facts.defects {
                // From bytes of the stream to bytes of the segment: those of the packet.
                let offset = defect.fault.offset;
                let unit = stream.units.partition_point(|u| u.start as u64 <= offset);
                let packet = unit.checked_sub(1).and_then(|u| stream.packets.get(u));
                defect.fault.offset = packet.copied().unwrap_or(0);
                defect.fault.path = format!("{} of PID {pid}", defect.fault.path);
            }
            if !stream.units.is_empty() {
                self.facts.media.push(ElementaryFacts { pid, init, facts });
            }
        }
        let is_audio = |m: &ElementaryFacts| m.init.width == 0;
        self.facts.media.sort_by_key(is_audio);
        self.facts
    }

    fn fault(&mut self, at: u64, place: &str, expected: impl Display, found: impl Display) {
        if self.facts.faults.len() < MAX_FAULTS {
            let fault = Fault::new(at, place, expected.to_string(), found.to_string());
            self.facts.faults.push(fault);
        }
    }

    fn take(&mut self, packet: Packet<'_>) {
        if packet.pid == NULL_PID {
            return;
        }
        let Some(payload) = packet.payload else {
            return;
        };
        if self.count(&packet) {
            // The second copy of a packet has nothing new.
            return;
        }
        if packet.pid == 0 {
            self.pat(&packet, payload);
        } else if self.maps.as_ref().is_some_and(|m| m.contains(&packet.pid)) {
            self.pmt(&packet, payload);
        } else {
            self.media(&packet, payload);
        }
    }

    /// Checks that the continuity counter grows by one, modulo 16; a packet may be sent twice (13818-1, 2.4.3.3). Returns
    /// whether this is the second copy.
    fn count(&mut self, packet: &Packet<'_>) -> bool {
        let known = self.facts.streams.len();
        let Some(stream) = self.facts.streams.get_mut(&packet.pid) else {
            if known < MAX_STREAMS {
                let stream = Stream {
                    packets: 1,
                    first_counter: packet.counter,
                    last_counter: packet.counter,
                    fresh: packet.jump,
                    ..Stream::default()
                };
                self.facts.streams.insert(packet.pid, stream);
            }
            return false;
        };
        let due = (stream.last_counter + 1) & 15;
        let repeated = packet.counter == stream.last_counter && !packet.jump;
        let twice = repeated && !std::mem::replace(&mut stream.repeated, repeated);
        stream.packets += 1;
        stream.last_counter = packet.counter;
        if packet.counter != due && !twice && !packet.jump {
            let place = format!("packet of PID {}", packet.pid);
            let expected = format!("continuity counter {due}");
            self.fault(packet.at, &place, expected, packet.counter);
        }
        repeated
    }

    fn pat(&mut self, packet: &Packet<'_>, payload: &[u8]) {
        if self.maps.is_some() || !packet.starts {
            return;
        }
        match pat(payload) {
            Ok(maps) => {
                self.facts.programs = u32::try_from(maps.len()).unwrap_or(u32::MAX);
                self.maps = Some(maps);
            }
            Err(wrong) => self.fault(packet.at, "PAT", wrong.expected, wrong.found),
        }
    }

    fn pmt(&mut self, packet: &Packet<'_>, payload: &[u8]) {
        if self.media.is_some() || !packet.starts {
            return;
        }
        match pmt(payload) {
            Ok(media) => {
                self.facts.tables_first = !self.media_seen;
                let known = media
                    .iter()
                    .filter_map(|(pid, codec)| Some((*pid, (*codec)?)));
                let streams = known.map(|(pid, codec)| (pid, Elementary::new(codec)));
                self.elementary = streams.take(MAX_STREAMS).collect();
                self.media = Some(media.into_iter().map(|(pid, _)| pid).collect());
            }
            Err(wrong) => self.fault(packet.at, "PMT", wrong.expected, wrong.found),
        }
    }

    fn media(&mut self, packet: &Packet<'_>, payload: &[u8]) {
        let Some(media) = &self.media else {
            self.media_seen |= packet.pid >= FIRST_FREE_PID;
            return;
        };
        if !media.contains(&packet.pid) {
            return;
        }
        if !packet.starts {
            if let Some(stream) = self.elementary.get_mut(&packet.pid) {
                stream.append(payload);
            }
            return;
        }
        let times = pes_times(payload);
        self.start_unit(packet, payload, times.as_ref().ok().copied().flatten());
        let (pts, dts) = match times {
            Ok(Some(times)) => times,
            Ok(None) => return,
            Err(wrong) => {
                return self.fault(packet.at, "PES header", wrong.expected, wrong.found);
            }
        };
        let stream = self.facts.streams.get_mut(&packet.pid);
        let before = stream.and_then(|s| {
            s.first_dts = s.first_dts.or(Some(dts));
            s.last_dts.replace(dts)
        });
        if before.is_some_and(|before| !follows(before, dts)) {
            let expected = format!("a DTS after {}", before.unwrap_or(0));
            self.fault(packet.at, "PES header", expected, dts);
        }
        if pts != dts && !follows(dts, pts) {
            let expected = format!("a PTS at or after the DTS {dts}");
            self.fault(packet.at, "PES header", expected, pts);
        }
    }
}

impl Walk {
    /// Starts a unit of an elementary stream.
    fn start_unit(&mut self, packet: &Packet<'_>, payload: &[u8], times: Option<(u64, u64)>) {
        let Some(stream) = self.elementary.get_mut(&packet.pid) else {
            return;
        };
        let header = payload.get(8).map_or(9, |length| 9 + usize::from(*length));
        let lacking = stream.missing.filter(|missing| *missing != 0);
        let times = times.map(|(pts, dts)| {
            let dts = stream.unwrapped(dts);
            // Both times wrap; the presentation is at most seconds ahead.
            let ahead = i64::try_from(pts).unwrap_or(0) - dts;
            let wrap = i64::try_from(WRAP).unwrap_or(i64::MAX);
            (dts + (ahead + wrap / 2).rem_euclid(wrap) - wrap / 2, dts)
        });
        stream.units.push(PesUnit {
            start: stream.data.len(),
            times,
        });
        stream.packets.push(packet.at);
        let length = payload
            .get(4..6)
            .map_or(0, |b| b.iter().fold(0, |n, b| n << 8 | i64::from(*b)));
        // The stated length counts from after its field.
        let content = i64::try_from(header).unwrap_or(0) - 6;
        stream.missing = (length > 0).then_some(length - content);
        stream.append(payload.get(header..).unwrap_or_default());
        if let Some(missing) = lacking {
            let found = format!("{missing} bytes fewer");
            let expected = "the stated PES_packet_length before this packet";
            self.fault(packet.at, "PES packet", expected, found);
        }
    }
}

/// Compares two adjacent segments without a discontinuity between them: counters and times continue.
pub fn join(before: &TsFacts, next: &TsFacts) -> Option<Mismatch> {
    next.streams.iter().find_map(|(pid, first)| {
        let last = before.streams.get(pid)?;
        let due = (last.last_counter + 1) & 15;
        if first.first_counter != due && !first.fresh {
            let expected = format!("continuity counter {due} first of PID {pid}");
            return Some(Mismatch::new(expected, first.first_counter));
        }
        let (last, first) = (last.last_dts?, first.first_dts?);
        let expected = format!("a DTS after {last} of PID {pid}");
        (!follows(last, first)).then(|| Mismatch::new(expected, first))
    })
}

/// The PIDs of the program map tables in a PAT (13818-1, 2.4.4).
fn pat(payload: &[u8]) -> Result<Vec<u16>, Mismatch> {
    let body = section(payload, 0)?;
    let entries = body.chunks_exact(4);
    // Program 0 is the network table, not a program.
    let programs = entries.filter(|e| e[0] != 0 || e[1] != 0);
    Ok(programs.map(|e| pid(e[2], e[3])).collect())
}

/// The PIDs of the elementary streams in a PMT, with their codecs if they are known.
fn pmt(payload: &[u8]) -> Result<Vec<(u16, Option<ElementaryCodec>)>, Mismatch> {
    let body = section(payload, 2)?;
    let [_, _, high, low, rest @ ..] = body else {
        let expected = "a PMT with PCR_PID and its descriptors";
        return Err(Mismatch::new(expected, format!("{} bytes", body.len())));
    };
    let skip = usize::from(*high & 0x0f) << 8 | usize::from(*low);
    let mut rest = rest.get(skip..).unwrap_or_default();
    let mut streams = Vec::new();
    while let [kind, high, low, info_high, info_low, tail @ ..] = rest {
        let skip = usize::from(*info_high & 0x0f) << 8 | usize::from(*info_low);
        if !is_sections(*kind) {
            let descriptors = tail.get(..skip).unwrap_or_default();
            streams.push((pid(*high, *low), codec(*kind, descriptors)));
        }
        rest = tail.get(skip..).unwrap_or_default();
    }
    if streams.is_empty() {
        return Err(Mismatch::new("at least one elementary stream", "none"));
    }
    Ok(streams)
}

/// The codec of a stream type (13818-1, table 2-34; ATSC A/52 annex A; ETSI EN 300 468 annex D for private streams).
fn codec(kind: u8, descriptors: &[u8]) -> Option<ElementaryCodec> {
    match kind {
        0x1b => Some(ElementaryCodec::Avc),
        0x24 => Some(ElementaryCodec::Hevc),
        0x0f => Some(ElementaryCodec::Adts),
        0x81 => Some(ElementaryCodec::Ac3),
        0x87 => Some(ElementaryCodec::Eac3),
        0x06 => match descriptors {
            [0x6a, ..] => Some(ElementaryCodec::Ac3),
            [0x7a, ..] => Some(ElementaryCodec::Eac3),
            [5, 4, b'A', b'C', b'-', b'3', ..] => Some(ElementaryCodec::Ac3),
            [5, 4, b'E', b'A', b'C', b'3', ..] => Some(ElementaryCodec::Eac3),
            [5, 4, b'H', b'E', b'V', b'C', ..] => Some(ElementaryCodec::Hevc),
            _ => None,
        },
        _ => None,
    }
}

/// Whether packets of a stream type contain sections, such as splice cues, instead of PES packets (13818-1, table 2-34;
/// SCTE 35).
fn is_sections(kind: u8) -> bool {
    matches!(kind, 0x05 | 0x0a..=0x0d | 0x86)
}

fn pid(high: u8, low: u8) -> u16 {
    u16::from(high & 0x1f) << 8 | u16::from(low)
}

/// The body of the section that starts in a payload, between its header and its checksum.
fn section(payload: &[u8], table: u8) -> Result<&[u8], Mismatch> {
    let pointer = usize::from(payload.first().copied().unwrap_or(0));
    let section = payload.get(1 + pointer..).unwrap_or_default();
    let [id, high, low, rest @ ..] = section else {
        let found = format!("{} bytes", section.len());
        return Err(Mismatch::new("a section", found));
    };
    if *id != table {
        return Err(Mismatch::new(format!("table_id {table}"), id));
    }
    let length = usize::from(*high & 0x0f) << 8 | usize::from(*low);
    let body = rest.get(..length).filter(|b| b.len() >= 9);
    let body = body
        .ok_or_else(|| Mismatch::new("a section within one packet", format!("{length} bytes")))?;
    let whole = section.get(..3 + length).unwrap_or_default();
    if crc(whole) != 0 {
        return Err(Mismatch::new(
            "a section with a correct CRC_32",
            "another checksum",
        ));
    }
    Ok(body.get(5..body.len() - 4).unwrap_or_default())
}

/// CRC-32 (13818-1, annex A). It is 0 over a whole section with its checksum.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            let carry = crc >> 31 != 0;
            if carry {
                crc << 1 ^ 0x04c1_1db7
            } else {
                crc << 1
            }
        })
    })
}

/// PTS and DTS of a PES packet (13818-1, 2.4.3.6), in ticks of 90 kHz; `None` if it has none.
fn pes_times(payload: &[u8]) -> Result<Option<(u64, u64)>, Mismatch> {
    let [0, 0, 1, stream, rest @ ..] = payload else {
        let found = format!("{:02x?}", payload.get(..4).unwrap_or(payload));
        return Err(Mismatch::new("packet_start_code_prefix 000001", found));
    };
    // Other streams, such as padding, do not have these fields.
    if !matches!(stream, 0xbd | 0xc0..=0xef | 0xfd) {
        return Ok(None);
    }
    let [_, _, _, flags, _, fields @ ..] = rest else {
        let found = format!("{} bytes", payload.len());
        return Err(Mismatch::new("a PES header", found));
    };
    let short = || {
        let found = format!("{} bytes", payload.len());
        Mismatch::new("a PES header with its time stamps", found)
    };
    let stamp = |at: usize| fields.get(at..at + 5).map(stamp).ok_or_else(short);
    match flags >> 6 {
        2 => stamp(0).map(|pts| Some((pts, pts))),
        3 => Ok(Some((stamp(0)?, stamp(5)?))),
        _ => Ok(None),
    }
}

fn stamp(bytes: &[u8]) -> u64 {
    let b = |i: usize| u64::from(bytes.get(i).copied().unwrap_or(0));
    (b(0) >> 1 & 7) << 30 | b(1) << 22 | (b(2) >> 1) << 15 | b(3) << 7 | b(4) >> 1
}

/// Whether `next` is after `before`, by less than half the range of a time stamp.
fn follows(before: u64, next: u64) -> bool {
    let ahead = (next + WRAP - before % WRAP) % WRAP;
    ahead > 0 && ahead < WRAP / 2
}
