//! Detects interlaced pictures by comparing what the file states with what ffmpeg's `idet` filter measures.
//!
//! A file that states "progressive" is believed, and so are VP9 and H.265, which do not interleave fields. If the file
//! states fields, most pictures may still be progressive (segmented frames); they are then not deinterlaced. If it states
//! nothing, the pictures decide. A clear measurement also decides the field order, because containers and demuxers state
//! it inconsistently.

use reelsmith_core::probe::Scan;

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::probe::VideoSource;
use crate::process::{self, Activity, Limits};
use crate::tools::Tools;
use crate::video::decimal_micros;

/// Positions in percent of the duration from which pictures are measured.
const POSITIONS: [i64; 3] = [10, 40, 70];
/// Pictures measured at each position.
const PICTURES: u32 = 50;

/// Numbers of pictures by `idet`'s result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ScanCounts {
    top: u32,
    bottom: u32,
    progressive: u32,
}

/// Detects the scan of the mezzanine at `url`, an address of the range proxy.
///
/// # Errors
/// The errors of [`process::run`].
pub(crate) async fn detect_scan(
    tools: &Tools,
    url: &str,
    probe: &VideoSource<'_>,
) -> Result<Scan, MediaError> {
    let stated = probe.video.stated_scan();
    let frames_only = matches!(probe.video.codec.as_str(), "vp9" | "hevc");
    if stated == Some(Scan::Progressive) || frames_only {
        return Ok(Scan::Progressive);
    }
    let mut all = Vec::new();
    for position in POSITIONS {
        let mut counts = ScanCounts::default();
        let command = Command::new(
            tools.transcoder(&probe.video.codec, false),
            argv(url, probe, position),
        );
        process::run(&command, &Limits::indexing(), |line| Ok(counts.read(line)))
            .await
            .map_err(MediaError::of_demuxer)?;
        all.push(counts);
    }
    Ok(ScanCounts::verdict_of(&all, stated))
}

fn argv(url: &str, probe: &VideoSource<'_>, position: i64) -> Vec<String> {
    let start = decimal_micros(i128::from(probe.duration_us) * i128::from(position) / 100);
    let (stream, input) = (probe.video.index, input::open(url, probe.container));
    words(&format!(
        "-v error -hide_banner -nostdin -ss {start} {input} -map 0:{stream} -an -sn -dn -frames:v {PICTURES} \
         -vf idet,metadata=mode=print:key=lavfi.idet.multiple.current_frame:file=- -f null -"
    ))
}

impl ScanCounts {
    /// One line such as `lavfi.idet.multiple.current_frame=tff`.
    fn read(&mut self, line: &str) -> Activity {
        match line.split_once('=').map(|(_, result)| result) {
            Some("tff") => self.top += 1,
            Some("bff") => self.bottom += 1,
            Some("progressive") => self.progressive += 1,
            _ => {}
        }
        Activity::Progress
    }

    /// Fields of one programme are in one order. If fields are found in one order here and in the other there, or in both
    /// alike, the pictures only look like fields: the file is progressive, whatever it states.
    fn verdict_of(all: &[Self], stated: Option<Scan>) -> Scan {
        let clear = |of: &dyn Fn(&Self) -> (u32, u32)| {
            all.iter()
                .map(of)
                .any(|(most, least)| most >= 10 && most > least * 3)
        };
        let contradictory = clear(&|c| (c.top, c.bottom)) && clear(&|c| (c.bottom, c.top));
        let sum = |of: fn(&Self) -> u32| all.iter().map(of).sum::<u32>();
        let (top, bottom) = (sum(|c| c.top), sum(|c| c.bottom));
        let alike = top.min(bottom) >= 10 && top.max(bottom) < top.min(bottom) * 2;
        if contradictory || alike {
            return Scan::Progressive;
        }
        let progressive = sum(|c| c.progressive);
        Self {
            top,
            bottom,
            progressive,
        }
        .verdict(stated)
    }

