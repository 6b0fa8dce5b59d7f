//! A mezzanine of one kind, and encoding its chunks with the real encoder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use reelsmith_core::ladder::{CodecSettings, ProofLimits, ResolvedRung, VideoCodec};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::plan::{Chunk, Cutting, FrameMapping, Timeline, VideoRendition};
use reelsmith_core::ports::{ObjectStore, PutOptions};
use reelsmith_core::probe::Probe;
use reelsmith_core::sniff::Container;
use reelsmith_core::time::{FrameCount, FrameRange};
use reelsmith_core::units::{BitsPerSecond, Resolution};
use reelsmith_media::{
    ChunkMedia, ChunkTask, Indexed, Limits, ProxyOptions, RangeProxy, Tools, probe, read_index,
    scan_index, transcode,
};
use reelsmith_testkit::fakes::MemoryStore;

use crate::kinds::Kind;

/// A mezzanine, probed and indexed.
pub struct Film {
    pub kind: &'static Kind,
    pub file: PathBuf,
    pub probe: Probe,
    pub indexed: Indexed,
    pub timeline: Timeline,
    store: Arc<MemoryStore>,
    pub pin: ObjectPin,
    folder: tempfile::TempDir,
}

/// The pinned programs.
pub fn tools() -> Tools {
    Tools::locate(&reelsmith_testkit::media_folder(), None, None).unwrap()
}

