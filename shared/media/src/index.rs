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
//! ffprobe -v error -select_streams 0 -show_entries packet=pts,dts,pos,size,flags:stream=time_base,has_b_frames
//!   -of compact=print_section=1:nokey=0 -f mov -i http://127.0.0.1:40123/…/mezzanine
//! packet|pts=3003|dts=1001|size=99|pos=48|flags=K_
//! ```

mod rows;
mod tables;
mod track;

use std::collections::BTreeSet;
use std::sync::Arc;

use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::{IndexRead, PacketIndex, Probe};
use reelsmith_core::sniff::Container;

use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::process::{self, Activity, Limits};
use crate::proxy::{ProxyOptions, RangeProxy, Source, SparseFile};
use crate::scan;
use crate::tools::Tools;
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

/// Reads the index of a pinned mezzanine's video stream, from its tables if it has usable ones, otherwise from all packets.
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
    if probe.container == Container::Mov {
        let read = tables::read(store.clone(), pin).await?;
        bytes_read = read.bytes_read;
        if let Some(mut tables) = read.tables {
            tables.check_samples(probe.video.index, pin.size)?;
            let samples = tables.samples(probe.video.index);
            let moov = tables.moov;
            let known = std::mem::take(&mut tables.known);
            let sparse = Source::Sparse(SparseFile {
                size: pin.size,
                known,
            });
            let (mut index, _) =
                list_packets(tools, sparse, pin, probe, SPARSE, NO_ANALYSIS).await?;
            bytes_read += inspect_pictures(tools, store, pin, probe, &mut index).await?;
            index.read = IndexRead::Tables;
            index.tables = moov;
            index.described = is_described(&tables, probe, &index);
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
fn is_described(tables: &Tables, probe: &Probe, index: &PacketIndex) -> bool {
    let video = &probe.video;
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
    probe: &Probe,
    options: ProxyOptions,
    demuxer: &str,
) -> Result<(PacketIndex, u64), MediaError> {
    let proxy = RangeProxy::start_with(source, pin.clone(), options).await?;
    let url = proxy.url();
    let args = index_argv(&url, probe.container, probe.video.index, demuxer);
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
    probe: &Probe,
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
    let (first, keys) = first_keys(index);
    if matches!(probe.video.codec.as_str(), "h264" | "hevc") && keys.len() > 1 {
        index.gradual = proxy.check(has_gradual_refresh(tools, &url, probe, first, &keys).await)?;
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

fn index_argv(url: &str, container: Container, stream: u32, demuxer: &str) -> Vec<String> {
    let input = input::open(url, container);
    words(&format!(
        "-v error -hide_banner {demuxer} -select_streams {stream} \
         -show_entries packet=pts,dts,pos,size,flags:stream=time_base,has_b_frames -of compact=print_section=1:nokey=0 {input}"
    ))
}

/// Limit of packets that are decoded to detect an intra refresh.
const MAX_INSPECTED: usize = 300;

/// The number of packets up to the third key frame, and the times of the key frames among them. Containers do not
/// distinguish recovery points from IDR pictures; a stream that uses recovery points does so from its second key frame on.
fn first_keys(index: &PacketIndex) -> (usize, BTreeSet<i64>) {
    let packets = index.packets.iter().take(MAX_INSPECTED).enumerate();
    let keys = packets.filter(|(_, p)| p.key).take(3);
    let keys: Vec<(usize, i64)> = keys.map(|(place, p)| (place, p.pts)).collect();
    let reach = keys.last().map_or(0, |(place, _)| place + 1);
    (reach, keys.into_iter().map(|(_, pts)| pts).collect())
}

/// Whether a key frame is the start of a gradual refresh, and thus not an intra picture.
async fn has_gradual_refresh(
    tools: &Tools,
    url: &str,
    probe: &Probe,
    packets: usize,
    keys: &BTreeSet<i64>,
) -> Result<bool, MediaError> {
    let (stream, input) = (probe.video.index, input::open(url, probe.container));
    let args = words(&format!(
        "-v error -hide_banner -select_streams {stream} -read_intervals %+#{packets} -show_entries frame=pts,pict_type \
         -of compact=print_section=0:nokey=1 {input}"
    ));
    let mut found = false;
    let inspect = |line: &str| {
        let mut fields = line.split('|');
        let pts = fields.next().and_then(|pts| pts.parse().ok());
        let key = pts.is_some_and(|pts| keys.contains(&pts));
        found |= key && matches!(fields.next(), Some("P" | "B"));
        Ok(Activity::Progress)
    };
    run_ffprobe(tools, args, inspect).await?;
    Ok(found)
}
