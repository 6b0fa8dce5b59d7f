//! The packet index: when each video packet is shown, where decoding can start, and where the packet's bytes are.
//!
//! The planner needs exact times for every frame of a mezzanine of up to 150 GB. The times must be those of ffmpeg, which
//! decodes the file later: edit lists, timestamp wraps and missing times are its arithmetic. So its demuxer makes the
//! index, in one of two ways:
//!
//! - **Tables** (MP4, MOV): `tables` reads the movie box and the headers of fragments. A [`SparseFile`] serves a copy
//!   of the file in which the media are zeros and every sample is one byte long, with all boxes in place. ffprobe lists
//!   the packets of that copy without reading the media; the true positions are looked up afterwards.
//! - **Scan** (other containers, and files with unusual boxes): ffprobe reads the whole file.
//!
//! Invariant: both ways give the same index. [`scan_index`] exists for tests that compare them.
//!
//! Afterwards a few pictures are decoded to detect interlacing (`scan`) and key frames at which decoding cannot start
//! (an intra refresh). The command line of the packet list:
//!
//! ```text
//! ffprobe -v error -select_streams 0 -show_entries packet=pts,dts,duration,pos,size,flags:stream=time_base,has_b_frames
//!   -of compact=print_section=1:nokey=0 -f mov -i http://127.0.0.1:40123/…/mezzanine
//! packet|pts=3003|dts=1001|size=99|pos=48|flags=K_
//! ```
//!
//! A decoder would scale or fail if the size, the shape or the pixel format of the pictures changed midway, so such a file
//! is refused here. A scan decodes every key picture of codecs in which a stream can change; with tables, which state
//! changes themselves, only some are decoded, as a change that they hide is rare.

mod audio_span;
mod rows;
mod start;
mod tables;
mod track;

use std::sync::Arc;

use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::{IndexRead, PacketIndex, Probe};
use reelsmith_core::sniff::Container;

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::probe::VideoSource;
use crate::process::{self, Activity, Limits};
use crate::proxy::{ProxyOptions, RangeProxy, Source, SparseFile};
use crate::scan;
use crate::tools::Tools;
use crate::video::decimal_micros;
pub use audio_span::audio_spans;
use tables::Tables;
pub use tables::{add_movie_facts, explain_unreadable};
pub use track::track_reads;

use rows::PacketRows;

/// An index, and the bytes read from the store for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed {
    pub index: PacketIndex,
    pub bytes_read: u64,
}

/// Reads the index of a pinned mezzanine's video stream, from its tables if it has usable ones, otherwise from all packets. It is
/// empty for a title of audio alone.
///
/// # Errors
/// [`MediaError::Unindexable`] if a packet has no presentation time; [`MediaError::Unreadable`]; [`MediaError::Source`]; and
/// the errors of [`process::run`].
pub async fn read_index(
    tools: &Tools,
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    probe: &Probe,
) -> Result<Indexed, MediaError> {
    let mut bytes_read = 0;
    if probe.video.is_none() {
        let index = PacketIndex::default();
        return Ok(Indexed { index, bytes_read });
    }
    let source = &VideoSource::of(probe)?;
    if probe.container == Container::Mov {
        let read = tables::read(store.clone(), pin).await?;
        bytes_read = read.bytes_read;
        if let Some(mut tables) = read.tables {
            tables.check_samples(source.video.index, pin.size)?;
            let samples = tables.samples(source.video.index);
            let moov = tables.moov;
            let known = std::mem::take(&mut tables.known);
            let sparse = Source::Sparse(SparseFile {
                size: pin.size,
                known,
            });
            let (mut index, _) =
                list_packets(tools, sparse, pin, source, SPARSE, NO_ANALYSIS).await?;
            bytes_read += inspect_pictures(tools, store, pin, source, &mut index).await?;
            index.read = IndexRead::Tables;
            index.tables = moov;
            index.described = is_described(&tables, source, &index);
            index.fragments = tables.fragments(pin.size);
            for packet in &mut index.packets {
                packet.bytes = packet.bytes.and_then(|b| samples.true_span(b.start));
            }
            return Ok(Indexed { index, bytes_read });
        }
    }
    let scanned = scan_index(tools, store, pin, probe).await?;
    Ok(Indexed {
        bytes_read: bytes_read + scanned.bytes_read,
        ..scanned
    })
}

/// Whether a decoder knows from the first packet how far frames are reordered. Only H.264 may leave that open, and it does
/// not matter if frames are stored in display order.
fn is_described(tables: &Tables, probe: &VideoSource<'_>, index: &PacketIndex) -> bool {
    let video = probe.video;
    video.codec != "h264"
        || tables.is_described(video.index)
        || index.packets.is_sorted_by_key(|packet| packet.pts)
}

