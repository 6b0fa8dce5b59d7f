//! Shared by the tests of this crate: an object store in memory, and media made by ffmpeg.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{
    ListedObject, ObjectMeta, ObjectStore, PortError, PortErrorKind, PortResult, Put, PutOptions,
};
use reelsmith_isobmff::{Reader, boxed, words};

use crate::{ProxyOptions, RangeProxy, Tools};

/// One object in memory that can be replaced and can fail. Calls that this crate does not make are refused.
pub(crate) struct MemoryStore {
    content: Mutex<(Bytes, u32)>,
    /// Number of reads that will fail.
    pub(crate) failures: AtomicU32,
}

impl MemoryStore {
    pub(crate) fn new(content: Vec<u8>) -> Arc<Self> {
        Arc::new(Self {
            content: Mutex::new((content.into(), 1)),
            failures: AtomicU32::new(0),
        })
    }

    pub(crate) fn pin(&self) -> ObjectPin {
        let content = self.content.lock().unwrap();
        ObjectPin {
            object: ObjectRef::new("input", "mezzanines/film"),
            version_id: None,
            etag: content.1.to_string(),
            size: content.0.len() as u64,
        }
    }

    pub(crate) fn replace(&self, content: Vec<u8>) {
        let mut slot = self.content.lock().unwrap();
        *slot = (content.into(), slot.1 + 1);
    }
}

fn refused<T>() -> PortResult<T> {
    Err(PortError::new(PortErrorKind::Invalid, "not used here"))
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn head(&self, _: &ObjectRef) -> PortResult<ObjectMeta> {
        refused()
    }

    async fn get(&self, _: &ObjectRef, _: u64) -> PortResult<Bytes> {
        refused()
    }

    async fn get_range(&self, pin: &ObjectPin, start: u64, end: u64) -> PortResult<Bytes> {
        let fails = |n: u32| n.checked_sub(1);
        if self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails)
            .is_ok()
        {
            return Err(PortError::new(PortErrorKind::Unavailable, "503 Slow Down"));
        }
        let content = self.content.lock().unwrap();
        if content.1.to_string() != pin.etag {
            return Err(PortError::new(
                PortErrorKind::Changed,
                "412 Precondition Failed",
            ));
        }
        let end = (end as usize).min(content.0.len());
        Ok(content.0.slice(start as usize..end))
    }

    async fn put(&self, _: &ObjectRef, _: Bytes, _: &PutOptions) -> PortResult<Put> {
        refused()
    }

    async fn put_file(&self, _: &ObjectRef, _: &Path, _: &PutOptions) -> PortResult<Put> {
        refused()
    }

    async fn list(&self, _: &str, _: &str) -> PortResult<Vec<ListedObject>> {
        refused()
    }

    async fn delete(&self, _: &str, _: &[String]) -> PortResult<()> {
        refused()
    }
}

/// The pinned programs.
pub(crate) fn tools() -> Tools {
    Tools::locate(&reelsmith_testkit::media_folder(), None, None).unwrap()
}

/// Runs the reference ffmpeg, which is another build than the one under test, in a folder with the arguments of `line`,
/// which are separated by spaces; returns its stdout.
pub(crate) fn ffmpeg(folder: &Path, line: &str) -> String {
    let args = line.split_ascii_whitespace();
    let output = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ffmpeg {line}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Serves a file as a mezzanine.
pub(crate) async fn serve(file: &Path) -> RangeProxy {
    serve_store(MemoryStore::new(std::fs::read(file).unwrap())).await
}

/// Serves the object of a store.
pub(crate) async fn serve_store(store: Arc<MemoryStore>) -> RangeProxy {
    let pin = store.pin();
    let options = ProxyOptions {
        block: 64 << 10,
        ..ProxyOptions::default()
    };
    RangeProxy::start(store, pin, options).await.unwrap()
}

/// Makes a file in a temporary folder by ffmpeg; the last word of `line` is its name.
pub(crate) fn made(line: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    ffmpeg(folder.path(), line);
    let name = line.split_ascii_whitespace().last().unwrap();
    let file = folder.path().join(name);
    (folder, file)
}

/// The time in ticks of `timescale` and the hash of every decoded picture, in presentation order.
pub(crate) fn pictures(file: &Path, timescale: u32) -> Vec<(i64, String)> {
    let folder = file.parent().unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    let line = format!(
        "-copyts -i {name} -map 0:v:0 -fps_mode passthrough -enc_time_base 1/{timescale} -pix_fmt yuv420p \
         -f framehash -hash md5 -"
    );
    hashes(&ffmpeg(folder, &line))
}

fn hashes(text: &str) -> Vec<(i64, String)> {
    let rows = text.lines().filter(|l| !l.starts_with('#'));
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        (fields[2].parse().unwrap(), fields[5].to_owned())
    };
    rows.map(row).collect()
}

