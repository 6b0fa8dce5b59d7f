//! Carries a job out: ffmpeg for every output, one after another, and everything written where the job says.

use std::path::Path;

use bytes::Bytes;
use reelsmith_core::object::ObjectRef;
use reelsmith_core::ports::PutOptions;
use reelsmith_media::{Command, Limits, Tools, process::run_with_progress};
use serde_json::Value;
use tempfile::TempDir;

use crate::Options;
use crate::cut::Track;
use crate::playlist::{self, Made};
use crate::wanted::{Audio, Place, Video, Wanted};

/// Ticks per second of video tracks: not those of the plan, because nobody has promised them.
const TIMESCALE: &str = "90000";

pub(crate) async fn carry_out(
    options: &Options,
    settings: &Value,
    percent: &(impl Fn(u8) + Sync),
) -> Result<(), String> {
    let wanted = Wanted::of(settings)?;
    let tools = options.tools.as_ref().ok_or("no ffmpeg")?;
    let folder = TempDir::with_prefix("mediaconvert-standin-").map_err(|e| e.to_string())?;
    let source = Source {
        tools,
        url: address(&options.endpoint, &wanted.input)?,
        folder: folder.path(),
    };
    let outputs = wanted.videos.len() + wanted.audios.len();
    let mut made: Vec<Made> = Vec::new();
    let progress = |done: usize| percent(u8::try_from(done * 95 / outputs.max(1)).unwrap_or(95));
    for video in &wanted.videos {
        made.push(source.video(&wanted, video).await?);
        progress(made.len());
    }
    let first = made.first().map(|m| &m.track).ok_or("no video output")?;
    let (ticks, scale) = (first.duration(), first.timescale);
    for audio in &wanted.audios {
        let rate = u64::try_from(audio.sample_rate).unwrap_or(48_000);
        let samples = (ticks * rate + scale / 2) / scale.max(1);
        made.push(source.audio(&wanted, audio, samples).await?);
        progress(made.len());
    }
    write(options, &wanted, &made).await
}

/// Where S3 answers for an object.
fn address(endpoint: &str, place: &Place) -> Result<String, String> {
    let mut url = url::Url::parse(endpoint).map_err(|e| e.to_string())?;
    let segments = [place.bucket.as_str()]
        .into_iter()
        .chain(place.key.split('/'));
    url.path_segments_mut()
        .map_err(|()| "an endpoint without paths")?
        .extend(segments);
    Ok(url.into())
}

struct Source<'a> {
    tools: &'a Tools,
    url: String,
    folder: &'a Path,
}

impl Source<'_> {
    async fn video(&self, wanted: &Wanted, video: &Video) -> Result<Made, String> {
        let file = self.run(video_argv(video)).await?;
        Ok(Made {
            stem: stem(wanted, &video.modifier),
            extension: "cmfv",
            track: Track::cut(&file, wanted.segment_seconds)?,
            label: format!("{}x{}", video.size.0, video.size.1),
            bandwidth: u64::try_from(video.max_bitrate).unwrap_or(0),
        })
    }

    async fn audio(&self, wanted: &Wanted, audio: &Audio, samples: u64) -> Result<Made, String> {
        let file = self.run(audio_argv(audio, samples)).await?;
        Ok(Made {
            stem: stem(wanted, &audio.modifier),
            extension: "cmfa",
            track: Track::cut(&file, wanted.segment_seconds)?,
            label: audio.language.clone(),
            bandwidth: u64::try_from(audio.bitrate).unwrap_or(0),
        })
    }

    /// Runs ffmpeg to one fragmented file and gives its bytes.
    async fn run(&self, argv: String) -> Result<Bytes, String> {
        let common = "-v error -hide_banner -nostdin -y -progress pipe:1 -nostats";
        let mut args: Vec<String> = common.split(' ').map(str::to_owned).collect();
        args.extend(["-i".to_owned(), self.url.clone()]);
        args.extend(argv.split(' ').map(str::to_owned));
        let end = "-map_metadata -1 -map_chapters -1 -f mp4 out.mp4";
        args.extend(end.split(' ').map(str::to_owned));
        let command = Command::new(&self.tools.ffmpeg, args).within(self.folder);
        let done = run_with_progress(&command, &Limits::default()).await;
        done.map_err(|e| e.to_string())?;
        let path = self.folder.join("out.mp4");
        let bytes = tokio::fs::read(&path).await.map_err(|e| e.to_string())?;
        Ok(bytes.into())
    }
}