/// Reads the index from all packets, whatever the container has. [`read_index`] must give the same index.
///
/// # Errors
/// As [`read_index`].
pub async fn scan_index(
    tools: &Tools,
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    probe: &Probe,
) -> Result<Indexed, MediaError> {
    let probe = &VideoSource::of(probe)?;
    let all = ProxyOptions::default();
    let (mut index, listed) =
        list_packets(tools, Source::Store(store.clone()), pin, probe, all, "").await?;
    let inspected = inspect_pictures(tools, store, pin, probe, &mut index).await?;
    Ok(Indexed {
        index,
        bytes_read: listed + inspected,
    })
}

/// For the sparse copy: small blocks and no reading ahead, because sending zeros takes time.
const SPARSE: ProxyOptions = ProxyOptions {
    budget: None,
    block: 64 << 10,
    read_ahead: 0,
    reads: Vec::new(),
    skip_gaps: false,
    hidden: Vec::new(),
};

async fn list_packets(
    tools: &Tools,
    source: Source,
    pin: &ObjectPin,
    probe: &VideoSource<'_>,
    options: ProxyOptions,
    demuxer: &str,
) -> Result<(PacketIndex, u64), MediaError> {
    let proxy = RangeProxy::start_with(source, pin.clone(), options).await?;
    let url = proxy.url();
    let args = index_argv(&url, probe, demuxer);
    let mut rows = PacketRows::default();
    let run = run_ffprobe(tools, args, |line| rows.read(line)).await;
    proxy.check(run)?;
    Ok((rows.into_index(probe)?, proxy.bytes_read()))
}

/// Decodes a few pictures to detect how they were scanned and whether decoding can start at key frames. Returns the bytes
/// read.
async fn inspect_pictures(
    tools: &Tools,
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    probe: &VideoSource<'_>,
    index: &mut PacketIndex,
) -> Result<u64, MediaError> {
    let options = ProxyOptions {
        read_ahead: 0,
        block: 256 << 10,
        ..ProxyOptions::default()
    };
    let proxy = RangeProxy::start(store, pin.clone(), options).await?;
    let url = proxy.url();
    index.scan = proxy.check(scan::detect_scan(tools, &url, probe).await)?;
    let codec = probe.video.codec.as_str();
    if matches!(codec, "h264" | "hevc" | "mpeg2video") {
        proxy.check(start::inspect(tools, &url, probe, index).await)?;
    }
    let keys = index.packets.iter().filter(|p| p.key).count();
    // Only the supplement decodes AV1.
    if probe.container == Container::Mov && codec != "av1" && keys > 1 {
        proxy.check(compare_formats(tools, &url, probe, index).await)?;
    }
    Ok(proxy.bytes_read())
}

async fn run_ffprobe(
    tools: &Tools,
    args: Vec<String>,
    line: impl FnMut(&str) -> Result<Activity, MediaError> + Send,
) -> Result<(), MediaError> {
    let command = Command::new(&tools.ffprobe, args);
    let run = process::run(&command, &Limits::indexing(), line).await;
    run.map(|_| ()).map_err(MediaError::of_demuxer)
}

/// For packets without content: no parser or decoder may analyse them.
const NO_ANALYSIS: &str = "-fflags +noparse+nofillin -probesize 32 -analyzeduration 0";

/// Codecs in which the format of the pictures can change at a key picture, and that ffprobe decodes.
const CHANGEABLE: [&str; 5] = ["h264", "hevc", "mpeg2video", "mpeg4", "vp9"];

/// The format of a picture.
const FORMAT: &str = "frame=pts,width,height,sample_aspect_ratio,pix_fmt";

/// Whether all key pictures are decoded with the list of packets. MXF states the format of its pictures once, and of an intra
/// codec every picture would be decoded.
fn decodes_keys(probe: &VideoSource<'_>, demuxer: &str) -> bool {
    let video = probe.video;
    let intra = video
        .profile
        .as_deref()
        .is_some_and(|p| p.contains("Intra"));
    demuxer.is_empty()
        && probe.container != Container::Mxf
        && CHANGEABLE.contains(&video.codec.as_str())
        && !intra
}

fn index_argv(url: &str, probe: &VideoSource<'_>, demuxer: &str) -> Vec<String> {
    let (stream, input) = (probe.video.index, input::open(url, probe.container));
    let (keys, format) = match decodes_keys(probe, demuxer) {
        true => ("-skip_frame nokey", format!(":{FORMAT}")),
        false => ("", String::new()),
    };
    words(&format!(
        "-v error -hide_banner {demuxer} {keys} -select_streams {stream} -show_entries \
         packet=pts,dts,duration,pos,size,flags{format}:stream=time_base,has_b_frames \
         -of compact=print_section=1:nokey=0 {input}"
    ))
}

/// Key pictures whose format is compared at once, if the file has tables.
const COMPARED: usize = 16;

