//! Probing a mezzanine: the facts of ffprobe as typed values, and what only the first pictures show.

use reelsmith_core::audio_track::AudioRole;
use reelsmith_core::check::{VIDEO_CODECS, duration_tolerance};
use reelsmith_core::ladder::VideoRange;
use reelsmith_core::probe::{
    AudioStream, ContentLight, DolbyVision, Mastering, Probe, TextStream, VideoStream,
};
use reelsmith_core::sniff::Container;
use reelsmith_core::time::FrameRate;
use reelsmith_core::timecode::Timecode;
use reelsmith_core::units::Resolution;
use serde::Deserialize;

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::process::{self, Activity, Limits};
use crate::tools::Tools;

/// Limit of the JSON that ffprobe prints.
const MAX_JSON: usize = 4 << 20;

/// Probes the mezzanine at `url`, an address of the range proxy. `video_track` selects a video stream by its position among
/// those that are not cover art, from 0; otherwise the main one is found.
///
/// # Errors
/// [`MediaError::Unreadable`] with the message of the demuxer; [`MediaError::NoVideo`] if the file has neither audio
/// nor video besides cover art; [`MediaError::NoSuchVideo`]; [`MediaError::AmbiguousVideo`]; [`MediaError::TooManyStreams`]; and the errors of
/// [`process::run`].
pub async fn probe(
    tools: &Tools,
    url: &str,
    container: Container,
    video_track: Option<u32>,
) -> Result<Probe, MediaError> {
    let command = Command::new(&tools.ffprobe, probe_argv(url, container));
    let mut json = String::new();
    let collect = |line: &str| {
        json.push_str(line);
        json.push('\n');
        if json.len() > MAX_JSON {
            let found = format!("more than {MAX_JSON} bytes of stream facts");
            return Err(MediaError::unreadable(found));
        }
        Ok(Activity::Progress)
    };
    let finished = process::run(&command, &Limits::probing(), collect)
        .await
        .map_err(MediaError::of_demuxer)?;
    let facts: Facts = serde_json::from_str(&json).map_err(|e| MediaError::Unreadable {
        found: format!("stream facts that are not JSON ({e}); {}", finished.stderr),
        source: Some(Box::new(e)),
    })?;
    let probe = facts.into_probe(container, video_track, &finished.stderr)?;
    add_picture_facts(tools, url, probe).await
}

/// What is read of a mezzanine to find its pictures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VideoSource<'a> {
    pub(crate) container: Container,
    /// Duration of the container in microseconds.
    pub(crate) duration_us: i64,
    pub(crate) video: &'a VideoStream,
}

impl<'a> VideoSource<'a> {
    /// # Errors
    /// [`MediaError::NoVideo`] for a title of audio alone.
    pub(crate) fn of(probe: &'a Probe) -> Result<Self, MediaError> {
        let streams = probe.streams;
        let video = probe.video.as_ref();
        Ok(Self {
            container: probe.container,
            duration_us: probe.duration_us,
            video: video.ok_or(MediaError::NoVideo { streams })?,
        })
    }
}

