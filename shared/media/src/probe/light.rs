//! What only pictures say: HDR10 metadata where the container has none, and whether there are captions in them.

use reelsmith_core::ladder::VideoRange;
use reelsmith_core::probe::{ContentLight, Mastering, Probe};
use serde::Deserialize;

use super::{MOST_JSON, ratio};
use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::process::{self, Limits, Sign};
use crate::tools::Tools;

/// What ffprobe says of a stream or frame beside its pictures.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SideData {
    pub(super) rotation: Option<serde_json::Number>,
    side_data_type: Option<String>,
    red_x: Option<String>,
    red_y: Option<String>,
    green_x: Option<String>,
    green_y: Option<String>,
    blue_x: Option<String>,
    blue_y: Option<String>,
    white_point_x: Option<String>,
    white_point_y: Option<String>,
    min_luminance: Option<String>,
    max_luminance: Option<String>,
    max_content: Option<u32>,
    max_average: Option<u32>,
}

/// A fraction such as `34000/50000` in units of `1 / per`, rounded.
fn units(text: Option<&String>, per: u64) -> Option<u32> {
    let (num, den) = ratio(text?, '/')?;
    let den = u64::from(den);
    u32::try_from((u64::from(num) * per + den / 2) / den).ok()
}

impl SideData {
    pub(super) fn mastering(&self) -> Option<Mastering> {
        let point = |x: &Option<String>, y: &Option<String>| {
            Some([units(x.as_ref(), 50_000)?, units(y.as_ref(), 50_000)?])
        };
        Some(Mastering {
            chromaticities: [
                point(&self.red_x, &self.red_y)?,
                point(&self.green_x, &self.green_y)?,
                point(&self.blue_x, &self.blue_y)?,
                point(&self.white_point_x, &self.white_point_y)?,
            ],
            brightest: units(self.max_luminance.as_ref(), 10_000)?,
            // A display without any light left in black is stated as 0/1, which is no ratio of ours.
            darkest: units(self.min_luminance.as_ref(), 10_000).unwrap_or(0),
        })
    }

    pub(super) fn light(&self) -> Option<ContentLight> {
        Some(ContentLight {
            brightest: self.max_content?,
            average: self.max_average?,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Frames {
    frames: Vec<Frame>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Frame {
    side_data_list: Vec<SideData>,
}

/// Codecs whose user data carry captions.
const CAPTIONED: [&str; 3] = ["h264", "hevc", "mpeg2video"];

/// What ffmpeg calls captions in user data.
const CAPTIONS: &str = "ATSC A53 Part 4 Closed Captions";

/// Fills in what the container does not say, from the first pictures.
pub(super) async fn complete(
    tools: &Tools,
    url: &str,
    mut probe: Probe,
) -> Result<Probe, MediaError> {
    let video = &mut probe.video;
    let known = video.mastering.is_some() && video.light.is_some();
    let unlit = video.dynamic_range() == VideoRange::Pq && !known;
    if !unlit && !CAPTIONED.contains(&video.codec.as_str()) {
        return Ok(probe);
    }
    let mut args: Vec<String> =
        words("-v error -hide_banner -read_intervals %+#8 -select_streams").collect();
    args.push(video.index.to_string());
    args.extend(words("-show_entries frame=pts:frame_side_data -of json"));
    args.extend(input::open(url, probe.container));
    let command = Command::new(&tools.ffprobe, args);
    let mut json = String::new();
    let collect = |line: &str| {
        if json.len() + line.len() <= MOST_JSON {
            json.push_str(line);
        }
        Ok(Sign::Progress)
    };
    process::run(&command, &Limits::indexing(), collect)
        .await
        .map_err(MediaError::of_demuxer)?;
    // A decoder that says nothing sensible leaves the metadata away; the picture itself is still HDR.
    let found: Frames = serde_json::from_str(&json).unwrap_or_default();
    let mut said = found.frames.iter().flat_map(|f| &f.side_data_list);
    let captions = |s: &SideData| s.side_data_type.as_deref() == Some(CAPTIONS);
    video.captioned = said.clone().any(captions);
    if !unlit {
        return Ok(probe);
    }
    video.mastering = video
        .mastering
        .or(said.clone().find_map(SideData::mastering));
    video.light = video.light.or(said.find_map(SideData::light));
    Ok(probe)
}