/// Runs an ffmpeg in a folder and returns its stdout.
pub fn ffmpeg(program: &Path, folder: &Path, args: &[String]) -> String {
    let output = Command::new(program)
        .args(["-v", "error", "-nostdin", "-y", "-threads", "1"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ffmpeg {args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// The pictures of a mezzanine.
#[derive(Clone, Copy, Debug)]
pub struct Picture {
    /// A lavfi source without its rate, then filters.
    pub source: &'static str,
    /// Multiplies the number of frames of the kind.
    pub times: u64,
}

/// A small test picture, which is quick to compare.
pub const SMALL: Picture = Picture {
    source: "testsrc2=size=128x96",
    times: 1,
};

/// Runs a `JOIN`, `UNSTATED` or `TAIL` step; false for any other step.
fn run_file_step(folder: &Path, line: &str) -> bool {
    let (what, files) = line.split_once(' ').unwrap();
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let files: Vec<&str> = files.split(' ').collect();
    let (name, bytes) = match (what, &files[..]) {
        ("JOIN", [a, b, joined]) => (joined, [read(a), read(b)].concat()),
        ("UNSTATED", [a, b]) => (b, crate::unstated::unstated(read(a))),
        // Whole packets of a transport stream, and whole packs of 2,048 bytes of a programme stream.
        ("TAIL", [a, b]) => {
            let packet = if b.ends_with(".ts") { 188 } else { 2_048 };
            let whole = read(a);
            let start = whole.len() / packet / 4 * packet;
            (b, whole[start..].to_vec())
        }
        _ => return false,
    };
    std::fs::write(folder.join(name), bytes).unwrap();
    true
}

fn step(folder: &Path, line: &str, picture: Picture) {
    if run_file_step(folder, line) {
        return;
    }
    let mut args: Vec<String> = Vec::new();
    for word in line.split(' ') {
        match word.split_once("SRC") {
            Some(("", rate)) => {
                let rate = rate.strip_prefix('@').unwrap_or("25");
                args.extend(["-f", "lavfi", "-i"].map(str::to_owned));
                let shown = picture.source;
                let (source, filters) = shown.split_once(',').unwrap_or((shown, "null"));
                args.push(format!("{source}:rate={rate},{filters}"));
                // A later number of frames or pixel format of the kind overrides these.
                let frames = (97 * picture.times).to_string();
                args.extend(["-frames:v", &frames, "-pix_fmt", "yuv420p"].map(str::to_owned));
            }
            _ if args.last().is_some_and(|a| a == "-frames:v") => {
                let frames: u64 = word.parse().unwrap();
                args.push((frames * picture.times).to_string());
            }
            _ if word == "TONE" => {
                let at = args.iter().position(|a| a == "-frames:v").unwrap();
                let tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"];
                args.splice(at..at, tone.map(str::to_owned));
                args.push("-shortest".to_owned());
            }
            _ => args.push(word.to_owned()),
        }
    }
    ffmpeg(Path::new("ffmpeg"), folder, &args);
}

async fn stored(file: &Path) -> (Arc<MemoryStore>, ObjectPin) {
    let store = MemoryStore::with_buckets(["input"]);
    let object = ObjectRef::new("input", "film");
    let body = Bytes::from(std::fs::read(file).unwrap());
    let put = store.put(&object, body, &PutOptions::default()).await;
    put.unwrap();
    let pin = store.head(&object).await.unwrap().pin;
    (Arc::new(store), pin)
}

impl Film {
    /// Makes, probes and indexes a mezzanine.
    pub async fn made(kind: &'static Kind, picture: Picture) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for line in kind.steps {
            step(folder.path(), line, picture);
        }
        let file = folder.path().join(kind.file);
        let head = std::fs::read(&file).unwrap();
        let head = &head[..head.len().min(4_096)];
        assert_eq!(
            Container::sniff(head),
            Some(kind.container),
            "{}",
            kind.name
        );
        let (store, pin) = stored(&file).await;
        let tools = tools();
        let options = ProxyOptions::default();
        let proxy = RangeProxy::start(store.clone(), pin.clone(), options).await;
        let proxy = proxy.unwrap();
        let probe = probe(&tools, &proxy.url(), kind.container, None)
            .await
            .unwrap();
        let indexed = read_index(&tools, store.clone(), &pin, &probe).await;
        let indexed = indexed.unwrap();
        let timeline = Timeline::new(&indexed.index, probe.video.as_ref().unwrap(), 60).unwrap();
        Self {
            kind,
            file,
            probe,
            indexed,
            timeline,
            store,
            pin,
            folder,
        }
    }

    /// Why the whole file is decoded by one worker, if it is.
    pub fn whole(&self) -> Option<&str> {
        match &self.timeline.cutting {
            Cutting::Seek => None,
            Cutting::Whole { reason } => Some(reason),
        }
    }

    /// Compares the index with a scan of all packets.
    pub async fn assert_index(&self) {
        let scanned = scan_index(&tools(), self.store.clone(), &self.pin, &self.probe).await;
        let scanned = scanned.unwrap().index;
        let index = &self.indexed.index;
        assert_eq!(index.time_base, scanned.time_base);
        assert_eq!(
            index.packets.len(),
            scanned.packets.len(),
            "{}",
            self.kind.name
        );
        for (n, (a, b)) in index.packets.iter().zip(&scanned.packets).enumerate() {
            assert_eq!(a, b, "{}, packet {n}", self.kind.name);
        }
    }

    /// Size of the decoded picture, after ffmpeg has rotated it.
    pub fn decoded_size(&self) -> Resolution {
        let coded = self.probe.video.as_ref().unwrap().coded;
        match self.probe.video.as_ref().unwrap().rotation {
            90 | 270 => Resolution {
                width: coded.height,
                height: coded.width,
            },
            _ => coded,
        }
    }

    /// The pixel format of the comparison: the source's chroma sampling in 8 bits.
    pub fn format(&self) -> &'static str {
        let source = &self.probe.video.as_ref().unwrap().pixel_format;
        ["444", "422"]
            .into_iter()
            .find(|s| source.contains(s))
            .map_or(
                "yuv420p",
                |s| if s == "444" { "yuv444p" } else { "yuv422p" },
            )
    }

    /// A lossless rendition of the source's size.
    pub fn rendition(&self) -> VideoRendition {
        let rung = ResolvedRung {
            name: "source".into(),
            codec: VideoCodec::H264,
            resolution: self.decoded_size(),
            max_bitrate: BitsPerSecond(50_000_000),
            buffer_bits: 75_000_000,
            crf: 0.0,
            level: 40,
            settings: CodecSettings {
                preset: "ultrafast".into(),
                profile: "high444".into(),
                pixel_format: self.format().into(),
                threads: 1,
                deep: None,
            },
            range: reelsmith_core::ladder::VideoRange::Sdr,
        };
        VideoRendition {
            path: "video/source".into(),
            rung,
        }
    }

    /// The chunks of `length` frames, or one chunk if the file cannot be cut.
    pub fn ranges(&self, length: u64) -> Vec<FrameRange> {
        let total = self.timeline.frames.0;
        let length = if self.whole().is_some() {
            total
        } else {
            length
        };
        let range = |start| FrameRange {
            start,
            end: (start + length).min(total),
        };
        (0..total).step_by(length as usize).map(range).collect()
    }

    /// Encodes every chunk of `length` frames losslessly.
    pub async fn encode(&self, length: u64) -> Vec<ChunkMedia> {
        let mut chunks = Vec::new();
        let ranges = self.ranges(length);
        let length = FrameCount(ranges[0].count().0);
        for (index, frames) in (0u32..).zip(ranges) {
            let cadence = (length, length);
            let rungs = vec![self.rendition()];
            let (media, _) = self.chunk(index, frames, cadence, rungs, 64 << 10).await;
            chunks.push(media);
        }
        chunks
    }

    /// Encodes one chunk with these lengths of segments and GOPs; also returns the bytes that its proxy read, in
    /// blocks of `block` bytes.
    pub async fn chunk(
        &self,
        index: u32,
        frames: FrameRange,
        (segment_frames, gop_frames): (FrameCount, FrameCount),
        rungs: Vec<VideoRendition>,
        block: u64,
    ) -> (ChunkMedia, u64) {
        let cut = self.timeline.cut(frames);
        let options = ProxyOptions {
            block,
            reads: cut.reads.clone(),
            hidden: cut.hidden.clone(),
            ..ProxyOptions::default()
        };
        let proxy = RangeProxy::start(self.store.clone(), self.pin.clone(), options).await;
        let proxy = proxy.unwrap();
        let whole = ProxyOptions {
            block,
            ..ProxyOptions::default()
        };
        let reference = RangeProxy::start(self.store.clone(), self.pin.clone(), whole).await;
        let reference = reference.unwrap();
        let directory = tempfile::tempdir_in(self.folder.path()).unwrap();
        let task = ChunkTask {
            reference_url: reference.url(),
            reference_seek: None,
            proof: ProofLimits::default(),
            url: proxy.url(),
            container: self.kind.container,
            source: self.probe.video.clone().unwrap(),
            frame_rate: self.timeline.frame_rate,
            mapping: self.timeline.mapping,
            scan: self.indexed.index.scan,
            described: self.indexed.index.described,
            mock: false,
            fills_gaps: false,
            video_start: self.timeline.video_start(),
            segment_frames,
            gop_frames,
            chunk: Chunk {
                index,
                frames,
                first_segment: 1 + (frames.start / segment_frames.0) as u32,
                segments: frames.count().0.div_ceil(segment_frames.0) as u32,
                cut,
            },
            rungs,
            directory: directory.path().to_owned(),
        };
        let media = transcode(&tools(), &task, &Limits::default()).await;
        let media = proxy.check(media);
        let media = media.unwrap_or_else(|e| panic!("{}, chunk {frames}: {e}", self.kind.name));
        for compared in &media.comparisons {
            let found = &compared.comparison;
            let about = format!("{}, chunk {frames}: {found:?}", self.kind.name);
            assert_eq!(found.frames, frames.count().0, "{about}");
            assert_eq!((found.unlike_count, found.dead.len()), (0, 0), "{about}");
            let altered = found.samples.as_ref().map(|s| s.altered);
            assert_eq!((altered.unwrap_or(0), found.damaged), (0, false), "{about}");
        }
        (media, proxy.bytes_read())
    }

    /// Writes one rung of all chunks as one file.
    pub fn joined(&self, chunks: &[ChunkMedia], rung: usize) -> PathBuf {
        let mut bytes = chunks[0].rungs[rung].init.to_vec();
        for chunk in chunks {
            let (own, first) = (&chunk.rungs[rung], &chunks[0].rungs[rung]);
            assert!(own.init == first.init, "{}", self.kind.name);
            bytes.extend(own.segments.iter().flat_map(|s| s.bytes.to_vec()));
        }
        let name = format!("joined{}-{rung}.mp4", chunks.len());
        let file = self.folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    }

    /// Whether output frames are chosen by time instead of counting.
    pub fn resampled(&self) -> bool {
        self.timeline.mapping == FrameMapping::Resampled
    }
}
