//! Comparing a finished rendition with its source, apart from the encode.
//!
//! The source is decoded again by a plain command for each of its streams, without the graph of the encode: placing the sound
//! on the timeline, joining the channels of a channel map and mixing them are done here and in [`reelsmith_sound`]. The
//! rendition is decoded from its published bytes, and its edit list is applied here, as players do.

use std::collections::VecDeque;

use bytes::Bytes;
use futures::future::{join, try_join_all};
use reelsmith_core::sound::SoundComparison;
use reelsmith_isobmff::{Init, fragments};
use reelsmith_sound::{Analyser, Mix, Piece, SourceTrack, Timeline, Treatment, compare};
use tokio::sync::mpsc;

use super::AudioTask;
use super::argv::start_sample;
use crate::command::{Command, words};
use crate::error::MediaError;
use crate::input;
use crate::process::{Limits, PcmFrame, run_pcm};
use crate::tools::Tools;

/// The published bytes of an audio rendition.
#[derive(Clone, Copy, Debug)]
pub struct PublishedSound<'a> {
    pub init: &'a Bytes,
    /// In order.
    pub segments: &'a [Bytes],
}

/// Name of the published bytes in the task's folder.
const PUBLISHED: &str = "published.mp4";
/// Frames that wait for the comparison.
const QUEUE: usize = 64;
/// Channels of 5.1.
const SURROUND: u32 = 6;

/// Compares the published bytes of a rendition with an independent decode of its source; also returns the processor time in
/// milliseconds.
///
/// # Errors
/// [`MediaError::Output`] if the bytes are not a track with the planned rate and channels, and the errors of
/// [`run`](crate::process::run). Differences of the sound are no error.
pub async fn compare_sound(
    tools: &Tools,
    task: &AudioTask,
    published: PublishedSound<'_>,
    treatment: Treatment,
    limits: &Limits,
) -> Result<(SoundComparison, u64), MediaError> {
    let presentation = Presentation::read(task, published)?;
    let file = task.directory.join(PUBLISHED);
    let parts: Vec<&[u8]> = std::iter::once(published.init)
        .chain(published.segments)
        .map(|part| &part[..])
        .collect();
    let written = tokio::fs::write(&file, parts.concat()).await;
    written.map_err(MediaError::io("writing the published sound to a file"))?;
    let (source, source_ms) = Box::pin(read_source(tools, task, limits)).await?;
    let mut analyser = Analyser::rendition(&source);
    let stream = Stream {
        command: Command::new(&tools.ffmpeg, rendition_argv()).within(&task.directory),
        channels: task.rendition.channels as usize,
        start: presentation.media_start,
        least: 0,
    };
    let add = |pieces: Vec<Piece>| pieces.iter().for_each(|piece| analyser.add(piece));
    let rendition_ms = Box::pin(decode(vec![stream], task.rendition.samples, limits, add)).await?;
    let removed = tokio::fs::remove_file(&file).await;
    removed.map_err(MediaError::io("removing the file of the published sound"))?;
    let (planned, stream) = (task.rendition.samples, task.rendition.stream);
    let rendition = analyser.finish_rendition();
    let presented = presentation.samples;
    let found = compare(&source, &rendition, treatment, stream, planned, presented);
    Ok((found, source_ms + rendition_ms))
}

/// What the boxes of a rendition state.
struct Presentation {
    /// Samples that the edit list removes.
    media_start: i64,
    /// Samples that are presented.
    samples: u64,
}

impl Presentation {
    fn read(task: &AudioTask, published: PublishedSound<'_>) -> Result<Self, MediaError> {
        let track = &task.rendition;
        let bad = |found: String| MediaError::output(&track.path, "a CMAF audio track", found);
        let init = Init::read(published.init).map_err(|fault| bad(fault.to_string()))?;
        if (init.timescale, init.channels) != (track.sample_rate, track.channels) {
            let expected = format!("{} channels at {} Hz", track.channels, track.sample_rate);
            let found = format!("{} at {} Hz", init.channels, init.timescale);
            return Err(MediaError::output(&track.path, expected, found));
        }
        let mut end = 0;
        for segment in published.segments {
            let (fragments, faults) = fragments(segment, &init.defaults);
            if let Some(fault) = faults.first() {
                return Err(bad(fault.to_string()));
            }
            end = fragments.iter().map(|f| f.end()).fold(end, u64::max);
        }
        let media_start = init.media_start();
        Ok(Self {
            media_start,
            samples: end.saturating_sub(u64::try_from(media_start).unwrap_or(0)),
        })
    }
}