fn probe_argv(url: &str, container: Container) -> Vec<String> {
    let input = input::open(url, container);
    words(&format!(
        "-v error -hide_banner -show_entries format=duration,nb_streams:format_tags=timecode:stream=index,codec_type,codec_name,codec_tag_string,profile,width,height,\
         sample_aspect_ratio,pix_fmt,bits_per_raw_sample,r_frame_rate,avg_frame_rate,time_base,duration,field_order,\
         color_primaries,color_transfer,color_space,color_range,channels,channel_layout,sample_rate\
         :stream_disposition=default,attached_pic,still_image,forced,hearing_impaired,comment,visual_impaired:stream_tags=language,title,handler_name,rotate,timecode,DURATION,enc_key_id:stream_side_data \
         -of json {input}"
    ))
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
    tags: Tags,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stream {
    index: u32,
    codec_type: String,
    codec_name: Option<String>,
    codec_tag_string: Option<String>,
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
    channel_layout: Option<String>,
    sample_rate: Option<String>,
    disposition: Disposition,
    tags: Tags,
    side_data_list: Vec<SideData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Disposition {
    default: u8,
    attached_pic: u8,
    forced: u8,
    hearing_impaired: u8,
    comment: u8,
    visual_impaired: u8,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tags {
    language: Option<String>,
    title: Option<String>,
    handler_name: Option<String>,
    rotate: Option<String>,
    timecode: Option<String>,
    /// Of Matroska: `00:00:08.000000000`.
    #[serde(rename = "DURATION")]
    duration: Option<String>,
    /// Of Matroska: the key of encrypted blocks.
    enc_key_id: Option<String>,
}

impl Facts {
    fn into_probe(
        self,
        container: Container,
        video_track: Option<u32>,
        stderr: &str,
    ) -> Result<Probe, MediaError> {
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
        let candidates: Vec<&Stream> = self.streams.iter().filter(is_video).collect();
        let of = |kind| self.streams.iter().filter(move |s| s.codec_type == kind);
        let video = match video_track {
            None if candidates.is_empty() && of("audio").next().is_some() => None,
            _ if candidates.is_empty() => return Err(MediaError::NoVideo { streams }),
            None => Some(main_video(&candidates)?),
            Some(wanted) => Some(candidates.get(wanted as usize).copied().ok_or(
                MediaError::NoSuchVideo {
                    wanted,
                    found: candidates.len(),
                },
            )?),
        };
        Ok(Probe {
            container,
            duration_us: self.duration_us(video),
            video: video.map(|video| video.video(stderr)).transpose()?,
            audio: of("audio").map(Stream::audio).collect(),
            text: of("subtitle").map(Stream::text).collect(),
            streams,
            start_timecode: self.start_timecode(video),
        })
    }

    /// The duration of the container, otherwise of the stream, otherwise 0: a programme stream may have neither.
    fn duration_us(&self, video: Option<&Stream>) -> i64 {
        let own = video.and_then(|video| video.duration.as_ref());
        let known = self.format.duration.iter().chain(own);
        known.filter_map(|text| micros(text)).next().unwrap_or(0)
    }
}

impl Facts {
    /// The timecode of the video track, otherwise of the file, otherwise of another track.
    fn start_timecode(&self, video: Option<&Stream>) -> Option<Timecode> {
        let others = self.streams.iter().map(|s| &s.tags);
        let own = video.map(|video| &video.tags).into_iter();
        let tags = own.chain([&self.format.tags]).chain(others);
        tags.filter_map(|t| t.timecode.as_deref()?.parse().ok())
            .next()
    }
}

/// The video stream of the programme: the only one, otherwise the only one that is marked as default, otherwise the largest
/// of those that span the programme. Streams without a frame and enhancement layers do not count.
///
/// MP4 and MOV mark every track that is enabled as default, so the mark alone decides only if it is on a single stream.
fn main_video<'a>(candidates: &[&'a Stream]) -> Result<&'a Stream, MediaError> {
    let pictures = |s: &&Stream| {
        let empty = s.avg_frame_rate.as_deref() == Some("0/0") || s.stated_micros() == Some(0);
        !empty && s.dolby_vision().is_none_or(|d| d.base_layer)
    };
    let of = |streams: &[&'a Stream], keep: &dyn Fn(&&'a Stream) -> bool| {
        let kept: Vec<&Stream> = streams.iter().copied().filter(|s| keep(s)).collect();
        if kept.is_empty() {
            streams.to_vec()
        } else {
            kept
        }
    };
    let shown = of(candidates, &|s| pictures(s));
    let marked = of(&shown, &|s| s.disposition.default != 0);
    let longest = marked.iter().filter_map(|s| s.stated_micros()).max();
    let spans = |s: &&Stream| {
        let missing = longest.zip(s.stated_micros()).map(|(all, own)| all - own);
        missing.is_none_or(|missing| missing <= duration_tolerance(longest.unwrap_or(0)))
    };
    let spanning = of(&marked, &|s| spans(s));
    let pixels = |s: &Stream| u64::from(s.width) * u64::from(s.height);
    let most = spanning.iter().map(|s| pixels(s)).max();
    match of(&spanning, &|s| Some(pixels(s)) == most)[..] {
        [one] => Ok(one),
        ref several => {
            let names = several.iter().map(|s| {
                let codec = s.codec_name.as_deref().unwrap_or("unknown");
                format!("stream {}: {codec} {}x{}", s.index, s.width, s.height)
            });
            Err(MediaError::AmbiguousVideo {
                found: names.collect::<Vec<_>>().join("; "),
            })
        }
    }
}

