//! The packet index: when every video packet is shown, where decoding can start, and where its bytes are.
//!
//! Times are ffmpeg's own: edit lists, wraps and missing times are its arithmetic, so its demuxer is always the one that
//! is asked. For ISO media it is given the file's tables and no media ([`tables`]); of other containers it reads all.

mod rows;
mod sparse;
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
use crate::process::{self, Limits, Sign};
use crate::proxy::{ProxyOptions, ProxyStats, RangeProxy};
use crate::scan;
use crate::tools::Tools;
pub use tables::complete;
pub use track::track_reads;

use rows::Rows;
use sparse::SparseStore;

/// An index, and what reading it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// The index.
    pub index: PacketIndex,
    /// Bytes read from the store for it.
    pub bytes_read: u64,
}

/// Reads the index of a pinned mezzanine's video stream: from its tables where it has such, else from every packet.
///
/// # Errors
/// [`MediaError::Unindexable`] where a packet has no presentation time; [`MediaError::Unreadable`]; those of the store; and
/// what [`process::run`] reports.
pub async fn read_index(
    tools: &Tools,
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    probe: &Probe,
) -> Result<Indexed, MediaError> {
    let mut spent = 0;
    if probe.container == Container::Mov {
        let read = tables::read(store.clone(), pin).await?;
        spent = read.bytes_read;
        if let Some(mut file) = read.file {
            let located = file.samples(probe.video.index);
            let moov = file.moov;
            let known = std::mem::take(&mut file.known);
            let served = SparseStore::new(pin.clone(), known);
            let served: Arc<dyn ObjectStore> = Arc::new(served);
            let (mut index, _) = walk(tools, served, pin, probe, SPARSE, UNREAD).await?;
            spent += look(tools, store, pin, probe, &mut index).await?;
            index.read = IndexRead::Tables;
            index.tables = moov;
            index.described = is_described(&file, probe, &index);
            index.fragments = file.fragments(pin.size);
            for packet in &mut index.packets {
                packet.bytes = packet.bytes.and_then(|b| located.true_span(b.start));
            }
            let bytes_read = spent;
            return Ok(Indexed { index, bytes_read });
        }
    }
    let scanned = scan_index(tools, store, pin, probe).await?;
    Ok(Indexed {
        bytes_read: spent + scanned.bytes_read,
        ..scanned
    })
}

/// Whether a decoder need not look at many packets before it knows how far frames are reordered. Only H.264 may leave that open, and
/// where frames are stored in the order of display there is nothing to know.
fn is_described(file: &tables::Tables, probe: &Probe, index: &PacketIndex) -> bool {
    let video = &probe.video;
    video.codec != "h264"
        || file.is_described(video.index)
        || index.packets.is_sorted_by_key(|packet| packet.pts)
}

/// Reads every packet, whatever the container has: what [`read_index`] must be equal to.
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
    let (mut index, stats) = walk(tools, store.clone(), pin, probe, all, "").await?;
    let looked = look(tools, store, pin, probe, &mut index).await?;
    Ok(Indexed {
        index,
        bytes_read: stats.bytes_read + looked,
    })
}

/// Zeros cost nothing to have but are sent for nothing.
const SPARSE: ProxyOptions = ProxyOptions {
    budget: None,
    block: 64 << 10,
    read_ahead: 0,
    reads: Vec::new(),
    leaps: false,
    hidden: Vec::new(),
};

async fn walk(
    tools: &Tools,
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    probe: &Probe,
    options: ProxyOptions,
    demuxer: &str,
) -> Result<(PacketIndex, ProxyStats), MediaError> {
    let proxy = RangeProxy::start(store, pin.clone(), options).await?;
    let url = proxy.url();
    let args = index_argv(&url, probe.container, probe.video.index, demuxer);
    let mut rows = Rows::default();
    let run = run(tools, args, |line| rows.read(line)).await;
    proxy.check(run)?;
    Ok((rows.into_index(probe)?, proxy.stats()))
}

/// Looks at a few pictures: how they were scanned, and whether decoding can begin at key frames. Gives the bytes read.
async fn look(
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
    index.scan = proxy.check(scan::judge(tools, &url, probe).await)?;
    let (first, keys) = first_keys(index);
    if matches!(probe.video.codec.as_str(), "h264" | "hevc") && keys.len() > 1 {
        index.gradual = proxy.check(builds_up(tools, &url, probe, first, &keys).await)?;
    }
    Ok(proxy.stats().bytes_read)
}

async fn run(
    tools: &Tools,
    args: Vec<String>,
    line: impl FnMut(&str) -> Result<Sign, MediaError> + Send,
) -> Result<(), MediaError> {
    let command = Command::new(&tools.ffprobe, args);
    let run = process::run(&command, &Limits::indexing(), line).await;
    run.map(|_| ()).map_err(MediaError::of_demuxer)
}

/// Where packets hold nothing, what a parser or decoder would say of them is not to count.
const UNREAD: &str = "-fflags +noparse+nofillin -probesize 32 -analyzeduration 0";

fn index_argv(url: &str, container: Container, stream: u32, demuxer: &str) -> Vec<String> {
    let mut args: Vec<String> = words("-v error -hide_banner").collect();
    args.extend(words(demuxer));
    args.push("-select_streams".to_owned());
    args.push(stream.to_string());
    args.extend(words(
        "-show_entries packet=pts,dts,pos,size,flags:stream=time_base,has_b_frames -of compact=print_section=1:nokey=0",
    ));
    args.extend(input::open(url, container));
    args
}

/// Packets that are decoded at most to look for an intra refresh.
const LOOKED_AT: usize = 300;

/// How many packets reach to the third key frame, and when the key frames among them are shown. Containers flag recovery
/// points as they flag instantaneous refreshes; a stream that uses them does so from its second key frame on.
fn first_keys(index: &PacketIndex) -> (usize, BTreeSet<i64>) {
    let packets = index.packets.iter().take(LOOKED_AT).enumerate();
    let keys = packets.filter(|(_, p)| p.key).take(3);
    let keys: Vec<(usize, i64)> = keys.map(|(place, p)| (place, p.pts)).collect();
    let reach = keys.last().map_or(0, |(place, _)| place + 1);
    (reach, keys.into_iter().map(|(_, pts)| pts).collect())
}

/// Whether key frames are pictures that only begin to build up: such a picture is not coded intra.
async fn builds_up(
    tools: &Tools,
    url: &str,
    probe: &Probe,
    packets: usize,
    keys: &BTreeSet<i64>,
) -> Result<bool, MediaError> {
    let mut args: Vec<String> = words("-v error -hide_banner -select_streams").collect();
    args.push(probe.video.index.to_string());
    args.push("-read_intervals".to_owned());
    args.push(format!("%+#{packets}"));
    args.extend(words(
        "-show_entries frame=pts,pict_type -of compact=print_section=0:nokey=1",
    ));
    args.extend(input::open(url, probe.container));
    let mut found = false;
    let look = |line: &str| {
        let mut fields = line.split('|');
        let pts = fields.next().and_then(|pts| pts.parse().ok());
        let key = pts.is_some_and(|pts| keys.contains(&pts));
        found |= key && matches!(fields.next(), Some("P" | "B"));
        Ok(Sign::Progress)
    };
    run(tools, args, look).await?;
    Ok(found)
}
