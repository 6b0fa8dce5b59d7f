//! Whether pictures are fields of different moments: what the file says, held against what ffmpeg's `idet` sees.
//!
//! A file that says "progressive" is believed; VP9 knows nothing else, and H.265 does not weave fields into frames. Where it says fields, most pictures may still be whole (progressive segmented
//! frames): such are not deinterlaced. Where it says nothing, the pictures decide, and they decide which field comes first
//! wherever they leave no doubt: containers and demuxers do not agree on how to say that.

use reelsmith_core::probe::{Probe, Scan};

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::process::{self, Limits, Sign};
use crate::tools::Tools;
use crate::video::decimal_micros;

/// Parts of the duration, in percent, from where pictures are looked at.
const PLACES: [i64; 3] = [10, 40, 70];
/// Pictures looked at from each place.
const PICTURES: u32 = 50;

/// Pictures by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    top: u32,
    bottom: u32,
    progressive: u32,
}

/// Judges the scan of a mezzanine behind its proxy.
///
/// # Errors
/// What [`process::run`] reports.
pub(crate) async fn judge(tools: &Tools, url: &str, probe: &Probe) -> Result<Scan, MediaError> {
    let stated = probe.video.stated_scan();
    let frames_only = matches!(probe.video.codec.as_str(), "vp9" | "hevc");
    if stated == Some(Scan::Progressive) || frames_only {
        return Ok(Scan::Progressive);
    }
    let mut seen = Seen::default();
    for place in PLACES {
        let command = Command::new(&tools.ffmpeg, argv(url, probe, place));
        process::run(&command, &Limits::indexing(), |line| Ok(seen.read(line)))
            .await
            .map_err(MediaError::of_demuxer)?;
    }
    Ok(seen.verdict(stated))
}

fn argv(url: &str, probe: &Probe, place: i64) -> Vec<String> {
    let mut args: Vec<String> = words("-v error -hide_banner -nostdin -ss").collect();
    args.push(decimal_micros(
        i128::from(probe.duration_us) * i128::from(place) / 100,
    ));
    args.extend(input::open(url, probe.container));
    args.push("-map".to_owned());
    args.push(format!("0:{}", probe.video.index));
    args.extend(words("-an -sn -dn -frames:v"));
    args.push(PICTURES.to_string());
    let print = "idet,metadata=mode=print:key=lavfi.idet.multiple.current_frame:file=-";
    args.extend(["-vf", print, "-f", "null", "-"].map(str::to_owned));
    args
}

impl Seen {
    /// One line such as `lavfi.idet.multiple.current_frame=tff`.
    fn read(&mut self, line: &str) -> Sign {
        match line.split_once('=').map(|(_, verdict)| verdict) {
            Some("tff") => self.top += 1,
            Some("bff") => self.bottom += 1,
            Some("progressive") => self.progressive += 1,
            _ => {}
        }
        Sign::Progress
    }

    /// Fields that are stated are fields unless nearly all pictures are whole. Where nothing is stated, most pictures must show
    /// fields, and in the same order: sharp edges and small pictures look like fields of now one order and now the other.
    fn verdict(self, stated: Option<Scan>) -> Scan {
        let fields = self.top + self.bottom;
        let clear = |most: u32, least: u32| most >= 10 && most > least * 3;
        let order = match stated {
            _ if clear(self.top, self.bottom) => Some(Scan::TopFirst),
            _ if clear(self.bottom, self.top) => Some(Scan::BottomFirst),
            stated => stated,
        };
        let whole = match stated {
            Some(_) => self.progressive > fields * 19,
            None => fields <= self.progressive,
        };
        order.filter(|_| !whole).unwrap_or(Scan::Progressive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{made, serve};

    fn seen(top: u32, bottom: u32, progressive: u32) -> Seen {
        Seen {
            top,
            bottom,
            progressive,
        }
    }

    #[test]
    fn pictures_decide_where_the_file_says_nothing_or_is_plainly_wrong() {
        let top = Some(Scan::TopFirst);
        assert_eq!(
            seen(0, 0, 150).verdict(top),
            Scan::Progressive,
            "segmented frames"
        );
        assert_eq!(
            seen(5, 0, 60).verdict(top),
            Scan::TopFirst,
            "a still is no proof"
        );
        assert_eq!(seen(0, 0, 0).verdict(top), Scan::TopFirst);
        assert_eq!(seen(0, 0, 0).verdict(None), Scan::Progressive);
        assert_eq!(seen(10, 80, 20).verdict(None), Scan::BottomFirst);
        assert_eq!(
            seen(60, 70, 20).verdict(None),
            Scan::Progressive,
            "of no one order"
        );
        assert_eq!(seen(10, 8, 100).verdict(None), Scan::Progressive);
        assert_eq!(seen(2, 40, 9).verdict(top), Scan::BottomFirst);
        assert_eq!(
            seen(20, 40, 9).verdict(top),
            Scan::TopFirst,
            "no clear case"
        );
    }

    const MOVING: &str = "-f lavfi -i testsrc2=size=320x240:rate=50 -frames:v";

    async fn judged(how: &str) -> Scan {
        let (_folder, file) = made(&format!("{MOVING} {how}"));
        let container = reelsmith_core::sniff::Container::sniff(&std::fs::read(&file).unwrap());
        let container = container.unwrap();
        let proxy = serve(&file).await;
        let probe = crate::probe(&crate::testing::tools(), &proxy.url(), container).await;
        judge(&crate::testing::tools(), &proxy.url(), &probe.unwrap())
            .await
            .unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn fields_are_seen() {
        let top = "100 -vf tinterlace=interleave_top,setfield=tff -r 25 -pix_fmt yuv420p -c:v mpeg2video \
                   -flags +ildct+ilme -top 1 -q:v 3 film.mxf";
        assert_eq!(judged(top).await, Scan::TopFirst);
    }
}