/// The file name that all names of an output begin with.
fn stem(wanted: &Wanted, modifier: &str) -> String {
    let base = wanted.destination.key.rsplit('/').next();
    format!("{}{modifier}", base.unwrap_or_default())
}

fn video_argv(video: &Video) -> String {
    let Video { gop, buffer, .. } = video;
    let ((width, height), (num, den)) = (video.size, video.rate);
    // The levels of quality as rate factors: 7 is 23.
    let crf = 37 - 2 * video.quality;
    let keys = format!("keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0");
    let codec = if video.hevc {
        format!(
            "-c:v libx265 -tag:v hvc1 -x265-params {keys}:no-info=1:repeat-headers=0:log-level=error"
        )
    } else {
        format!("-c:v libx264 -x264-params {keys}")
    };
    format!(
        "-map 0:v:0 -an -sn -dn -vf fps={num}/{den}:round=near,scale={width}:{height},setsar=1,format=yuv420p {codec} \
         -preset veryfast -crf {crf} -maxrate {} -bufsize {buffer} -video_track_timescale {TIMESCALE} \
         -movflags +frag_keyframe+default_base_moof+delay_moov+skip_trailer",
        video.max_bitrate
    )
}

fn audio_argv(audio: &Audio, samples: u64) -> String {
    let Audio {
        track,
        bitrate,
        sample_rate,
        layout,
        loudness,
        true_peak,
        ..
    } = audio;
    format!(
        "-map 0:a:{} -vn -sn -dn -af loudnorm=I={loudness}:TP={true_peak},aresample={sample_rate}:async=1:first_pts=0,\
         aformat=channel_layouts={layout},apad=whole_len={samples},atrim=end_sample={samples} -c:a aac -b:a {bitrate} \
         -frag_duration 1000000 -movflags +default_base_moof+delay_moov+skip_trailer",
        track - 1
    )
}

async fn write(options: &Options, wanted: &Wanted, made: &[Made]) -> Result<(), String> {
    let key = &wanted.destination.key;
    let (folder, base) = key.rsplit_once('/').unwrap_or(("", key));
    let out = Out {
        options,
        bucket: &wanted.destination.bucket,
        folder,
    };
    for one in made {
        out.put(&one.init_name(), one.track.init.clone(), "video/mp4")
            .await?;
        for (number, segment) in (1..).zip(&one.track.segments) {
            let name = one.segment_name(number);
            out.put(&name, segment.bytes.clone(), "video/mp4").await?;
        }
        out.text(&format!("{}.m3u8", one.stem), one.media()).await?;
    }
    if wanted.dash {
        let mpd = playlist::mpd(wanted, made);
        out.text(&format!("{base}.mpd"), mpd).await?;
    }
    let multivariant = playlist::multivariant(made);
    out.text(&format!("{base}.m3u8"), multivariant).await
}

struct Out<'a> {
    options: &'a Options,
    bucket: &'a str,
    folder: &'a str,
}

impl Out<'_> {
    async fn text(&self, name: &str, text: String) -> Result<(), String> {
        self.put(name, text.into(), "application/x-mpegURL").await
    }

    async fn put(&self, name: &str, body: Bytes, content_type: &str) -> Result<(), String> {
        let object = ObjectRef::new(self.bucket, format!("{}/{name}", self.folder));
        let options = PutOptions {
            content_type: content_type.to_owned(),
            ..PutOptions::default()
        };
        let put = self.options.store.put(&object, body, &options).await;
        put.map(drop).map_err(|e| e.to_string())
    }
}
