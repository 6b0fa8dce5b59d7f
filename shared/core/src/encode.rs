//! An encode that runs as one job of an external service: the order, and the state of the service's job.
//!
//! The order is plain data, so that it can be tested without the service. It is made from the same plan that the output
//! is compared with later: a group of pictures has as many frames in the order as in the plan.

use serde::{Deserialize, Serialize};

use crate::aperture::Crop;
use crate::digest::sha256_hex;
use crate::job::Job;
use crate::keys::{Generation, GenerationKeys, JobKey};
use crate::ladder::{ResolvedRung, VideoCodec};
use crate::object::ObjectRef;
use crate::plan::{AudioRendition, FrameMapping, Plan};
use crate::probe::{Inspection, Probe};
use crate::time::{FrameCount, FrameRange, FrameRate, UnixMillis};
use crate::units::BitsPerSecond;

/// The identity of an order. The service stores it as metadata, by which the order is found again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EncodeTag {
    pub job_key: JobKey,
    pub generation: Generation,
    /// Counts the orders of the generation, from 1, as [`next_order`] does.
    pub number: u32,
}

/// How long the service remembers a token, in seconds: MediaConvert's minute.
pub const TOKEN_SECONDS: u32 = 60;

/// The number of the next order of a generation, from the numbers of its orders that failed or were cancelled.
///
/// Attempts that do not know of each other's order thus use the same number, and so the same token: while the service
/// remembers it, a late call of an earlier attempt gets the order of the later one, and the reverse. A call of `start-encode`
/// cannot be later than that, because its time limit is at most [`TOKEN_SECONDS`].
pub fn next_order(ended: impl IntoIterator<Item = u32>) -> u32 {
    ended.into_iter().max().unwrap_or(0).saturating_add(1)
}

impl EncodeTag {
    /// The idempotency token of the order: 64 hexadecimal digits, the most that MediaConvert accepts.
    pub fn token(&self) -> String {
        let (job_key, generation, number) = (&self.job_key, self.generation.0, self.number);
        sha256_hex(format!("encode\n{job_key}\n{generation}\n{number}").as_bytes())
    }
}

/// Everything that an encoding service needs to know about a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodeOrder {
    pub tag: EncodeTag,
    pub input: ObjectRef,
    /// The common prefix of the keys of all outputs.
    pub destination: ObjectRef,
    /// Frame rate of every video output.
    pub frame_rate: FrameRate,
    /// Frames from one IDR picture to the next.
    pub gop_frames: FrameCount,
    /// Length of a segment in whole seconds. The service rounds it up to whole groups of pictures.
    pub segment_seconds: u32,
    /// Length of a fragment in whole seconds.
    pub fragment_seconds: u32,
    pub video: Vec<VideoOrder>,
    pub audio: Vec<AudioOrder>,
    pub interlaced: bool,
    /// The published frames of the mezzanine, if these are not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<FrameRange>,
    /// The visible part of the coded picture, if that is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// Also write an MPD.
    pub dash: bool,
    /// Prefer accelerated transcoding.
    pub accelerated: bool,
    /// From -50 to 50; higher goes first.
    pub priority: i32,
}

/// A video output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoOrder {
    /// The part of its file names after the common prefix.
    pub modifier: String,
    pub rung: ResolvedRung,
    /// Target quality (QVBR) below the peak rate, 1 to 10: 7 suits a tablet, 9 a large screen.
    pub quality: u8,
}

/// An audio output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioOrder {
    /// The part of its file names after the common prefix.
    pub modifier: String,
    /// Number of the mezzanine's audio track, from 1.
    pub track: u32,
    pub language: String,
    pub label: String,
    /// Whether a player selects it by default.
    pub default: bool,
    pub described: bool,
    pub bitrate: BitsPerSecond,
    pub sample_rate: u32,
    pub channels: u32,
    pub loudness_lufs: f64,
    pub true_peak_dbtp: f64,
}

/// A job that the service cannot encode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct OrderError {
    pub expected: String,
    pub found: String,
}

/// Identity of the encoder in the profile's hash. The service does not publish its own version before a job runs, so this
/// is the version of the order.
pub const MEDIACONVERT_BUILD: &str = "mediaconvert, order 1";

