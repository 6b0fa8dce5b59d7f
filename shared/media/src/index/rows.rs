//! Parses the packet list of ffprobe into an index.

use std::fmt;

use reelsmith_core::probe::{ByteSpan, Packet, PacketIndex};
use reelsmith_core::sniff::Container;
use reelsmith_core::warning::Place;

use crate::error::MediaError;
use crate::probe::{VideoSource, ratio};
use crate::process::Activity;

/// Limit of packets: six hours at 240 fps, and a reserve.
const MAX_PACKETS: usize = 6_000_000;

#[derive(Debug, Default)]
pub(super) struct PacketRows {
    packets: Vec<Packet>,
    /// The time of the frame that is shown last, and the duration that its packet states.
    last: Option<(i64, i64)>,
    /// Sum of the durations of all packets.
    total: i64,
    hidden: u64,
    time_base: Option<(u32, u32)>,
    reordered: bool,
    first: Option<PictureFormat>,
    /// The first picture in another format than the first one, and its time.
    changed: Option<(i64, PictureFormat)>,
}

/// What must be the same in all pictures of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PictureFormat {
    width: String,
    height: String,
    sar: String,
    pixels: String,
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}, {}", self.width, self.height, self.pixels)?;
        match self.sar.as_str() {
            "" | "N/A" => Ok(()),
            sar => write!(f, ", sample aspect ratio {sar}"),
        }
    }
}

impl PacketRows {
    /// Reads a line such as `packet|pts=3003|dts=1001|size=99|pos=48|flags=K_`, `frame|pts=3003|width=640|height=360` or
    /// `stream|has_b_frames=2|time_base=1/90000`; other lines are side data.
    pub(super) fn read(&mut self, line: &str) -> Result<Activity, MediaError> {
        let mut fields = line.split('|');
        match fields.next() {
            Some("packet") => self.packet(fields)?,
            Some("frame") => self.frame(fields),
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

    fn frame<'a>(&mut self, fields: impl Iterator<Item = &'a str>) {
        let (mut pts, mut format) = (None, PictureFormat::default());
        for (key, value) in fields.filter_map(|f| f.split_once('=')) {
            match key {
                "pts" => pts = value.parse().ok(),
                "width" => format.width = value.to_owned(),
                "height" => format.height = value.to_owned(),
                "sample_aspect_ratio" => format.sar = value.to_owned(),
                "pix_fmt" => format.pixels = value.to_owned(),
                _ => {}
            }
        }
        let first = self.first.get_or_insert_with(|| format.clone());
        if let (true, None, Some(pts)) = (*first != format, &self.changed, pts) {
            self.changed = Some((pts, format));
        }
    }

    /// The time of the first picture in another format than the first one.
    pub(super) fn changed_at(&self) -> Option<i64> {
        self.changed.as_ref().map(|(pts, _)| *pts)
    }

    /// Fails if pictures were seen in more than one format. `first` is the time of the first frame.
    pub(super) fn check_format(&self, first: i64, time_base: (u32, u32)) -> Result<(), MediaError> {
        let (Some(format), Some((pts, changed))) = (&self.first, &self.changed) else {
            return Ok(());
        };
        let millis =
            |ticks: i64| ticks * 1_000 * i64::from(time_base.0) / i64::from(time_base.1.max(1));
        Err(MediaError::Picture {
            expected: format!("pictures of one size, shape and pixel format ({format})"),
            found: format!(
                "{changed} at {}",
                Place::Millis(millis(pts.saturating_sub(first)))
            ),
        })
    }

    fn packet<'a>(&mut self, fields: impl Iterator<Item = &'a str>) -> Result<(), MediaError> {
        let (mut pts, mut dts, mut flags): (Option<i64>, Option<i64>, _) = (None, None, "");
        let (mut start, mut size): (Option<u64>, Option<u64>) = (None, None);
        let mut duration = 0i64;
        for (key, value) in fields.filter_map(|f| f.split_once('=')) {
            match key {
                "pts" => pts = value.parse().ok(),
                "dts" => dts = value.parse().ok(),
                "duration" => duration = value.parse().unwrap_or(0),
                "pos" => start = value.parse().ok(),
                "size" => size = value.parse().ok(),
                "flags" => flags = value,
                _ => {}
            }
        }
        // Pre-roll hidden by an edit list is decoded but not shown.
        if flags.contains('D') {
            self.hidden += 1;
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
        let duration = duration.max(0);
        self.total = self.total.saturating_add(duration);
        self.last = self.last.max(Some((pts, duration)));
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

    /// When the last frame stops being shown. The durations of MP4 and MOV are distances between packets in the order of
    /// decoding, so that only their sum concerns the frames as they are shown.
    fn end(&self, container: Container, first: i64) -> i64 {
        match container {
            Container::Mov => first.saturating_add(self.total),
            _ => {
                let (last, duration) = self.last.unwrap_or_default();
                last.saturating_add(duration)
            }
        }
    }

    pub(super) fn into_index(self, probe: &VideoSource<'_>) -> Result<PacketIndex, MediaError> {
        let time_base = self
            .time_base
            .ok_or_else(|| MediaError::unreadable("a video stream without a time base"))?;
        // MXF has presentation times only if its index tables state how frames are reordered.
        let dts_only = self.packets.iter().all(|p| p.dts == Some(p.pts));
        let inter = matches!(probe.video.codec.as_str(), "h264" | "hevc");
        let unordered = probe.container == Container::Mxf && inter && self.reordered && dts_only;
        let first = self.packets.iter().map(|p| p.pts).min().unwrap_or(0);
        self.check_format(first, time_base)?;
        Ok(PacketIndex {
            time_base,
            end: self.end(probe.container, first),
            packets: self.packets,
            unordered,
            hidden: self.hidden,
            one_timeline: !matches!(probe.container, Container::MpegTs | Container::MpegPs),
            ..PacketIndex::default()
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
        let probe = testing::probed(Container::Mxf, "h264");
        rows.into_index(&VideoSource::of(&probe)?)
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