/// A stream to decode, and how its sound is placed.
struct Stream {
    command: Command,
    channels: usize,
    /// The start of the programme in samples of the stream's timeline.
    start: i64,
    /// Jumps of its times that are ignored, in samples.
    least: u64,
}

/// Decodes and reduces the source, mixed to the channels of the rendition.
async fn read_source(
    tools: &Tools,
    task: &AudioTask,
    limits: &Limits,
) -> Result<(SourceTrack, u64), MediaError> {
    let track = &task.rendition;
    let channels = track.channels as usize;
    let plan = SourcePlan::new(task);
    let mut analyser = Analyser::source(track.sample_rate, channels, track.samples);
    let least = task.least_jump_ms * u64::from(track.sample_rate) / 1_000;
    let streams = plan.streams.iter().map(|stream| Stream {
        command: Command::new(&tools.ffmpeg, stream.argv(task)),
        channels: stream.channels,
        start: start_sample(task),
        least,
    });
    let add = |pieces| analyser.add(&plan.mixed(pieces));
    let cpu_ms = decode(streams.collect(), track.samples, limits, add).await?;
    Ok((analyser.finish_source(), cpu_ms))
}

/// Decodes streams side by side to the end of a programme of `total` samples. `add` receives pieces of equal length, one of
/// each stream.
async fn decode(
    streams: Vec<Stream>,
    total: u64,
    limits: &Limits,
    mut add: impl FnMut(Vec<Piece>),
) -> Result<u64, MediaError> {
    let mut runs = Vec::new();
    let mut queues = Vec::new();
    for stream in streams {
        let (sender, receiver) = mpsc::channel(QUEUE);
        queues.push(Queue {
            receiver,
            timeline: Timeline::new(stream.channels, total, stream.least),
            start: stream.start,
            channels: stream.channels,
            pieces: VecDeque::new(),
        });
        runs.push(async move { run_pcm(&stream.command, limits, sender).await });
    }
    let consumed = async {
        'programme: loop {
            for queue in &mut queues {
                if !queue.fill().await {
                    break 'programme;
                }
            }
            let lengths = queues.iter().filter_map(|q| q.pieces.front());
            let Some(length) = lengths.map(|piece| piece.length).min() else {
                break;
            };
            add(queues.iter_mut().filter_map(|q| q.take(length)).collect());
        }
        // The programs end early if nobody wants the rest.
        drop(queues);
    };
    let (finished, ()) = join(try_join_all(runs), consumed).await;
    Ok(finished?.iter().map(|run| run.cpu_ms).sum())
}

/// The pieces of one stream that wait for those of the others.
struct Queue {
    receiver: mpsc::Receiver<PcmFrame>,
    timeline: Timeline,
    start: i64,
    channels: usize,
    pieces: VecDeque<Piece>,
}

impl Queue {
    /// Waits until there is a piece; false at the end of the programme.
    async fn fill(&mut self) -> bool {
        while self.pieces.is_empty() && !self.timeline.is_complete() {
            match self.receiver.recv().await {
                Some(frame) => {
                    let time = frame.time.saturating_sub(self.start);
                    let placed = self.timeline.place(time, frame.sound);
                    self.pieces.extend(placed.into_iter().flatten());
                }
                None => self.pieces.extend(self.timeline.finish()),
            }
        }
        !self.pieces.is_empty()
    }

    /// The first `length` samples of its first piece.
    fn take(&mut self, length: u64) -> Option<Piece> {
        let first = self.pieces.front_mut()?;
        if first.length > length {
            return Some(first.split(length, self.channels));
        }
        self.pieces.pop_front()
    }
}

/// Which streams of the mezzanine are decoded, and how they become the channels of the rendition.
struct SourcePlan {
    streams: Vec<SourceStream>,
    /// For each input of the mix its stream, as an index of `streams`, and its channel in what is decoded of it.
    inputs: Vec<(usize, usize)>,
    mix: Mix,
}

/// A stream of the mezzanine.
struct SourceStream {
    index: u32,
    /// The channels that are decoded of it; empty for all of them in the layout of `channels`.
    picked: Vec<u32>,
    channels: usize,
}

