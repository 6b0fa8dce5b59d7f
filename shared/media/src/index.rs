//! The packet index: when every video packet is shown, and where decoding can start.

use reelsmith_core::probe::{Packet, PacketIndex};
use reelsmith_core::sniff::Container;

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::probe::{ratio, unreadable};
use crate::process::{self, Limits, Sign};
use crate::tools::Tools;

/// Packets of six hours at 240 frames a second, and a reserve.
const MOST_PACKETS: usize = 6_000_000;

/// Reads the timestamps of every packet of stream `stream` (index among all streams), on ffmpeg's own timeline.
///
/// The whole file is read once through the proxy. For ISO media the `moov` alone would do (a few hundred kilobytes), but
/// its reader would have to follow ffmpeg's edit-list arithmetic exactly; until then the demuxer itself is asked.
///
/// # Errors
/// [`MediaError::Unindexable`] where a packet has no presentation time; [`MediaError::Unreadable`]; and what
/// [`process::run`] reports.
pub async fn packet_index(
    tools: &Tools,
    url: &str,
    container: Container,
    stream: u32,
) -> Result<PacketIndex, MediaError> {
    let command = Command::new(&tools.ffprobe, index_argv(url, container, stream));
    let mut rows = Rows::default();
    let run = process::run(&command, &Limits::default(), |line| rows.read(line)).await;
    run.map_err(unreadable)?;
    rows.into_index()
}

fn index_argv(url: &str, container: Container, stream: u32) -> Vec<String> {
    let mut args: Vec<String> = words("-v error -hide_banner -select_streams").collect();
    args.push(stream.to_string());
    args.extend(words(
        "-show_entries packet=pts,dts,flags:stream=time_base -of compact=print_section=1:nokey=0",
    ));
    args.extend(input::open(url, container));
    args
}

#[derive(Debug, Default)]
struct Rows {
    packets: Vec<Packet>,
    time_base: Option<(u32, u32)>,
}

impl Rows {
    /// One line such as `packet|pts=3003|dts=1001|flags=K_` or `stream|time_base=1/90000`; others are side data.
    fn read(&mut self, line: &str) -> Result<Sign, MediaError> {
        let mut fields = line.split('|');
        match fields.next() {
            Some("packet") => self.packet(fields)?,
            Some("stream") => {
                let base = fields.find_map(|f| f.strip_prefix("time_base="));
                self.time_base = self.time_base.or(base.and_then(|b| ratio(b, '/')));
            }
            _ => {}
        }
        Ok(Sign::Progress)
    }

    fn packet<'a>(&mut self, fields: impl Iterator<Item = &'a str>) -> Result<(), MediaError> {
        let (mut pts, mut dts, mut flags) = (None, None, "");
        for (key, value) in fields.filter_map(|f| f.split_once('=')) {
            match key {
                "pts" => pts = value.parse().ok(),
                "dts" => dts = value.parse().ok(),
                "flags" => flags = value,
                _ => {}
            }
        }
        // Pre-roll that an edit list hides is decoded but never shown.
        if flags.contains('D') {
            return Ok(());
        }
        let number = self.packets.len();
        let pts: i64 = pts.ok_or_else(|| MediaError::Unindexable {
            detail: format!("packet {number} without a presentation time (dts {dts:?})"),
        })?;
        if number >= MOST_PACKETS {
            return Err(MediaError::Unindexable {
                detail: format!("more than {MOST_PACKETS} video packets"),
            });
        }
        self.packets.push(Packet {
            pts,
            dts: dts.unwrap_or(pts),
            key: flags.contains('K'),
        });
        Ok(())
    }

    fn into_index(self) -> Result<PacketIndex, MediaError> {
        let time_base = self.time_base.ok_or_else(|| MediaError::Unreadable {
            detail: "a video stream without a time base".to_owned(),
        })?;
        Ok(PacketIndex {
            time_base,
            packets: self.packets,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(lines: &[&str]) -> Result<PacketIndex, MediaError> {
        let mut rows = Rows::default();
        for line in lines {
            rows.read(line)?;
        }
        rows.into_index()
    }

    #[test]
    fn hidden_packets_are_dropped_and_missing_decoding_times_filled() {
        let index = rows(&[
            "packet|pts=-1001|dts=-2002|flags=KD",
            "packet|pts=0|dts=N/A|flags=K_|side_data|side_data_type=Skip Samples",
            "packet|pts=2002|dts=1001|flags=__",
            "stream|time_base=1/24000",
        ]);
        let index = index.unwrap();
        let packet = |pts, dts, key| Packet { pts, dts, key };
        assert_eq!(index.time_base, (1, 24_000));
        assert_eq!(
            index.packets,
            [packet(0, 0, true), packet(2002, 1001, false)]
        );
    }

    #[test]
    fn a_packet_without_presentation_time_cannot_be_planned() {
        let error = rows(&["packet|pts=N/A|dts=40|flags=K_"]).unwrap_err();
        insta::assert_snapshot!(error, @"expected a timestamp on every video packet, found packet 0 without a presentation time (dts Some(40))");
    }

    proptest! {
        #[test]
        fn lines_of_any_kind_never_panic(line in "(packet|stream)?[|=a-z0-9/-]{0,60}") {
            let _ = rows(&[&line]);
        }
    }
}