/// Shortest programme, in seconds, that is encoded with acceleration. Acceleration is billed in a more expensive tier, and
/// shorter programmes take only a few minutes without it.
const ACCELERATED_FROM_SECONDS: u64 = 600;
const BASE_NAME: &str = "main";
/// AAC-LC bit rates that the service accepts, in kbit/s.
const AAC_KBPS: [u64; 22] = [
    16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 288, 320, 384, 448,
    512,
];
const SIDES: std::ops::RangeInclusive<u32> = 32..=8192;
const MAX_URL: usize = 2048;

impl EncodeOrder {
    /// The order of a generation with this number. Its outputs go to `bucket`, below a prefix that only this number uses.
    pub fn new(
        job: &Job,
        inspection: &Inspection,
        plan: &Plan,
        generation: Generation,
        number: u32,
        bucket: &str,
    ) -> Result<Self, OrderError> {
        let probe = &inspection.probe;
        let input = inspection.mezzanine.object.clone();
        let video = probe.video.as_ref().ok_or_else(|| OrderError {
            expected: "pictures for the encoder mediaconvert".to_owned(),
            found: "a title of audio alone".to_owned(),
        })?;
        let transfer = video.transfer.as_deref().unwrap_or("unknown");
        let transfer = format!("the transfer function {transfer}");
        require(
            !video.is_hdr(),
            "SDR pictures for the encoder mediaconvert",
            transfer,
        )?;
        let url = input.to_string();
        let fits = url.len() <= MAX_URL;
        require(fits, "an input URL of at most 2048 characters", url)?;
        let held = plan.chunks.iter().map(|c| c.cut.held.0).sum::<u64>();
        require(
            held == 0,
            "pictures that last as long as the audio (TailPolicy trim) for the encoder mediaconvert",
            format!("{held} frames that repeat the last picture"),
        )?;
        let counted = plan.clip.is_none() || plan.mapping == FrameMapping::Every;
        let expected =
            "a constant frame rate for InPoint and OutPoint with the encoder mediaconvert";
        require(counted, expected, "a variable frame rate".to_owned())?;
        let keys = GenerationKeys::new(&job.asset, &job.job_key, generation);
        let destination = ObjectRef::new(bucket, keys.encode_output(number, BASE_NAME));
        let duration = plan.duration().as_seconds(plan.timescale) as u64;
        Ok(Self {
            tag: EncodeTag {
                job_key: job.job_key.clone(),
                generation,
                number,
            },
            input,
            destination,
            frame_rate: plan.frame_rate,
            gop_frames: plan.gop_frames,
            segment_seconds: segment_seconds(plan)?,
            fragment_seconds: whole_seconds(plan.frame_rate, plan.gop_frames).max(1),
            video: videos(plan)?,
            audio: plan
                .audio
                .iter()
                .map(|a| audio(job, probe, a))
                .collect::<Result<_, _>>()?,
            interlaced: video.is_interlaced(),
            clip: plan.clip.map(|clip| clip.frames),
            crop: video.crop,
            dash: job.options.dash,
            accelerated: duration >= ACCELERATED_FROM_SECONDS,
            priority: (i32::from(job.manifest.priority) - 5) * 10,
        })
    }
}

/// Key of the media playlist that the service writes for a rendition. The playlist names all its other files.
pub fn playlist_key(keys: &GenerationKeys, tag: &EncodeTag, rendition: &str) -> String {
    let name = format!("{BASE_NAME}{}.m3u8", modifier(rendition));
    keys.encode_output(tag.number, &name)
}

fn require(holds: bool, expected: &str, found: String) -> Result<(), OrderError> {
    if holds {
        return Ok(());
    }
    Err(OrderError {
        expected: expected.to_owned(),
        found,
    })
}

/// `video/h264_720p` becomes `_video_h264_720p`.
fn modifier(rendition: &str) -> String {
    format!("_{}", rendition.replace('/', "_"))
}

fn whole_seconds(rate: FrameRate, frames: FrameCount) -> u32 {
    let ticks = rate.duration_of(frames).0.unsigned_abs();
    u32::try_from(ticks / u64::from(rate.timescale().0.max(1))).unwrap_or(u32::MAX)
}

