//! Segments of MPEG-TS built by hand.

use std::collections::BTreeMap;

use reelsmith_isobmff::testing::{PPS, avc_slice, sps};

use crate::ts::PACKET;

/// PID of the program map table.
const MAP: u16 = 0x1000;
/// PID of the video stream.
pub const VIDEO: u16 = 0x100;
/// PID of the audio stream.
pub const AUDIO: u16 = 0x101;

/// Writes packets with continuity counters.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    counters: BTreeMap<u16, u8>,
    pub bytes: Vec<u8>,
}

impl Writer {
    /// Writes one packet that starts a unit, padded by an adaptation field.
    pub fn packet(&mut self, pid: u16, payload: &[u8]) {
        let counter = self.counters.entry(pid).or_insert(0);
        let [high, low] = pid.to_be_bytes();
        let control = 0x30 | (*counter & 15);
        *counter = counter.wrapping_add(1);
        let stuffing = (PACKET - 6).saturating_sub(payload.len());
        self.bytes.extend([0x47, 0x40 | high, low, control]);
        self.bytes.push(u8::try_from(stuffing + 1).unwrap_or(0));
        self.bytes.push(0);
        self.bytes.extend(vec![0xff; stuffing]);
        self.bytes.extend(payload);
    }

    /// Writes the tables: one program with a video and an audio stream.
    pub fn tables(&mut self) {
        self.packet(0, &section(0, &[0, 1, 0xf0, 0]));
        let mut map = vec![0xe1, 0, 0xf0, 0];
        map.extend([0x1b, 0xe1, 0, 0xf0, 0]);
        map.extend([0x0f, 0xe1, 1, 0xf0, 0]);
        self.packet(MAP, &section(2, &map));
    }

    /// Writes a PES packet with both time stamps: a picture, which follows others, or an access unit of audio.
    pub fn pes(&mut self, pid: u16, stream: u8, pts: u64, dts: u64) {
        let content = if pid == VIDEO {
            byte_stream(&[&avc_slice(1, 40)])
        } else {
            adts()
        };
        self.unit(pid, stream, (pts, dts), &content);
    }

    /// Writes a PES packet with presentation and decoding time.
    pub fn unit(&mut self, pid: u16, stream: u8, (pts, dts): (u64, u64), content: &[u8]) {
        let mut payload = vec![0, 0, 1, stream, 0, 0, 0x80, 0xc0, 10];
        payload.extend(stamp(3, pts));
        payload.extend(stamp(1, dts));
        payload.extend(content);
        self.packet(pid, &payload);
    }
}

/// NAL units with start codes.
pub fn byte_stream(nals: &[&[u8]]) -> Vec<u8> {
    let coded = nals.iter().map(|nal| [&[0, 0, 0, 1], *nal].concat());
    coded.collect::<Vec<_>>().concat()
}

/// The parameter sets and an IDR picture.
pub fn idr() -> Vec<u8> {
    byte_stream(&[&sps(100, 30, 640, 360), &PPS, &avc_slice(5, 60)])
}

/// An ADTS frame of silence in stereo.
fn adts() -> Vec<u8> {
    let silence = [0x21, 0x10, 0x05, 0x00, 0xa0, 0x1b, 0xff, 0xc0];
    let mut frame = vec![0xff, 0xf1, 0x4c, 0x80, 15 >> 3, (15 & 7) << 5 | 0x1f, 0xfc];
    frame.extend(silence);
    frame
}

/// A number of segments of four seconds, cut from one multiplex.
pub fn segments(count: u64) -> Vec<Vec<u8>> {
    let mut writer = Writer::default();
    let segments = (0..count).map(|segment| {
        writer.tables();
        for frame in 0..100 {
            let dts = 126_000 + (segment * 100 + frame) * 3_600;
            match frame {
                0 | 50 => writer.unit(VIDEO, 0xe0, (dts + 7_200, dts), &idr()),
                _ => writer.pes(VIDEO, 0xe0, dts + 7_200, dts),
            }
            writer.pes(AUDIO, 0xc0, dts, dts);
        }
        std::mem::take(&mut writer.bytes)
    });
    segments.collect()
}

/// A section with its pointer field and its checksum.
fn section(table: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len() + 9).unwrap_or(u8::MAX);
    let mut section = vec![table, 0xb0, length, 0, 1, 0xc1, 0, 0];
    section.extend(body);
    let crc = crate::ts::crc(&section);
    section.extend(crc.to_be_bytes());
    [vec![0], section].concat()
}

fn stamp(marker: u8, time: u64) -> [u8; 5] {
    let part = |shift: u32, mask: u64| u8::try_from(time >> shift & mask).unwrap_or(0);
    [
        marker << 4 | part(30, 7) << 1 | 1,
        part(22, 0xff),
        part(15, 0x7f) << 1 | 1,
        part(7, 0xff),
        part(0, 0x7f) << 1 | 1,
    ]
}