impl Stream {
    /// The duration that the container states for this stream, in microseconds.
    fn stated_micros(&self) -> Option<i64> {
        let tag = self.tags.duration.as_deref();
        let stated = self.duration.as_deref().and_then(micros);
        stated.or_else(|| tag.and_then(clock_micros))
    }

    /// Dolby Vision by the configuration record, or by a sample entry that only Dolby Vision has.
    fn dolby_vision(&self) -> Option<DolbyVision> {
        let record = self.side_data_list.iter().find_map(SideData::dolby_vision);
        let tag = self.codec_tag_string.as_deref().unwrap_or_default();
        let entry = matches!(tag, "dvh1" | "dvhe" | "dva1" | "dvav" | "dav1");
        record.or(entry.then_some(DolbyVision {
            profile: None,
            compatibility: 0,
            base_layer: true,
        }))
    }

    /// Whether the container states that the samples are encrypted: `encv` and `enca` of MP4, `ContentEncryption` of Matroska.
    fn is_encrypted(&self) -> bool {
        let tag = self.codec_tag_string.as_deref().unwrap_or_default();
        matches!(tag, "encv" | "enca" | "drmi" | "drms") || self.tags.enc_key_id.is_some()
    }

    /// ffmpeg's name of the codec, otherwise the container's.
    fn codec(&self) -> String {
        let known = |name: &&String| !matches!(name.as_str(), "unknown" | "none" | "[0][0][0][0]");
        let names = [&self.codec_name, &self.codec_tag_string]
            .into_iter()
            .flatten();
        names
            .into_iter()
            .find(known)
            .cloned()
            .unwrap_or_else(|| "unknown".into())
    }

