//! A bounded reader of MPEG-2 transport stream segments (ISO/IEC 13818-1), as far as RFC 8216, 3.2 needs it.
//!
//! Outputs of this pipeline have none. Those of other packagers are judged by packet headers and PES headers: tables
//! first, continuous counters, times that do not run backwards. Pictures are not examined.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Display;

use reelsmith_isobmff::Fault;

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
    pub faults: Vec<Fault>,
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
    walk.facts
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
}

impl Walk {
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
        self.count(&packet);
        if packet.pid == 0 {
            self.pat(&packet, payload);
        } else if self.maps.as_ref().is_some_and(|m| m.contains(&packet.pid)) {
            self.pmt(&packet, payload);
        } else {
            self.media(&packet, payload);
        }
    }

    /// Checks that the continuity counter grows by one, modulo 16; a packet may be sent twice (13818-1, 2.4.3.3).
    fn count(&mut self, packet: &Packet<'_>) {
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
            return;
        };
        let due = (stream.last_counter + 1) & 15;
        let repeated = packet.counter == stream.last_counter;
        stream.packets += 1;
        stream.last_counter = packet.counter;
        if packet.counter != due && !repeated && !packet.jump {
            let place = format!("packet of PID {}", packet.pid);
            let expected = format!("continuity counter {due}");
            self.fault(packet.at, &place, expected, packet.counter);
        }
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
                self.media = Some(media);
            }
            Err(wrong) => self.fault(packet.at, "PMT", wrong.expected, wrong.found),
        }
    }

    fn media(&mut self, packet: &Packet<'_>, payload: &[u8]) {
        let Some(media) = &self.media else {
            self.media_seen |= packet.pid >= FIRST_FREE_PID;
            return;
        };
        if !packet.starts || !media.contains(&packet.pid) {
            return;
        }
        let (pts, dts) = match pes_times(payload) {
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

/// The PIDs of the elementary streams in a PMT.
fn pmt(payload: &[u8]) -> Result<Vec<u16>, Mismatch> {
    let body = section(payload, 2)?;
    let [_, _, high, low, rest @ ..] = body else {
        let expected = "a PMT with PCR_PID and its descriptors";
        return Err(Mismatch::new(expected, format!("{} bytes", body.len())));
    };
    let skip = usize::from(*high & 0x0f) << 8 | usize::from(*low);
    let mut rest = rest.get(skip..).unwrap_or_default();
    let mut streams = Vec::new();
    while let [kind, high, low, info_high, info_low, tail @ ..] = rest {
        if !is_sections(*kind) {
            streams.push(pid(*high, *low));
        }
        let skip = usize::from(*info_high & 0x0f) << 8 | usize::from(*info_low);
        rest = tail.get(skip..).unwrap_or_default();
    }
    if streams.is_empty() {
        return Err(Mismatch::new("at least one elementary stream", "none"));
    }
    Ok(streams)
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
