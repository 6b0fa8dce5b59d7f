//! An encode that a service outside does as one job: what is ordered, how the order is known again, what became of it.
//!
//! The order is plain data, so that what the service is asked can be tested without it. It is made from the very plan
//! that the output will be held against: a group of pictures has as many frames here as there.

use serde::{Deserialize, Serialize};

use crate::aperture::Crop;
use crate::digest::sha256_hex;
use crate::job::Job;
use crate::keys::{Generation, GenerationKeys, JobKey};
use crate::ladder::{ResolvedRung, VideoCodec};
use crate::object::ObjectRef;
use crate::plan::{AudioRendition, Plan};
use crate::probe::{Inspection, Probe};
use crate::submission::Fence;
use crate::time::{FrameCount, FrameRate, UnixMillis};
use crate::units::BitsPerSecond;

/// Which try of which job an order is. It goes with the order as metadata, by which it is found again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EncodeTag {
    /// The job.
    pub job_key: JobKey,
    /// The generation.
    pub generation: Generation,
    /// The attempt that placed the order.
    pub attempt: u32,
}

impl EncodeTag {
    /// The tag of the holder of a job.
    #[must_use]
    pub fn of(job_key: &JobKey, fence: &Fence) -> Self {
        Self {
            job_key: job_key.clone(),
            generation: fence.generation,
            attempt: fence.attempt,
        }
    }

    /// The same for every repeat of an order and for no other: 64 hexadecimal digits, as many as MediaConvert takes.
    #[must_use]
    pub fn token(&self) -> String {
        let Self {
            job_key,
            generation,
            attempt,
        } = self;
        sha256_hex(format!("encode\n{job_key}\n{}\n{attempt}", generation.0).as_bytes())
    }
}

/// Everything an encoding service is told of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodeOrder {
    /// How it is known again.
    pub tag: EncodeTag,
    /// The mezzanine.
    pub input: ObjectRef,
    /// Where the output goes: the common beginning of all its keys.
    pub destination: ObjectRef,
    /// Frame rate of every video output.
    pub frame_rate: FrameRate,
    /// Frames from one IDR picture to the next.
    pub gop_frames: FrameCount,
    /// Length of a segment in whole seconds, which the service rounds up to whole groups of pictures.
    pub segment_seconds: u32,
    /// Length of a fragment in whole seconds.
    pub fragment_seconds: u32,
    /// One output each.
    pub video: Vec<VideoOrder>,
    /// One output each, apart from the video.
    pub audio: Vec<AudioOrder>,
    /// Whether the pictures are fields.
    pub interlaced: bool,
    /// The part of the coded picture that is shown, where that is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// Also write an MPD.
    pub dash: bool,
    /// Ask for accelerated transcoding where the service has it to give.
    pub accelerated: bool,
    /// From -50 to 50; higher goes first.
    pub priority: i32,
}

/// A video output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoOrder {
    /// What its file names have after the common beginning.
    pub modifier: String,
    /// What is encoded.
    pub rung: ResolvedRung,
    /// Quality aimed at below the cap: 1 to 10, where 7 is for a tablet and 9 for a large screen.
    pub quality: u8,
}

/// An audio output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioOrder {
    /// What its file names have after the common beginning.
    pub modifier: String,
    /// Which of the mezzanine's audio tracks, from 1.
    pub track: u32,
    /// BCP 47 tag.
    pub language: String,
    /// What a player shows.
    pub label: String,
    /// Whether a player starts with it.
    pub default: bool,
    /// Whether it is an audio description.
    pub described: bool,
    /// AAC-LC bit rate.
    pub bitrate: BitsPerSecond,
    /// Samples per second.
    pub sample_rate: u32,
    /// 1, 2 or 6.
    pub channels: u32,
    /// Integrated loudness aimed at, in LUFS.
    pub loudness_lufs: f64,
    /// Highest true peak, in dBTP.
    pub true_peak_dbtp: f64,
}

/// Why a job cannot be ordered from the service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct OrderError {
    /// What the service takes.
    pub expected: String,
    /// What the job has.
    pub found: String,
}

/// Identity of the encoder for the profile's hash: the service's own versions are not told before a job, so it is the
/// version of what it is told.
pub const BUILD: &str = "mediaconvert, order 1";

/// A programme of at least this many seconds is worth the start of an accelerated encode, which is billed in the costlier
/// tier: a shorter one is done in a few minutes anyway.
const ACCELERATED_FROM: u64 = 600;
/// File names before the modifier.
const BASE: &str = "main";
/// AAC-LC rates that the service takes, in kbit/s.
const AAC_KBPS: [u64; 22] = [
    16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 288, 320, 384, 448,
    512,
];
const SIDES: std::ops::RangeInclusive<u32> = 32..=8192;
/// Greatest length of an input's address.
const MAX_URL: usize = 2048;

impl EncodeOrder {
    /// The order of the holder of a job: its outputs go to `bucket`, below a prefix of this attempt's own.
    ///
    /// # Errors
    /// Where the service cannot make what is planned.
    pub fn new(
        job: &Job,
        inspection: &Inspection,
        plan: &Plan,
        fence: &Fence,
        bucket: &str,
    ) -> Result<Self, OrderError> {
        let probe = &inspection.probe;
        let input = inspection.mezzanine.object.clone();
        expect(
            !probe.video.is_hdr(),
            "SDR pictures where the encoder is mediaconvert",
            || format!("the transfer function {:?}", probe.video.transfer),
        )?;
        expect(input.to_string().len() <= MAX_URL, "a shorter key", || {
            input.to_string()
        })?;
        let keys = GenerationKeys::new(&job.asset, &job.job_key, fence.generation);
        let destination = ObjectRef::new(bucket, keys.encode_output(fence.attempt, BASE));
        let duration = plan.duration().as_seconds(plan.timescale) as u64;
        Ok(Self {
            tag: EncodeTag::of(&job.job_key, fence),
            input,
            destination,
            frame_rate: plan.frame_rate,
            gop_frames: plan.gop_frames,
            segment_seconds: segment_seconds(plan)?,
            fragment_seconds: whole_seconds(plan.frame_rate, plan.gop_frames).max(1),
            video: videos(plan)?,
            audio: audios(job, probe, plan)?,
            interlaced: probe.video.is_interlaced(),
            crop: probe.video.crop,
            dash: job.options.dash,
            accelerated: duration >= ACCELERATED_FROM,
            priority: (i32::from(job.manifest.priority) - 5) * 10,
        })
    }
}