/// Decodes some key pictures, spread over the file, and compares their formats. If one differs, those before it follow until
/// the first one that differs is known.
async fn compare_formats(
    tools: &Tools,
    url: &str,
    probe: &VideoSource<'_>,
    index: &PacketIndex,
) -> Result<(), MediaError> {
    let mut keys: Vec<i64> = index
        .packets
        .iter()
        .filter(|p| p.key)
        .map(|p| p.pts)
        .collect();
    keys.sort_unstable();
    let first = index.packets.iter().map(|p| p.pts).min().unwrap_or(0);
    let mut keys = keys.as_slice();
    loop {
        let last = keys.len().saturating_sub(1);
        let mut places: Vec<usize> = (0..=COMPARED).map(|n| last * n / COMPARED).collect();
        places.dedup();
        let compared: Vec<i64> = places
            .iter()
            .filter_map(|place| keys.get(*place).copied())
            .collect();
        let rows = formats(tools, url, probe, index.time_base, &compared).await?;
        let changed = rows
            .changed_at()
            .and_then(|pts| compared.iter().position(|key| *key == pts));
        let closer =
            changed.and_then(|at| keys.get(*places.get(at.checked_sub(1)?)?..=*places.get(at)?));
        match closer {
            Some(closer) if closer.len() > 2 && closer.len() < keys.len() => keys = closer,
            _ => return rows.check_format(first, index.time_base),
        }
    }
}

/// The formats of the key pictures at these times.
async fn formats(
    tools: &Tools,
    url: &str,
    probe: &VideoSource<'_>,
    time_base: (u32, u32),
    keys: &[i64],
) -> Result<PacketRows, MediaError> {
    let (num, den) = (i128::from(time_base.0), i128::from(time_base.1));
    let micros = |pts: &i64| decimal_micros(i128::from(*pts) * num * 1_000_000 / den.max(1));
    let intervals: Vec<String> = keys
        .iter()
        .map(|pts| format!("{}%+#1", micros(pts)))
        .collect();
    let (stream, intervals) = (probe.video.index, intervals.join(","));
    let input = input::open(url, probe.container);
    let args = words(&format!(
        "-v error -hide_banner -skip_frame nokey -select_streams {stream} -read_intervals {intervals} \
         -show_entries {FORMAT} -of compact=print_section=1:nokey=0 {input}"
    ));
    let mut rows = PacketRows::default();
    run_ffprobe(tools, args, |line| rows.read(line)).await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MemoryStore, ffmpeg, serve_store, tools};

    /// Makes two parts by the reference ffmpeg and joins them without encoding; returns what indexing the result reports.
    async fn joined(parts: [&str; 2], suffix: &str) -> Result<Indexed, MediaError> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (part, name) in parts.iter().zip(["a", "b"]) {
            ffmpeg(folder.path(), &format!("{part} {name}.{suffix}"));
        }
        let list = format!("file a.{suffix}\nfile b.{suffix}\n");
        std::fs::write(at("list"), list).unwrap();
        ffmpeg(
            folder.path(),
            &format!("-f concat -i list -c copy film.{suffix}"),
        );
        let (store, probe) = probed(&at(&format!("film.{suffix}"))).await;
        read_index(&tools(), store.clone(), &store.pin(), &probe).await
    }

    /// A file in a store, and its facts.
    pub(super) async fn probed(file: &std::path::Path) -> (Arc<MemoryStore>, Probe) {
        let content = std::fs::read(file).unwrap();
        let container = Container::sniff(&content).unwrap();
        let store = MemoryStore::new(content);
        let proxy = serve_store(store.clone()).await;
        let probe = crate::probe(&tools(), &proxy.url(), container, None).await;
        (store, probe.unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_format_that_changes_midway_is_refused_with_its_time() {
        let part = |size: &str, more: &str| {
            format!("-f lavfi -i testsrc2=size={size}:rate=25 -frames:v 50 {more}")
        };
        const AVC: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25";
        const MPEG2: &str = "-c:v mpeg2video -q:v 3 -aspect";
        const PRORES: &str = "-c:v prores_ks -profile:v 0";
        let cases = [
            ("ts", part("320x180", AVC), part("160x90", AVC), "160x90"),
            (
                "ts",
                part("320x180", &format!("{MPEG2} 4:3")),
                part("320x180", &format!("{MPEG2} 16:9")),
                "ratio 1:1",
            ),
            (
                "ts",
                part("320x180", AVC),
                part("320x180", "-c:v libx264 -preset ultrafast -pix_fmt yuv422p"),
                "yuv422p",
            ),
            (
                "mov",
                part("320x180", PRORES),
                part("160x90", PRORES),
                "160x90",
            ),
        ];
        for (suffix, a, b, found) in cases {
            let Err(error) = joined([&a, &b], suffix).await else {
                panic!("{suffix}: {found} is accepted");
            };
            assert_eq!(
                error.name(),
                reelsmith_contract::ErrorName::PictureUnsupported,
                "{error}"
            );
            let text = error.to_string();
            let time = ["00:00:01.9", "00:00:02.0"]
                .iter()
                .any(|t| text.contains(t));
            assert!(text.contains(found) && time, "{suffix}: {text}");
        }
        let same = part("320x180", AVC);
        let indexed = joined([&same, &same], "ts").await.unwrap();
        assert_eq!(indexed.index.packets.len(), 100);
        assert!((3_900_000..=4_100_000).contains(&indexed.index.duration_us().unwrap()));
    }
}