    /// If the file states fields, they are fields unless nearly all pictures are progressive. If it states nothing, most
    /// pictures must be fields in the same order, because sharp edges and small pictures look like fields in alternating
    /// orders.
    fn verdict(self, stated: Option<Scan>) -> Scan {
        let fields = self.top + self.bottom;
        let clear = |most: u32, least: u32| most >= 10 && most > least * 3;
        let order = match stated {
            _ if clear(self.top, self.bottom) => Some(Scan::TopFirst),
            _ if clear(self.bottom, self.top) => Some(Scan::BottomFirst),
            stated => stated,
        };
        let progressive = match stated {
            Some(_) => self.progressive > fields * 19,
            None => fields <= self.progressive,
        };
        order.filter(|_| !progressive).unwrap_or(Scan::Progressive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{made, serve};

    fn counts(top: u32, bottom: u32, progressive: u32) -> ScanCounts {
        ScanCounts {
            top,
            bottom,
            progressive,
        }
    }

    #[test]
    fn pictures_decide_if_the_file_states_nothing_or_is_clearly_wrong() {
        let top = Some(Scan::TopFirst);
        assert_eq!(
            counts(0, 0, 150).verdict(top),
            Scan::Progressive,
            "segmented frames"
        );
        assert_eq!(
            counts(5, 0, 60).verdict(top),
            Scan::TopFirst,
            "still pictures prove nothing"
        );
        assert_eq!(counts(0, 0, 0).verdict(top), Scan::TopFirst);
        assert_eq!(counts(0, 0, 0).verdict(None), Scan::Progressive);
        assert_eq!(counts(10, 80, 20).verdict(None), Scan::BottomFirst);
        assert_eq!(
            counts(60, 70, 20).verdict(None),
            Scan::Progressive,
            "in no single order"
        );
        assert_eq!(counts(10, 8, 100).verdict(None), Scan::Progressive);
        assert_eq!(counts(2, 40, 9).verdict(top), Scan::BottomFirst);
        assert_eq!(
            counts(20, 40, 9).verdict(top),
            Scan::TopFirst,
            "not a clear case"
        );
    }

    #[test]
    fn fields_in_contradictory_orders_are_none() {
        let top = Some(Scan::TopFirst);
        let of = |all: &[ScanCounts]| ScanCounts::verdict_of(all, top);
        // Progressive test pictures that are flagged as interlaced.
        assert_eq!(
            of(&[counts(20, 20, 11), counts(38, 6, 7), counts(0, 41, 10)]),
            Scan::Progressive
        );
        assert_eq!(of(&[counts(25, 20, 5); 3]), Scan::Progressive);
        assert_eq!(of(&[counts(51, 0, 0); 3]), Scan::TopFirst);
        assert_eq!(
            of(&[counts(0, 0, 0), counts(4, 5, 3), counts(30, 2, 9)]),
            Scan::TopFirst
        );
    }

    const MOVING: &str = "-f lavfi -i testsrc2=size=320x240:rate=50 -frames:v";

    async fn detect(options: &str) -> Scan {
        let (_folder, file) = made(&format!("{MOVING} {options}"));
        let container = reelsmith_core::sniff::Container::sniff(&std::fs::read(&file).unwrap());
        let container = container.unwrap();
        let proxy = serve(&file).await;
        let probe = crate::probe(&crate::testing::tools(), &proxy.url(), container, None).await;
        detect_scan(
            &crate::testing::tools(),
            &proxy.url(),
            &VideoSource::of(&probe.unwrap()).unwrap(),
        )
        .await
        .unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn fields_are_counted() {
        let top = "100 -vf tinterlace=interleave_top,setfield=tff -r 25 -pix_fmt yuv420p -c:v mpeg2video \
                   -flags +ildct+ilme -top 1 -q:v 3 film.mxf";
        assert_eq!(detect(top).await, Scan::TopFirst);
        let flagged = "400 -s 640x360 -r 25 -vf setfield=tff -c:v prores_ks -flags +ildct film.mov";
        assert_eq!(detect(flagged).await, Scan::Progressive);
    }
}