/// The service accepts whole seconds and rounds up to whole groups of pictures. So the ordered length must be greater
/// than the segment without its last group, and not greater than the segment.
fn segment_seconds(plan: &Plan) -> Result<u32, OrderError> {
    let rate = plan.frame_rate;
    let scale = u64::from(rate.timescale().0);
    let ticks = |frames: u64| rate.duration_of(FrameCount(frames)).0.unsigned_abs();
    let seconds = whole_seconds(rate, plan.segment_frames);
    let (segment, gop) = (plan.segment_frames.0, plan.gop_frames.0);
    let lower = ticks(segment.saturating_sub(gop));
    let fits = seconds > 0 && u64::from(seconds) * scale > lower;
    let expected = "a whole number of seconds above the length of a segment without its last group of pictures, and at most the length of the segment";
    let found =
        format!("segments of {segment} and groups of {gop} frames at {rate} frames per second");
    require(fits, expected, found)?;
    Ok(seconds)
}

fn videos(plan: &Plan) -> Result<Vec<VideoOrder>, OrderError> {
    plan.video
        .iter()
        .map(|planned| {
            let rung = planned.rung.clone();
            let size = rung.resolution;
            let fits = SIDES.contains(&size.width) && SIDES.contains(&size.height);
            let found = format!("{size} of {}", planned.path);
            require(fits, "pictures with sides of 32 to 8192 pixels", found)?;
            Ok(VideoOrder {
                modifier: modifier(&planned.path),
                quality: quality(&rung),
                rung,
            })
        })
        .collect()
}

/// The quality level nearest to the rung's constant rate factor. H.265 reaches the same quality at a rate factor about two
/// higher.
fn quality(rung: &ResolvedRung) -> u8 {
    let crf = match rung.codec {
        VideoCodec::H264 => rung.crf,
        VideoCodec::H265 => rung.crf - 2.0,
    };
    match crf {
        ..18.5 => 9,
        ..21.5 => 8,
        ..24.5 => 7,
        ..28.5 => 6,
        _ => 5,
    }
}

fn audio(job: &Job, probe: &Probe, planned: &AudioRendition) -> Result<AudioOrder, OrderError> {
    let settings = &job.profile.audio;
    let position = probe.audio.iter().position(|s| s.index == planned.stream);
    let track = position.and_then(|p| u32::try_from(p + 1).ok());
    let track = track.ok_or_else(|| OrderError {
        expected: format!("stream {} as an audio stream", planned.stream),
        found: "no such audio stream".to_owned(),
    })?;
    let mapped = !planned.map.is_empty();
    let expected = "an audio track without ChannelMap, which needs the encoder lambda";
    require(
        !mapped,
        expected,
        format!("ChannelMap in {}", planned.label),
    )?;
    let channels = planned.channels;
    let bitrate = settings.bitrate_of(channels);
    let rate = bitrate.0;
    let fits = rate.is_multiple_of(1_000) && AAC_KBPS.contains(&(rate / 1_000));
    let expected = "an AAC bit rate that MediaConvert accepts";
    require(fits, expected, bitrate.to_string())?;
    let fits = matches!(channels, 1 | 2 | 6);
    require(fits, "1, 2 or 6 channels", channels.to_string())?;
    Ok(AudioOrder {
        modifier: modifier(&planned.path),
        track,
        language: planned.language.clone(),
        label: planned.label.clone(),
        default: planned.default,
        described: planned.role.is_description(),
        bitrate,
        sample_rate: planned.sample_rate,
        channels,
        loudness_lufs: settings.loudness_lufs,
        true_peak_dbtp: settings.true_peak_dbtp,
    })
}

/// The state of a job of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncodeState {
    Waiting,
    Running {
        /// Progress, 0 to 100.
        percent: u8,
    },
    Done,
    Failed {
        /// The service's error code.
        code: i32,
        message: String,
    },
    Cancelled,
}

impl EncodeState {
    /// Whether the outputs exist or may still be written, so that the job can be adopted.
    pub fn is_adoptable(&self) -> bool {
        matches!(self, Self::Waiting | Self::Running { .. } | Self::Done)
    }

    /// Whether the job has not ended.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Waiting | Self::Running { .. })
    }
}

/// A job of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodeJob {
    /// The service's id of the job.
    pub id: String,
    pub tag: EncodeTag,
    pub state: EncodeState,
    /// When the service accepted it, to the second.
    pub created: UnixMillis,
}

/// How long to wait before the next status request, in seconds: an eighth of the time since the start, so that the end of
/// a job is noticed within an eighth of its duration.
pub fn pause_seconds(since: UnixMillis, now: UnixMillis) -> u32 {
    let passed = now.0.saturating_sub(since.0).max(0) / 1_000;
    u32::try_from(passed / 8).unwrap_or(u32::MAX).clamp(5, 60)
}
