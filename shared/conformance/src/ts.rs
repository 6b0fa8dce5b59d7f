//! A small bounded reader of MPEG-2 transport streams (ISO/IEC 13818-1): as much as RFC 8216, 3.2 asks of a segment.
//!
//! Our own outputs have none. Those of others are judged by what stands in the packet headers and in the headers of PES
//! packets: tables first, counters that go on, times that do not run backwards. Pictures are not looked into.

mod psi;
mod times;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use reelsmith_isobmff::Fault;

pub(crate) use psi::crc;

/// Bytes of a packet.
pub const PACKET: usize = 188;
/// First byte of every packet.
const SYNC: u8 = 0x47;
/// Packets without payload that fill a multiplex.
const NULL_PID: u16 = 0x1fff;
/// PIDs below this are those of tables (13818-1, table 2-3, and DVB).
const FIRST_FREE_PID: u16 = 0x20;
/// Most faults that are kept of one segment.
const MAX_FAULTS: usize = 16;
/// Most streams that are followed: a programme has a handful, and 8192 is all that there can be.
const MAX_STREAMS: usize = 64;

/// What one stream of packets (a PID) was found to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Packets with payload.
    pub packets: u64,
    /// Continuity counter of the first packet with payload.
    pub first_counter: u8,
    /// Continuity counter of the last one.
    pub last_counter: u8,
    /// Decoding time of the first PES packet, in ticks of 90 kHz, modulo 2^33.
    pub first_dts: Option<u64>,
    /// Decoding time of the last one.
    pub last_dts: Option<u64>,
    /// Whether the counter of its first packet is allowed to jump (`discontinuity_indicator`).
    pub fresh: bool,
}

/// What a segment of MPEG-TS was found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TsFacts {
    /// Packets.
    pub packets: u64,
    /// Whether a PAT and then a PMT stand before the first media packet.
    pub tables_first: bool,
    /// Number of programmes in the PAT.
    pub programs: u32,
    /// Streams that the PMT names, by PID, and the tables.
    pub streams: BTreeMap<u16, Stream>,
    /// Everything that is not as it must be.
    pub faults: Vec<Fault>,
}

/// The header of one packet.
#[derive(Clone, Copy, Debug)]
struct Packet<'a> {
    at: u64,
    pid: u16,
    starts: bool,
    counter: u8,
    /// `discontinuity_indicator`.
    jump: bool,
    payload: Option<&'a [u8]>,
}

/// Reads a whole segment. Never fails: what is wrong stands in [`TsFacts::faults`].
#[must_use]
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
            Err((expected, found)) => {
                // Out of step nothing that follows means anything.
                walk.fault(at, "packet", expected, found);
                break;
            }
        }
        walk.facts.packets += 1;
    }
    walk.facts.tables_first = walk.tables_first;
    walk.facts
}

fn packet(at: u64, bytes: &[u8]) -> Result<Packet<'_>, (&'static str, String)> {
    let [sync, high, low, control, rest @ ..] = bytes else {
        return Err(("a packet of 188 bytes", format!("{} bytes", bytes.len())));
    };
    if *sync != SYNC {
        return Err(("the sync byte 0x47", format!("{sync:#04x}")));
    }
    let (mut jump, mut payload) = (false, Some(rest));
    if control & 0x20 != 0 {
        let length = usize::from(rest.first().copied().unwrap_or(0));
        jump = length > 0 && rest.get(1).is_some_and(|flags| flags & 0x80 != 0);
        payload = rest.get(length + 1..);
    }
    Ok(Packet {
        at,
        pid: u16::from(high & 0x1f) << 8 | u16::from(*low),
        starts: high & 0x40 != 0,
        counter: control & 0x0f,
        jump,
        payload: payload.filter(|p| control & 0x10 != 0 && !p.is_empty()),
    })
}

/// The state of a walk over the packets of one segment.
#[derive(Default)]
struct Walk {
    facts: TsFacts,
    /// PIDs of programme map tables, once the PAT was read.
    maps: Option<Vec<u16>>,
    /// PIDs of media, once a PMT was read.
    media: Option<Vec<u16>>,
    tables_first: bool,
    media_seen: bool,
}

impl Walk {
    fn fault(&mut self, at: u64, place: &str, expected: &str, found: impl Into<String>) {
        if self.facts.faults.len() < MAX_FAULTS {
            self.facts
                .faults
                .push(Fault::new(at, place, expected, found));
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

    /// The continuity counter of a stream goes on by one, modulo 16; a packet may be sent twice (13818-1, 2.4.3.3).
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
            self.fault(packet.at, &place, &expected, packet.counter.to_string());
        }
    }

    fn pat(&mut self, packet: &Packet<'_>, payload: &[u8]) {
        if self.maps.is_some() || !packet.starts {
            return;
        }
        match psi::pat(payload) {
            Ok(maps) => {
                self.facts.programs = u32::try_from(maps.len()).unwrap_or(u32::MAX);
                self.maps = Some(maps);
            }
            Err((expected, found)) => self.fault(packet.at, "PAT", expected, found),
        }
    }

    fn pmt(&mut self, packet: &Packet<'_>, payload: &[u8]) {
        if self.media.is_some() || !packet.starts {
            return;
        }
        match psi::pmt(payload) {
            Ok(media) => {
                self.tables_first = !self.media_seen;
                self.media = Some(media);
            }
            Err((expected, found)) => self.fault(packet.at, "PMT", expected, found),
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
        let found = match times::of_pes(payload) {
            Ok(found) => found,
            Err((expected, found)) => return self.fault(packet.at, "PES header", expected, found),
        };
        let Some((pts, dts)) = found else { return };
        let stream = self.facts.streams.get_mut(&packet.pid);
        let before = stream.and_then(|s| {
            s.first_dts = s.first_dts.or(Some(dts));
            s.last_dts.replace(dts)
        });
        if before.is_some_and(|before| !times::follows(before, dts)) {
            let expected = format!("a DTS after {}", before.unwrap_or(0));
            self.fault(packet.at, "PES header", &expected, dts.to_string());
        }
        if pts != dts && !times::follows(dts, pts) {
            let expected = format!("a PTS at or after the DTS {dts}");
            self.fault(packet.at, "PES header", &expected, pts.to_string());
        }
    }
}

/// What is wrong where `next` follows `before` without a discontinuity: counters that jump, times that run backwards.
#[must_use]
pub fn join(before: &TsFacts, next: &TsFacts) -> Option<(String, String)> {
    next.streams.iter().find_map(|(pid, b)| {
        let a = before.streams.get(pid)?;
        let due = (a.last_counter + 1) & 15;
        if b.first_counter != due && !b.fresh {
            let expected = format!("continuity counter {due} first of PID {pid}");
            return Some((expected, b.first_counter.to_string()));
        }
        let (a, b) = (a.last_dts?, b.first_dts?);
        let backwards = !times::follows(a, b);
        backwards.then(|| (format!("a DTS after {a} of PID {pid}"), b.to_string()))
    })
}