impl SourcePlan {
    fn new(task: &AudioTask) -> Self {
        let track = &task.rendition;
        let outputs = track.channels as usize;
        if track.map.is_empty() {
            // ffmpeg makes stereo of mono, and 5.1 of every other layout; see the encode for the same.
            let channels = if task.source_channels > 2 || track.channels == SURROUND {
                SURROUND as usize
            } else {
                2
            };
            let stream = SourceStream {
                index: track.stream,
                picked: Vec::new(),
                channels,
            };
            return Self {
                streams: vec![stream],
                inputs: (0..channels).map(|channel| (0, channel)).collect(),
                mix: Mix::new(channels, outputs),
            };
        }
        let mut streams: Vec<SourceStream> = Vec::new();
        let mut inputs = Vec::new();
        for mapped in &track.map {
            let known = streams.iter().position(|s| s.index == mapped.stream);
            let at = known.unwrap_or(streams.len());
            if known.is_none() {
                streams.push(SourceStream {
                    index: mapped.stream,
                    picked: Vec::new(),
                    channels: 0,
                });
            }
            if let Some(stream) = streams.get_mut(at) {
                inputs.push((at, stream.picked.len()));
                stream.picked.push(mapped.channel);
                stream.channels += 1;
            }
        }
        Self {
            mix: Mix::new(inputs.len(), outputs),
            streams,
            inputs,
        }
    }

    /// Joins and mixes pieces of equal length, one of each stream.
    fn mixed(&self, mut pieces: Vec<Piece>) -> Piece {
        let length = pieces.first().map_or(0, |piece| piece.length);
        if pieces.iter().all(|piece| piece.sound.is_none()) {
            return Piece::silence(length);
        }
        let sound = match (pieces.pop(), pieces.is_empty()) {
            (
                Some(Piece {
                    sound: Some(only), ..
                }),
                true,
            ) => only,
            (last, _) => {
                pieces.extend(last);
                self.joined(&pieces, length)
            }
        };
        Piece {
            length,
            sound: Some(self.mix.apply(sound)),
        }
    }

    fn joined(&self, pieces: &[Piece], length: u64) -> Vec<f32> {
        let length = usize::try_from(length).unwrap_or(0);
        let mut joined = vec![0.0; length.saturating_mul(self.inputs.len())];
        for (n, (stream, channel)) in self.inputs.iter().enumerate() {
            let sound = pieces.get(*stream).and_then(|piece| piece.sound.as_deref());
            let channels = self.streams.get(*stream).map_or(1, |s| s.channels.max(1));
            let samples = sound.unwrap_or_default().iter().skip(*channel);
            let places = joined.iter_mut().skip(n).step_by(self.inputs.len().max(1));
            for (place, sample) in places.zip(samples.step_by(channels)) {
                *place = *sample;
            }
        }
        joined
    }
}

impl SourceStream {
    /// Arguments of ffmpeg for a plain decode with the time of every frame.
    fn argv(&self, task: &AudioTask) -> Vec<String> {
        let mezzanine = input::open(&task.url, task.container);
        let rate = task.rendition.sample_rate;
        let filter = if self.picked.is_empty() {
            let layout = if self.channels == SURROUND as usize {
                "5.1"
            } else {
                "stereo"
            };
            format!("aformat=sample_fmts=flt:sample_rates={rate}:channel_layouts={layout}")
        } else {
            let picked = self.picked.iter().enumerate();
            let picked: Vec<String> = picked
                .map(|(n, channel)| format!("c{n}=c{channel}"))
                .collect();
            let picked = picked.join("|");
            format!(
                "aformat=sample_fmts=flt:sample_rates={rate},pan={}c|{picked}",
                self.channels
            )
        };
        let index = self.index;
        words(&format!(
            "{BEGIN} -copyts {mezzanine} -map 0:{index} -vn -sn -dn -af {filter} {END}"
        ))
    }
}

/// Arguments of ffmpeg for decoding all access units of the published file, those before its edit list too.
fn rendition_argv() -> Vec<String> {
    words(&format!(
        "{BEGIN} -copyts -ignore_editlist 1 -protocol_whitelist file -format_whitelist mov -f mov -i {PUBLISHED} -map 0:0 {END}"
    ))
}

const BEGIN: &str = "-v error -hide_banner -nostdin -nostats";
/// Samples go to stdout, and the time of each frame to stderr.
const END: &str = "-c:a pcm_f32le -f tee [f=f32le]pipe:1|[f=framecrc:flush_packets=1]pipe:2";
