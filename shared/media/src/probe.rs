//! ffprobe's facts as types.

mod light;

use reelsmith_core::probe::{AudioStream, Probe, TextStream, VideoStream};
use reelsmith_core::sniff::Container;
use reelsmith_core::time::FrameRate;
use reelsmith_core::units::Resolution;
use serde::Deserialize;

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::process::{self, Limits, Sign};
use crate::tools::Tools;
use light::SideData;

/// Bytes of JSON that any sane file's facts fit into.
const MOST_JSON: usize = 4 << 20;

/// Probes a mezzanine.
///
/// # Errors
/// [`MediaError::Unreadable`] with what the demuxer said; [`MediaError::NoVideo`] for a file with none but cover art;
/// [`MediaError::TooManyStreams`]; and what [`process::run`] reports.
pub async fn probe(tools: &Tools, url: &str, container: Container) -> Result<Probe, MediaError> {
    let command = Command::new(&tools.ffprobe, probe_argv(url, container));
    let mut json = String::new();
    let collect = |line: &str| {
        json.push_str(line);
        json.push('\n');
        if json.len() > MOST_JSON {
            let found = format!("more than {MOST_JSON} bytes of stream facts");
            return Err(MediaError::unreadable(found));
        }
        Ok(Sign::Progress)
    };
    let finished = process::run(&command, &Limits::probing(), collect)
        .await
        .map_err(MediaError::of_demuxer)?;
    let facts: Facts = serde_json::from_str(&json).map_err(|e| MediaError::Unreadable {
        found: format!("stream facts that are not JSON ({e}); {}", finished.stderr),
        source: Some(Box::new(e)),
    })?;
    let probe = facts.into_probe(container, &finished.stderr)?;
    light::complete(tools, url, probe).await
}

