//! The progressive MP4 of a video rendition with the audio of the default language, copied from the same segments.

use std::path::{Path, PathBuf};

use reelsmith_contract::{Failure, Objects, PortResultExt as _};
use reelsmith_core::keys::{GenerationKeys, INIT};
use reelsmith_core::plan::Plan;
use reelsmith_core::ports::PutOptions;
use reelsmith_core::record::{RungOutput, TrackRecord};
use reelsmith_media::OnSource as _;
use reelsmith_media::progressive::{JoinTask, join as join_files};
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::records::concurrently;
use reelsmith_pipeline::worker::{EncoderPorts, IMMUTABLE, mp4_type};

const MAX_SEGMENT: u64 = 1 << 30;
const FETCHES: usize = 8;

/// Joins the file, uploads it and returns its key.
pub(crate) async fn join(
    ports: &EncoderPorts,
    plan: &Plan,
    keys: &GenerationKeys,
    video: &RungOutput,
    invocation: &Invocation,
) -> Result<String, Failure> {
    let name = video.rendition.rsplit('/').next().unwrap_or("video");
    let key = keys.output(&format!("progressive/{name}.mp4"));
    let dir = tempfile::tempdir().map_err(folder_error)?;
    let audio = default_audio(ports, plan, keys).await?;
    let video_files = fetch(&ports.outputs, keys, video, dir.path()).await?;
    let audio_files = match &audio {
        Some(audio) => Some(fetch(&ports.outputs, keys, audio, dir.path()).await?),
        None => None,
    };
    let out = dir.path().join("out.mp4");
    let joined = JoinTask {
        video: &video_files,
        audio: audio_files.as_deref(),
        out: &out,
        limit: invocation.remaining,
    };
    join_files(&ports.tools, joined).await.on_source(&key)?;
    upload(&ports.outputs, &key, &out).await?;
    Ok(key)
}

async fn default_audio(
    ports: &EncoderPorts,
    plan: &Plan,
    keys: &GenerationKeys,
) -> Result<Option<RungOutput>, Failure> {
    let track = plan.audio.iter().find(|a| a.default).or(plan.audio.first());
    match track {
        Some(track) => {
            let record: TrackRecord = ports.outputs.read(&keys.track_record(&track.path)).await?;
            Ok(Some(record.output))
        }
        None => Ok(None),
    }
}

/// Fetches the init segment and all segments. Returns the files in playing order.
async fn fetch(
    outputs: &Objects,
    keys: &GenerationKeys,
    rendition: &RungOutput,
    dir: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    let folder = dir.join(rendition.rendition.replace('/', "_"));
    tokio::fs::create_dir_all(&folder)
        .await
        .map_err(folder_error)?;
    let names = std::iter::once(INIT).chain(rendition.segments.iter().map(|s| s.name.as_str()));
    let key = |name: &str| keys.output(&format!("{}/{name}", rendition.rendition));
    let fetches = names.map(|name| fetch_one(outputs, key(name), folder.join(name)));
    concurrently(FETCHES, fetches).await
}

async fn fetch_one(outputs: &Objects, key: String, path: PathBuf) -> Result<PathBuf, Failure> {
    let body = outputs.get(&key, MAX_SEGMENT).await?;
    tokio::fs::write(&path, body).await.map_err(folder_error)?;
    Ok(path)
}

fn folder_error(error: std::io::Error) -> Failure {
    Failure::internal(error.to_string(), "temporary folder")
}

async fn upload(outputs: &Objects, key: &str, file: &Path) -> Result<(), Failure> {
    let object = outputs.at(key);
    let options = PutOptions {
        content_type: mp4_type("video/").to_owned(),
        cache_control: Some(IMMUTABLE.to_owned()),
        ..PutOptions::default()
    };
    let put = outputs.store().put_file(&object, file, &options).await;
    put.map(drop).on_object(&object)
}
