//! Parses the packet list of ffprobe into an index.

use reelsmith_core::probe::{ByteSpan, IndexRead, Packet, PacketIndex, Probe, Scan};
use reelsmith_core::sniff::Container;

use crate::error::MediaError;
use crate::probe::ratio;
use crate::process::Activity;

/// Limit of packets: six hours at 240 fps, and a reserve.
const MAX_PACKETS: usize = 6_000_000;

#[derive(Debug, Default)]
pub(super) struct PacketRows {
    packets: Vec<Packet>,
    time_base: Option<(u32, u32)>,
    reordered: bool,
}

impl PacketRows {
    /// Reads a line such as `packet|pts=3003|dts=1001|size=99|pos=48|flags=K_` or `stream|has_b_frames=2|time_base=1/90000`;
    /// other lines are side data.
    pub(super) fn read(&mut self, line: &str) -> Result<Activity, MediaError> {
        let mut fields = line.split('|');
        match fields.next() {
            Some("packet") => self.packet(fields)?,
            Some("stream") => {
                for (key, value) in fields.filter_map(|f| f.split_once('=')) {
                    match key {
                        "time_base" => self.time_base = self.time_base.or(ratio(value, '/')),
                        "has_b_frames" => self.reordered |= value != "0",
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(Activity::Progress)
    }

    fn packet<'a>(&mut self, fields: impl Iterator<Item = &'a str>) -> Result<(), MediaError> {
        let (mut pts, mut dts, mut flags): (Option<i64>, Option<i64>, _) = (None, None, "");
        let (mut start, mut size): (Option<u64>, Option<u64>) = (None, None);
        for (key, value) in fields.filter_map(|f| f.split_once('=')) {
            match key {
                "pts" => pts = value.parse().ok(),
                "dts" => dts = value.parse().ok(),
                "pos" => start = value.parse().ok(),
                "size" => size = value.parse().ok(),
                "flags" => flags = value,
                _ => {}
            }
        }
        // Pre-roll hidden by an edit list is decoded but not shown.
        if flags.contains('D') {
            return Ok(());
        }
        let number = self.packets.len();
        let pts = pts.ok_or_else(|| MediaError::Unindexable {
            found: format!("packet {number} without a presentation time (dts {dts:?})"),
        })?;
        if number >= MAX_PACKETS {
            return Err(MediaError::Unindexable {
                found: format!("more than {MAX_PACKETS} video packets"),
            });
        }
        let bytes = start.zip(size).map(|(start, size)| ByteSpan {
            start,
            end: start.saturating_add(size),
        });
        self.packets.push(Packet {
            pts,
            dts,
            key: flags.contains('K'),
            bytes,
        });
        Ok(())
    }

    pub(super) fn into_index(self, probe: &Probe) -> Result<PacketIndex, MediaError> {
        let time_base = self
            .time_base
            .ok_or_else(|| MediaError::unreadable("a video stream without a time base"))?;
        // MXF has presentation times only if its index tables state how frames are reordered.
        let dts_only = self.packets.iter().all(|p| p.dts == Some(p.pts));
        let inter = matches!(probe.video.codec.as_str(), "h264" | "hevc");
        let unordered = probe.container == Container::Mxf && inter && self.reordered && dts_only;
        Ok(PacketIndex {
            time_base,
            packets: self.packets,
            gradual: false,
            unordered,
            tables: None,
            fragments: Vec::new(),
            described: false,
            read: IndexRead::Scan,
            scan: Scan::Progressive,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn rows(lines: &[&str]) -> Result<PacketIndex, MediaError> {
        let mut rows = PacketRows::default();
        for line in lines {
            rows.read(line)?;
        }
        rows.into_index(&testing::probed(Container::Mxf, "h264"))
    }

    #[test]
    fn hidden_packets_are_dropped_and_positions_kept() {
        let index = rows(&[
            "packet|pts=-1001|dts=-2002|size=5|pos=3|flags=KD",
            "packet|pts=0|dts=N/A|size=100|pos=48|flags=K_|side_data|side_data_type=Skip Samples",
            "packet|pts=2002|dts=1001|size=20|pos=N/A|flags=__",
            "stream|has_b_frames=2|time_base=1/24000",
        ]);
        let index = index.unwrap();
        let packet = |pts, dts, key, bytes| Packet {
            pts,
            dts,
            key,
            bytes,
        };
        let bytes = ByteSpan {
            start: 48,
            end: 148,
        };
        assert_eq!(index.time_base, (1, 24_000));
        assert_eq!(
            index.packets,
            [
                packet(0, None, true, Some(bytes)),
                packet(2002, Some(1001), false, None)
            ]
        );
        assert!(!index.unordered);
    }

    #[test]
    fn reordered_frames_without_presentation_times_are_detected() {
        let lines = |b: &str| {
            let stream = format!("stream|has_b_frames={b}|time_base=1/25");
            rows(&[
                "packet|pts=0|dts=0|flags=K_",
                "packet|pts=1|dts=1|flags=__",
                &stream,
            ])
        };
        assert!(lines("2").unwrap().unordered);
        assert!(!lines("0").unwrap().unordered);
    }

    #[test]
    fn a_packet_without_presentation_time_is_refused() {
        let error = rows(&["packet|pts=N/A|dts=40|flags=K_"]).unwrap_err();
        insta::assert_snapshot!(error, @"expected a timestamp on every video packet, found packet 0 without a presentation time (dts Some(40))");
    }

    proptest! {
        #[test]
        fn arbitrary_lines_never_panic(line in "(packet|stream)?[|=a-z0-9/-]{0,60}") {
            let _ = rows(&[&line]);
        }
    }
}