/// Key of the media playlist that the service writes for a rendition: the names of all its other files are in there.
#[must_use]
pub fn playlist_key(keys: &GenerationKeys, tag: &EncodeTag, rendition: &str) -> String {
    let name = format!("{BASE}{}.m3u8", modifier(rendition));
    keys.encode_output(tag.attempt, &name)
}

fn expect(holds: bool, expected: &str, found: impl FnOnce() -> String) -> Result<(), OrderError> {
    if holds {
        return Ok(());
    }
    Err(OrderError {
        expected: expected.to_owned(),
        found: found(),
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

/// The service takes whole seconds and rounds up to whole groups of pictures. The length asked for must lie above all
/// but the last group of a segment, and not above the segment.
fn segment_seconds(plan: &Plan) -> Result<u32, OrderError> {
    let rate = plan.frame_rate;
    let scale = u64::from(rate.timescale().0);
    let ticks = |frames: u64| rate.duration_of(FrameCount(frames)).0.unsigned_abs();
    let seconds = whole_seconds(rate, plan.segment_frames);
    let (segment, gop) = (plan.segment_frames.0, plan.gop_frames.0);
    let lower = ticks(segment.saturating_sub(gop));
    let fits = seconds > 0 && u64::from(seconds) * scale > lower;
    expect(
        fits,
        "segments and groups of pictures between whose lengths lies a whole second",
        || format!("segments of {segment} and groups of {gop} frames at {rate} frames per second"),
    )?;
    Ok(seconds)
}

fn videos(plan: &Plan) -> Result<Vec<VideoOrder>, OrderError> {
    plan.video
        .iter()
        .map(|planned| {
            let rung = planned.rung.clone();
            let size = rung.resolution;
            expect(
                SIDES.contains(&size.width) && SIDES.contains(&size.height),
                "pictures with sides of 32 to 8192",
                || format!("{}x{} of {}", size.width, size.height, planned.path),
            )?;
            Ok(VideoOrder {
                modifier: modifier(&planned.path),
                quality: quality(&rung),
                rung,
            })
        })
        .collect()
}

/// The quality level nearest to what the rung's rate factor aims at. H.265 reaches the same quality at a rate factor
/// about two higher.
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

fn audios(job: &Job, probe: &Probe, plan: &Plan) -> Result<Vec<AudioOrder>, OrderError> {
    plan.audio.iter().map(|a| audio(job, probe, a)).collect()
}

fn audio(job: &Job, probe: &Probe, planned: &AudioRendition) -> Result<AudioOrder, OrderError> {
    let settings = &job.profile.audio;
    let position = probe.audio.iter().position(|s| s.index == planned.stream);
    let track = position.and_then(|p| u32::try_from(p + 1).ok());
    let track = track.ok_or_else(|| OrderError {
        expected: format!("stream {} to be audio", planned.stream),
        found: "none".to_owned(),
    })?;
    let channels = planned.channels;
    let bitrate = settings.bitrate_of(channels);
    let rate = bitrate.0;
    expect(
        rate.is_multiple_of(1_000) && AAC_KBPS.contains(&(rate / 1_000)),
        "an AAC bit rate that MediaConvert has",
        || format!("{rate} bit/s"),
    )?;
    expect(matches!(channels, 1 | 2 | 6), "1, 2 or 6 channels", || {
        channels.to_string()
    })?;
    Ok(AudioOrder {
        modifier: modifier(&planned.path),
        track,
        language: planned.language.clone(),
        label: planned.label.clone(),
        default: planned.default,
        described: planned.described,
        bitrate,
        sample_rate: planned.sample_rate,
        channels,
        loudness_lufs: settings.loudness_lufs,
        true_peak_dbtp: settings.true_peak_dbtp,
    })
}

/// Where a job of the service stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncodeState {
    /// Accepted; it waits for its turn.
    Waiting,
    /// At work.
    Running {
        /// How much is done, 0 to 100.
        percent: u8,
    },
    /// All outputs are there.
    Done,
    /// It ended without its outputs.
    Failed {
        /// The service's own code.
        code: i32,
        /// What it says.
        message: String,
    },
    /// Somebody called it off.
    Cancelled,
}

impl EncodeState {
    /// Whether outputs are there or may still come, so that the job is worth adopting.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Waiting | Self::Running { .. } | Self::Done)
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Waiting | Self::Running { .. })
    }
}

/// A job of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodeJob {
    /// The service's name for it.
    pub id: String,
    /// Which order it is.
    pub tag: EncodeTag,
    /// Where it stands.
    pub state: EncodeState,
    /// When it was accepted, to the second.
    pub created: UnixMillis,
}

/// How long to wait before looking again, in seconds: an eighth of what has passed, so that a job is never noticed later
/// than that share of its own length.
#[must_use]
pub fn pause_seconds(since: UnixMillis, now: UnixMillis) -> u32 {
    let passed = now.0.saturating_sub(since.0).max(0) / 1_000;
    u32::try_from(passed / 8).unwrap_or(u32::MAX).clamp(5, 60)
}