/// A probe with this container and codec.
pub(crate) fn probed(
    container: reelsmith_core::sniff::Container,
    codec: &str,
) -> reelsmith_core::probe::Probe {
    let stream = serde_json::json!({
        "index": 0, "codec": codec, "profile": null, "coded": {"width": 64, "height": 64}, "sar": [1, 1], "rotation": 0,
        "pixel_format": "yuv420p", "bit_depth": 8, "base_frame_rate": "25", "average_frame_rate": "25",
        "time_base": [1, 25], "field_order": "progressive", "primaries": null, "transfer": null, "matrix": null,
        "range": null,
    });
    reelsmith_core::probe::Probe {
        container,
        duration_us: 1_000_000,
        video: serde_json::from_value(stream).unwrap(),
        audio: Vec::new(),
        text: Vec::new(),
        streams: 1,
        start_timecode: None,
    }
}

/// A plan with segments of four seconds and without renditions.
pub(crate) fn plan(frames: u64, rate: &str) -> reelsmith_core::plan::Plan {
    let frame_rate: reelsmith_core::time::FrameRate = rate.parse().unwrap();
    reelsmith_core::plan::Plan {
        job_key: "0".repeat(64).parse().unwrap(),
        generation: reelsmith_core::keys::Generation(1),
        frame_rate,
        timescale: frame_rate.timescale(),
        total_frames: reelsmith_core::time::FrameCount(frames),
        clip: None,
        mapping: reelsmith_core::plan::FrameMapping::Every,
        cutting: reelsmith_core::plan::Cutting::Seek,
        index: reelsmith_core::probe::IndexRead::Tables,
        scan: reelsmith_core::probe::Scan::Progressive,
        described: false,
        video_start: reelsmith_core::probe::Seconds {
            ticks: reelsmith_core::time::Ticks(0),
            timescale: reelsmith_core::time::Timescale(1),
        },
        segment_frames: frame_rate.frames_in_millis(4_000),
        gop_frames: frame_rate.frames_in_millis(2_000),
        chunks: Vec::new(),
        groups: Vec::new(),
        video: Vec::new(),
        audio: Vec::new(),
        text: Vec::new(),
        left_out: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Adds a `clap` box with these numbers to an MP4 or MOV file whose movie box is last and whose first track is video.
pub(crate) fn with_clean_aperture(file: Vec<u8>, clap: [u32; 8]) -> Vec<u8> {
    with_box_in_entry(file, &boxed(b"clap", &words(&clap)))
}

/// Adds a Dolby Vision configuration record (`dvcC`) of this profile and compatibility to such a file.
pub(crate) fn with_dolby_vision(file: Vec<u8>, profile: u8, compatibility: u8) -> Vec<u8> {
    // Version 1.0, level 5, metadata and base layer but no enhancement layer.
    let mut record = vec![1, 0, profile << 1, 5 << 3 | 0b101, compatibility << 4];
    record.resize(24, 0);
    with_box_in_entry(file, &boxed(b"dvcC", &record))
}

/// Adds a box at the end of the first sample entry of a file whose movie box is last and whose first track is video.
fn with_box_in_entry(mut file: Vec<u8>, added: &[u8]) -> Vec<u8> {
    let at = |offset: u64| usize::try_from(offset).unwrap();
    let mut reader = Reader::new(&file);
    let mut grown = Vec::new();
    for kind in [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"] {
        reader = reader.need(kind).unwrap();
        grown.push(at(reader.offset()) - 8);
    }
    reader.take(8).unwrap();
    let entry = reader.boxes().next().unwrap();
    grown.push(at(entry.start));
    let end = at(entry.end);
    for at in grown {
        let size = file[at..].first_chunk_mut().unwrap();
        *size = (u32::from_be_bytes(*size) + u32::try_from(added.len()).unwrap()).to_be_bytes();
    }
    file.splice(end..end, added.iter().copied());
    file
}