    fn video(&self, stderr: &str) -> Result<VideoStream, MediaError> {
        let unreadable = |what: &str| {
            let found = format!("video stream {} without {what}; {stderr}", self.index);
            MediaError::unreadable(found)
        };
        let time_base = self.time_base.as_deref().and_then(|t| ratio(t, '/'));
        // A stream that is refused for its codec or its encryption need not be understood.
        let codec = self.codec();
        let readable = !self.is_encrypted() && VIDEO_CODECS.contains(&codec.as_str());
        let pixel_format = match &self.pix_fmt {
            Some(format) => format.clone(),
            None if readable => return Err(unreadable("a pixel format")),
            None => "unknown".to_owned(),
        };
        if readable && (self.width == 0 || self.height == 0) {
            return Err(unreadable("a picture size"));
        }
        Ok(VideoStream {
            index: self.index,
            codec,
            profile: self.profile.clone().filter(|p| p != "unknown"),
            encrypted: self.is_encrypted(),
            field_pictures: false,
            dolby_vision: self.dolby_vision(),
            duration_us: self.stated_micros().filter(|micros| *micros > 0),
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
            flipped: self.side_data_list.iter().any(SideData::mirrors),
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
            codec: match self.is_encrypted() {
                true => format!("encrypted {}", self.codec()),
                false => self.codec(),
            },
            channels: self.channels,
            layout: stated(self.channel_layout.as_ref()),
            sample_rate: self
                .sample_rate
                .as_deref()
                .and_then(|s| s.parse().ok())
                .unwrap_or(0),
            language: self.tags.language.clone(),
            title: self.title(),
            role: self.role(),
        }
    }

    /// What the file marks an audio stream as, otherwise what its title says.
    fn role(&self) -> AudioRole {
        let title = self.tags.title.as_deref().unwrap_or_default();
        let title = title.to_lowercase();
        if self.disposition.visual_impaired != 0 || title.contains("audio description") {
            AudioRole::Description
        } else if self.disposition.comment != 0 || title.contains("commentary") {
            AudioRole::Commentary
        } else {
            AudioRole::Main
        }
    }

    /// The title. MOV keeps it as the name of the handler, where muxers write generic names such as "SoundHandler".
    fn title(&self) -> Option<String> {
        let handler = self.tags.handler_name.as_ref();
        let named = handler.filter(|name| !name.contains("Handler"));
        self.tags.title.as_ref().or(named).cloned()
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

    /// Clockwise degrees. The display matrix is counter-clockwise, the old `rotate` tag clockwise.
    fn rotation(&self) -> u16 {
        let matrix = self.side_data_list.iter().find_map(|s| s.rotation.as_ref());
        let matrix = matrix.and_then(serde_json::Number::as_f64).map(|d| -d);
        let tag = self.tags.rotate.as_deref().and_then(|t| t.parse().ok());
        let degrees: f64 = matrix.or(tag).unwrap_or(0.0);
        // ffmpeg rotates by quarter turns only; any other angle is treated as upright.
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

/// The conventional rate within 0.2 ppm of `rate`, if there is one: a container that rounds frame durations to
/// nanoseconds turns 60000/1001 into 19001/317. Timestamps are compared with the rate later.
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

/// Decimal seconds as microseconds, without floating point.
fn micros(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: String = part.chars().chain("000000".chars()).take(6).collect();
    let seconds: i64 = whole.parse().ok()?;
    let micros: i64 = part.parse().ok()?;
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    seconds.checked_mul(1_000_000)?.checked_add(sign * micros)
}

/// Hours, minutes and seconds such as `00:01:08.000000000` as microseconds.
fn clock_micros(text: &str) -> Option<i64> {
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let whole = hours
        .parse::<i64>()
        .ok()?
        .checked_mul(60)?
        .checked_add(minutes.parse().ok()?)?;
    whole.checked_mul(60_000_000)?.checked_add(micros(seconds)?)
}

/// Bits per component, from the stream or else from the name of the pixel format (`yuv422p10le`, `p010le`, `gray12`).
pub(crate) fn bit_depth(pixel_format: &str, raw: Option<&str>) -> u8 {
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
        // Packed formats such as `rgb48le` name the bits of all components.
        48 | 64 => 16,
        // In `p210le` and `p416le` the last two digits are the depth.
        other => u8::try_from(u16::from(other) % 100)
            .ok()
            .filter(|b| (9..=16).contains(b))
            .unwrap_or(8),
    }
}

/// Side data of a stream or frame.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SideData {
    rotation: Option<serde_json::Number>,
    displaymatrix: Option<String>,
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
    dv_profile: Option<u8>,
    dv_bl_signal_compatibility_id: Option<u8>,
    bl_present_flag: Option<u8>,
    vdr_rpu_profile: Option<u8>,
    bl_video_full_range_flag: Option<u8>,
    vdr_bit_depth: Option<u8>,
    el_spatial_resampling_filter_flag: Option<u8>,
    disable_residual_flag: Option<u8>,
}

/// A fraction such as `34000/50000` in units of `1 / per`, rounded.
fn units(text: Option<&String>, per: u64) -> Option<u32> {
    let (num, den) = ratio(text?, '/')?;
    let den = u64::from(den);
    u32::try_from((u64::from(num) * per + den / 2) / den).ok()
}

impl SideData {
    /// Whether this is a display matrix that mirrors the picture: its determinant is negative. The text has three lines such as
    /// `00000000:       -65536           0           0`.
    fn mirrors(&self) -> bool {
        let text = self.displaymatrix.as_deref().unwrap_or_default();
        let row = |line: &str| -> Option<(f64, f64)> {
            let mut numbers = line.split_once(':')?.1.split_ascii_whitespace();
            Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
        };
        let mut rows = text.lines().filter_map(row);
        match (rows.next(), rows.next()) {
            (Some((a, b)), Some((c, d))) => a * d - b * c < 0.0,
            _ => false,
        }
    }

    fn mastering(&self) -> Option<Mastering> {
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
            // A display with perfect black is stated as 0/1, which `ratio` does not accept.
            darkest: units(self.min_luminance.as_ref(), 10_000).unwrap_or(0),
        })
    }

    fn light(&self) -> Option<ContentLight> {
        ContentLight::known(self.max_content?, self.max_average?)
    }

