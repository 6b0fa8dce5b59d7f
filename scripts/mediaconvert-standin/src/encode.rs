//! Encoding a job: ffmpeg for every output, one after another, and everything written where the settings say.

use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::{PortError, PutOptions};
use reelsmith_core::time::FrameRate;
use reelsmith_media::{Command, Limits, MediaError, Tools, process::run_with_progress};
use serde::Deserialize as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::Options;
use crate::playlist::{self, EncodedOutput};
use crate::segments::SegmentedTrack;
use crate::settings::{
    AudioDescription, CmafSettings, H26xSettings, InputClipping, JobSettings, S3Url,
    VideoCodecSettings, VideoDescription,
};

/// Ticks per second of video tracks: not those of the plan, because MediaConvert does not promise them.
const TIMESCALE: &str = "90000";

#[derive(Debug, thiserror::Error)]
pub(crate) enum EncodeError {
    #[error(transparent)]
    Settings(#[from] serde_json::Error),
    #[error("expected {0}, found none")]
    Missing(&'static str),
    #[error(transparent)]
    Endpoint(#[from] url::ParseError),
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error("the encoder's file: {0}")]
    File(#[from] reelsmith_isobmff::Fault),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] PortError),
}

pub(crate) async fn encode(
    options: &Options,
    settings: &Value,
    percent: &(impl Fn(u8) + Sync),
) -> Result<(), EncodeError> {
    use EncodeError::Missing;
    let settings = JobSettings::deserialize(settings)?;
    let ([input], [group]) = (&settings.inputs, &settings.output_groups);
    let CmafSettings {
        destination: S3Url { bucket, key },
        segment_length,
        ..
    } = settings.cmaf();
    let (folder, base) = key.rsplit_once('/').unwrap_or(("", key));
    let url = source_url(&options.endpoint, &input.file_input)?;
    let tools = options.tools.as_ref().ok_or(Missing("ffmpeg"))?;
    let mut outputs: Vec<EncodedOutput> = Vec::new();
    // Audio lasts as long as the first video output.
    let mut programme = None;
    let mut clipped = (String::new(), String::new());
    let (videos, audios): (Vec<_>, Vec<_>) = group
        .outputs
        .iter()
        .partition(|o| o.video_description.is_some());
    for output in videos.into_iter().chain(audios) {
        let stem = format!("{base}{}", output.name_modifier);
        if let Some(video) = &output.video_description {
            let VideoCodecSettings { h264, h265 } = &video.codec_settings;
            let codec = h264.as_ref().or(h265.as_ref()).ok_or(Missing("a codec"))?;
            if let Some(clipping) = input.input_clippings.first() {
                clipped = clip_filters(*clipping, codec).ok_or(Missing("a frame rate"))?;
            }
            let argv = video_argv(video, codec, &clipped.0);
            let track = run(tools, &url, &argv, *segment_length).await?;
            programme.get_or_insert((track.duration(), track.timescale));
            outputs.push(EncodedOutput {
                stem: stem.clone(),
                extension: "cmfv",
                track,
                label: format!("{}x{}", video.width, video.height),
                bandwidth: codec.max_bitrate,
            });
        }
        for audio in &output.audio_descriptions {
            let (ticks, scale) = programme.ok_or(Missing("a video output"))?;
            let aac = &audio.codec_settings.aac_settings;
            let samples = (ticks * aac.sample_rate + scale / 2) / scale.max(1);
            let selector = input.audio_selectors.get(&audio.audio_source_name);
            let [source] = selector.ok_or(Missing("an audio selector"))?.tracks;
            let argv = audio_argv(audio, source, samples, &clipped.1);
            outputs.push(EncodedOutput {
                stem: stem.clone(),
                extension: "cmfa",
                track: run(tools, &url, &argv, *segment_length).await?,
                label: audio.custom_language_code.clone(),
                bandwidth: aac.bitrate,
            });
        }
        let done = outputs.len() * 95 / group.outputs.len().max(1);
        percent(u8::try_from(done).unwrap_or(95));
    }
    for (name, body) in playlist::objects(&settings, base, &outputs) {
        let object = ObjectRef::new(bucket, format!("{folder}/{name}"));
        let content_type = match name.contains(".cmf") {
            true => "video/mp4".to_owned(),
            false => "application/x-mpegURL".to_owned(),
        };
        let meta = PutOptions {
            content_type,
            ..PutOptions::default()
        };
        options.store.put(&object, body, &meta).await?;
    }
    Ok(())
}

/// The address of an object at the local stack's S3.
fn source_url(endpoint: &str, object: &S3Url) -> Result<String, EncodeError> {
    let mut url = url::Url::parse(endpoint)?;
    let path = url.path_segments_mut();
    path.map_err(|()| EncodeError::Missing("an endpoint with a path"))?
        .push(&object.bucket)
        .extend(object.key.split('/'));
    Ok(url.into())
}

/// Runs ffmpeg and cuts the one fragmented file that it writes.
async fn run(
    tools: &Tools,
    url: &str,
    argv: &str,
    seconds: u64,
) -> Result<SegmentedTrack, EncodeError> {
    let line = format!(
        "-v error -hide_banner -nostdin -y -progress pipe:1 -nostats -i {url} {argv} -map_metadata -1 -map_chapters -1 -f mp4 out.mp4"
    );
    let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let folder = TempDir::with_prefix("mediaconvert-standin-")?;
    let command = Command::new(&tools.ffmpeg, args).within(folder.path());
    run_with_progress(&command, &Limits::default()).await?;
    let file = tokio::fs::read(folder.path().join("out.mp4")).await?.into();
    Ok(SegmentedTrack::cut(&file, seconds)?)
}

/// The filters of video and audio that keep a part of the input.
fn clip_filters(clipping: InputClipping, codec: &H26xSettings) -> Option<(String, String)> {
    let (num, den) = (codec.framerate_numerator, codec.framerate_denominator);
    let rate = FrameRate::new(num, den)?;
    let first = clipping.start_timecode.frame(rate);
    let end = clipping.end_timecode.frame(rate) + 1;
    let seconds = |frame: i64| frame as f64 * f64::from(den) / f64::from(num);
    Some((
        format!("trim=start_frame={first}:end_frame={end},setpts=PTS-STARTPTS,"),
        format!(
            "atrim=start={:.6}:end={:.6},asetpts=PTS-STARTPTS,",
            seconds(first),
            seconds(end)
        ),
    ))
}

fn video_argv(video: &VideoDescription, codec: &H26xSettings, clip: &str) -> String {
    let (width, height, gop) = (video.width, video.height, codec.gop_size);
    let rate = (codec.framerate_numerator, codec.framerate_denominator);
    // Quality level 7 is rate factor 23.
    let crf = 37 - 2 * codec.qvbr_settings.qvbr_quality_level;
    let keys = format!("keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0");
    let encoder = if video.codec_settings.h265.is_some() {
        format!(
            "libx265 -tag:v hvc1 -x265-params {keys}:no-info=1:repeat-headers=0:log-level=error"
        )
    } else {
        format!("libx264 -x264-params {keys}")
    };
    format!(
        "-map 0:v:0 -an -sn -dn -vf {clip}fps={}/{}:round=near,scale={width}:{height},setsar=1,format=yuv420p -c:v {encoder} \
         -preset veryfast -crf {crf} -maxrate {} -bufsize {} -video_track_timescale {TIMESCALE} \
         -movflags +frag_keyframe+default_base_moof+delay_moov+skip_trailer",
        rate.0, rate.1, codec.max_bitrate, codec.hrd_buffer_size
    )
}

fn audio_argv(audio: &AudioDescription, source: u32, samples: u64, clip: &str) -> String {
    let aac = &audio.codec_settings.aac_settings;
    let loudness = &audio.audio_normalization_settings;
    let layout = match aac.coding_mode.as_str() {
        "CODING_MODE_1_0" => "mono",
        "CODING_MODE_5_1" => "5.1",
        _ => "stereo",
    };
    format!(
        "-map 0:a:{} -vn -sn -dn -af {clip}loudnorm=I={}:TP={},aresample={}:async=1:first_pts=0,\
         aformat=channel_layouts={layout},apad=whole_len={samples},atrim=end_sample={samples} -c:a aac -b:a {} \
         -frag_duration 1000000 -movflags +default_base_moof+delay_moov+skip_trailer",
        source.saturating_sub(1),
        loudness.target_lkfs,
        loudness.true_peak_limiter_threshold,
        aac.sample_rate,
        aac.bitrate
    )
}