fn probe_argv(url: &str, container: Container) -> Vec<String> {
    let mut args: Vec<String> = words("-v error -hide_banner").collect();
    args.extend(words("-show_entries"));
    args.push(
        "format=duration,nb_streams:stream=index,codec_type,codec_name,profile,width,height,\
         sample_aspect_ratio,pix_fmt,bits_per_raw_sample,r_frame_rate,avg_frame_rate,time_base,duration,field_order,\
         color_primaries,color_transfer,color_space,color_range,channels,sample_rate\
         :stream_disposition=attached_pic,still_image,forced,hearing_impaired:stream_tags=language,rotate:stream_side_data"
            .to_owned(),
    );
    args.extend(words("-of json"));
    args.extend(input::open(url, container));
    args
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Facts {
    streams: Vec<Stream>,
    format: Format,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Format {
    duration: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stream {
    index: u32,
    codec_type: String,
    codec_name: Option<String>,
    profile: Option<String>,
    width: u32,
    height: u32,
    sample_aspect_ratio: Option<String>,
    pix_fmt: Option<String>,
    bits_per_raw_sample: Option<String>,
    r_frame_rate: Option<String>,
    avg_frame_rate: Option<String>,
    time_base: Option<String>,
    duration: Option<String>,
    field_order: Option<String>,
    color_primaries: Option<String>,
    color_transfer: Option<String>,
    color_space: Option<String>,
    color_range: Option<String>,
    channels: u32,
    sample_rate: Option<String>,
    disposition: Disposition,
    tags: Tags,
    side_data_list: Vec<SideData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Disposition {
    attached_pic: u8,
    forced: u8,
    hearing_impaired: u8,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tags {
    language: Option<String>,
    rotate: Option<String>,
}

impl Facts {
    fn into_probe(self, container: Container, stderr: &str) -> Result<Probe, MediaError> {
        let streams = u32::try_from(self.streams.len()).unwrap_or(u32::MAX);
        if streams > input::MAX_STREAMS {
            return Err(MediaError::TooManyStreams {
                found: streams,
                limit: input::MAX_STREAMS,
            });
        }
        if streams == 0 {
            return Err(MediaError::unreadable(format!("no stream; {stderr}")));
        }
        let is_video = |s: &&Stream| s.codec_type == "video" && s.disposition.attached_pic == 0;
        let video = self.streams.iter().find(is_video);
        let video = video.ok_or(MediaError::NoVideo { streams })?;
        let of = |kind| self.streams.iter().filter(move |s| s.codec_type == kind);
        Ok(Probe {
            container,
            duration_us: self.duration_us(video),
            video: video.video(stderr)?,
            audio: of("audio").map(Stream::audio).collect(),
            text: of("subtitle").map(Stream::text).collect(),
            streams,
        })
    }

    /// The container's duration, else the stream's, else zero: programme streams may have neither.
    fn duration_us(&self, video: &Stream) -> i64 {
        let known = [&self.format.duration, &video.duration];
        let known = known.into_iter().flatten();
        known.filter_map(|text| micros(text)).next().unwrap_or(0)
    }
}

impl Stream {
    fn video(&self, stderr: &str) -> Result<VideoStream, MediaError> {
        let unreadable = |what: &str| {
            let found = format!("video stream {} without {what}; {stderr}", self.index);
            MediaError::unreadable(found)
        };
        let time_base = self.time_base.as_deref().and_then(|t| ratio(t, '/'));
        let pixel_format = self
            .pix_fmt
            .clone()
            .ok_or_else(|| unreadable("a pixel format"))?;
        if self.width == 0 || self.height == 0 {
            return Err(unreadable("a picture size"));
        }
        Ok(VideoStream {
            index: self.index,
            codec: self.codec_name.clone().unwrap_or_else(|| "unknown".into()),
            profile: self.profile.clone().filter(|p| p != "unknown"),
            coded: Resolution {
                width: self.width,
                height: self.height,
            },
            crop: None,
            sar: self
                .sample_aspect_ratio
                .as_deref()
                .and_then(|t| ratio(t, ':'))
                .unwrap_or((1, 1)),
            rotation: self.rotation(),
            bit_depth: bit_depth(&pixel_format, self.bits_per_raw_sample.as_deref()),
            pixel_format,
            base_frame_rate: rate(self.r_frame_rate.as_deref()),
            average_frame_rate: rate(self.avg_frame_rate.as_deref()),
            time_base: time_base.ok_or_else(|| unreadable("a time base"))?,
            field_order: self.field_order.clone().unwrap_or_else(|| "unknown".into()),
            primaries: stated(self.color_primaries.as_ref()),
            transfer: stated(self.color_transfer.as_ref()),
            matrix: stated(self.color_space.as_ref()),
            range: stated(self.color_range.as_ref()),
            captioned: false,
            mastering: self.side_data_list.iter().find_map(SideData::mastering),
            light: self.side_data_list.iter().find_map(SideData::light),
        })
    }

    fn audio(&self) -> AudioStream {
        AudioStream {
            index: self.index,
            codec: self.codec_name.clone().unwrap_or_else(|| "unknown".into()),
            channels: self.channels,
            sample_rate: self
                .sample_rate
                .as_deref()
                .and_then(|s| s.parse().ok())
                .unwrap_or(0),
            language: self.tags.language.clone(),
        }
    }

    fn text(&self) -> TextStream {
        let unknown = |tag: &&String| !matches!(tag.as_str(), "" | "und");
        TextStream {
            index: self.index,
            codec: self.codec_name.clone().unwrap_or_else(|| "unknown".into()),
            language: self.tags.language.as_ref().filter(unknown).cloned(),
            forced: self.disposition.forced != 0,
            sdh: self.disposition.hearing_impaired != 0,
        }
    }

    /// Clockwise degrees. The display matrix counts counter-clockwise, the old `rotate` tag clockwise.
    fn rotation(&self) -> u16 {
        let matrix = self.side_data_list.iter().find_map(|s| s.rotation.as_ref());
        let matrix = matrix.and_then(serde_json::Number::as_f64).map(|d| -d);
        let tag = self.tags.rotate.as_deref().and_then(|t| t.parse().ok());
        let degrees: f64 = matrix.or(tag).unwrap_or(0.0);
        // ffmpeg turns by quarters only where the angle is one; anything else is left upright here.
        match degrees.rem_euclid(360.0).round() as u16 {
            quarter @ (90 | 180 | 270) => quarter,
            _ => 0,
        }
    }
}

fn stated(value: Option<&String>) -> Option<String> {
    let known = |v: &&String| !matches!(v.as_str(), "unknown" | "reserved" | "unspecified" | "");
    value.filter(known).cloned()
}

fn rate(text: Option<&str>) -> Option<FrameRate> {
    text?.parse().ok().map(conventional)
}

/// The conventional rate within a fifth of a part in a million, if there is one: a container that rounds the duration of a frame
/// to nanoseconds makes 19001/317 of 60000/1001. Timestamps are held against the rate later on, so nothing is assumed.
fn conventional(rate: FrameRate) -> FrameRate {
    let (num, den) = (u128::from(rate.num()), u128::from(rate.den()));
    let nearest = ((num + den / 2) / den).max(1);
    // |num/den − n/d| ≤ num/den / 5,000,000, without division.
    let near = |n: u128, d: u128| (num * d).abs_diff(n * den) * 5_000_000 <= num * d;
    let found = [(nearest, 1), (nearest * 1_000, 1_001)]
        .into_iter()
        .find(|(n, d)| near(*n, *d));
    let known = found.and_then(|(n, d)| Some((u32::try_from(n).ok()?, u32::try_from(d).ok()?)));
    known
        .and_then(|(n, d)| FrameRate::new(n, d))
        .unwrap_or(rate)
}

/// `N/D` or `N:D`, both positive.
pub(crate) fn ratio(text: &str, separator: char) -> Option<(u32, u32)> {
    let (num, den) = text.split_once(separator)?;
    let pair = (num.parse().ok()?, den.parse().ok()?);
    (pair.0 > 0 && pair.1 > 0).then_some(pair)
}

/// Decimal seconds as microseconds, without a float.
fn micros(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain("000000".chars()).take(6).collect();
    let seconds: i64 = whole.parse().ok()?;
    let micros: i64 = part.parse().ok()?;
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    seconds.checked_mul(1_000_000)?.checked_add(sign * micros)
}

/// Bits per component: what the stream says, else what the pixel format's name says (`yuv422p10le`, `p010le`, `gray12`).
fn bit_depth(pixel_format: &str, raw: Option<&str>) -> u8 {
    if let Some(bits) = raw
        .and_then(|r| r.parse().ok())
        .filter(|b| (1..=16).contains(b))
    {
        return bits;
    }
    let name = pixel_format.trim_end_matches("le").trim_end_matches("be");
    if name.len() == pixel_format.len() {
        return 8;
    }
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    match name[name.len() - digits..]
        .trim_start_matches('0')
        .parse()
        .unwrap_or(8)
    {
        bits @ 9..=16 => bits,
        // Packed names such as `rgb48le` count all components.
        48 | 64 => 16,
        // `p210le`, `p416le`: the last two digits are the depth.
        other => u8::try_from(u16::from(other) % 100)
            .ok()
            .filter(|b| (9..=16).contains(b))
            .unwrap_or(8),
    }
}

#[cfg(test)]
mod tests;