    fn dolby_vision(&self) -> Option<DolbyVision> {
        Some(DolbyVision {
            profile: Some(self.dv_profile?),
            compatibility: self.dv_bl_signal_compatibility_id.unwrap_or(0),
            base_layer: self.bl_present_flag != Some(0),
        })
    }

    /// The profile that dynamic metadata in a picture implies, by the rules that ffmpeg applies to streams without a
    /// configuration record. The transfer function of the pictures is the only statement about their base layer.
    fn implied_dolby_vision(&self, range: VideoRange) -> Option<DolbyVision> {
        let rpu = self.vdr_rpu_profile?;
        let full_range = self.bl_video_full_range_flag == Some(1);
        let residual = self.el_spatial_resampling_filter_flag == Some(1)
            && self.disable_residual_flag == Some(0);
        let (profile, compatibility) = match (rpu, range) {
            (0, _) if full_range => (Some(5), 0),
            (1, _) if residual && self.vdr_bit_depth != Some(12) => (Some(4), 0),
            (1, _) if residual => (Some(7), 6),
            (1, VideoRange::Pq) => (Some(8), 1),
            (1, VideoRange::Hlg) => (Some(8), 4),
            (1, VideoRange::Sdr) => (Some(8), 2),
            _ => (None, 0),
        };
        Some(DolbyVision {
            profile,
            compatibility,
            base_layer: true,
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
    interlaced_frame: u8,
    side_data_list: Vec<SideData>,
}

/// Codecs whose user data can carry captions.
const CAPTIONED: [&str; 3] = ["h264", "hevc", "mpeg2video"];

/// ffmpeg's name for captions in user data.
const CAPTIONS: &str = "ATSC A53 Part 4 Closed Captions";

/// Adds facts from the first eight pictures: HDR10 metadata if the container has none, whether there are captions, whether
/// the pictures are fields, and Dolby Vision that the container does not state.
async fn add_picture_facts(
    tools: &Tools,
    url: &str,
    mut probe: Probe,
) -> Result<Probe, MediaError> {
    let Some(video) = &mut probe.video else {
        return Ok(probe);
    };
    let known = video.mastering.is_some() && video.light.is_some();
    let lacks_hdr10 = video.dynamic_range() == VideoRange::Pq && !known;
    let decodable = !video.encrypted && (lacks_hdr10 || CAPTIONED.contains(&video.codec.as_str()));
    if !decodable {
        return Ok(probe);
    }
    let (stream, input) = (video.index, input::open(url, probe.container));
    let args = words(&format!(
        "-v error -hide_banner -read_intervals %+#8 -select_streams {stream} -show_entries frame=pts,interlaced_frame:frame_side_data \
         -of json {input}"
    ));
    let command = Command::new(&tools.ffprobe, args);
    let mut json = String::new();
    let collect = |line: &str| {
        if json.len() + line.len() <= MAX_JSON {
            json.push_str(line);
        }
        Ok(Activity::Progress)
    };
    process::run(&command, &Limits::indexing(), collect)
        .await
        .map_err(MediaError::of_demuxer)?;
    // Without usable output the metadata stays absent; the picture is still HDR.
    let found: Frames = serde_json::from_str(&json).unwrap_or_default();
    let mut side_data = found.frames.iter().flat_map(|f| &f.side_data_list);
    let captions = |s: &SideData| s.side_data_type.as_deref() == Some(CAPTIONS);
    video.captioned = side_data.clone().any(captions);
    // ffmpeg marks a picture of H.265 as interlaced only if it is a single field.
    let fields = found.frames.iter().filter(|f| f.interlaced_frame != 0);
    video.field_pictures = video.codec == "hevc" && fields.count() > 0;
    let range = video.dynamic_range();
    let implied = side_data
        .clone()
        .find_map(|s| s.implied_dolby_vision(range));
    video.dolby_vision = video.dolby_vision.or(implied);
    if !lacks_hdr10 {
        return Ok(probe);
    }
    video.mastering = video
        .mastering
        .or(side_data.clone().find_map(SideData::mastering));
    video.light = video.light.or(side_data.find_map(SideData::light));
    Ok(probe)
}

#[cfg(test)]
mod tests;
