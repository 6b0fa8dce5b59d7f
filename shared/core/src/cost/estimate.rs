//! The bill of a title: its lines, and the cost of each rung.

use serde::Serialize;

use crate::cost::{Architecture, Item, PriceList, Title, Usd, WorkFigures};
use crate::encoder::EncoderKind;
use crate::ladder::ResolvedRung;

const GB: f64 = 1e9;
const GIB_MB: f64 = 1024.0;
/// State transitions of an execution outside its Maps: twelve tasks, choices, branches, the end.
const TRANSITIONS: f64 = 22.0;
/// State transitions of a Map item: the start of the child and its task.
const TRANSITIONS_OF_ITEM: f64 = 2.0;
/// Invocations of short functions: start, parse, submit, plan, package, publish, clean up, notify.
const SHORT_CALLS: f64 = 8.0;
/// Seconds to the first byte of an object.
const SECONDS_OF_OBJECT: f64 = 0.03;
/// Objects that a function reads in parallel.
const PARALLEL_READS: f64 = 32.0;
/// Requests per output object: a HEAD and a GET for assembly, a HEAD for validation.
const READS_OF_OBJECT: f64 = 3.0;
/// Bytes of log lines of one invocation, START, END and REPORT included.
const LOG_BYTES: f64 = 3000.0;
/// Most thumbnails of a title (docs/images.md).
const MAX_THUMBNAILS: u64 = 720;
/// Ranged reads of a worker for its part of the mezzanine.
const READS_OF_CHUNK: f64 = 12.0;

/// Everything that the cost of a title depends on, apart from the title.
#[derive(Clone, Debug, PartialEq)]
pub struct CostModel {
    pub architecture: Architecture,
    pub encoder: EncoderKind,
    pub prices: PriceList,
    pub work: WorkFigures,
}

impl CostModel {
    /// The prices and figures that ship with reelsmith.
    pub fn new(architecture: Architecture, encoder: EncoderKind) -> Self {
        Self {
            architecture,
            encoder,
            prices: PriceList::us_east_1(),
            work: WorkFigures::measured(),
        }
    }
}

/// One line of the bill.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Line {
    pub item: Item,
    /// In the item's unit.
    pub quantity: f64,
    pub cost: Usd,
}

/// The cost of one rung.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RungCost {
    /// Folder of the rendition, for example `video/h264_720p`.
    pub rendition: String,
    /// Encoding it in Lambda: its share of the workers of its group.
    pub lambda: Usd,
    pub lambda_minute: Usd,
    /// Encoding it with MediaConvert, at list price.
    pub mediaconvert: Usd,
    pub mediaconvert_minute: Usd,
    pub bytes: u64,
    /// Storing it for a month.
    pub storage_month: Usd,
    /// One viewer watching an hour of it through CloudFront.
    pub viewer_hour: Usd,
}

/// The cost of a title.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Region of the price list.
    pub region: String,
    /// Day of the price list.
    pub as_of: String,
    /// The encoder that `total` is for.
    pub encoder: EncoderKind,
    pub minutes: f64,
    /// Everything that is billed once for the job, with this encoder.
    pub lines: Vec<Line>,
    /// The sum of `lines`, which is compared with the cost cap.
    pub total: Usd,
    pub total_minute: Usd,
    /// Seconds of all workers together; 0 for MediaConvert.
    pub worker_seconds: f64,
    /// Each rung, with the cost of both encoders.
    pub rungs: Vec<RungCost>,
    /// All encoding in Lambda, including audio, whichever encoder is used.
    pub lambda: Usd,
    /// All encoding with MediaConvert at list price, including audio, whichever encoder is used.
    pub mediaconvert: Usd,
    /// Size of the deliverables in bytes.
    pub bytes: u64,
    /// Storing the deliverables for a month.
    pub storage_month: Usd,
}

/// Estimates the cost of a title.
pub fn estimate(title: &Title, deployment: &CostModel) -> Estimate {
    let bill = Bill { title, deployment };
    let rungs = bill.rungs();
    let worker_seconds = bill.worker_seconds();
    let minutes = title.seconds() / 60.0;
    let lambda = bill.lambda_lines();
    let mediaconvert = bill.mediaconvert_line();
    let bytes = rungs.iter().map(|r| r.bytes).sum::<u64>() + bill.audio_bytes() as u64;
    let mut lines = bill.common_lines();
    match deployment.encoder {
        EncoderKind::Lambda => lines.extend(lambda.iter().copied()),
        EncoderKind::MediaConvert => lines.push(mediaconvert),
    }
    let lines = merged(&lines);
    let total: Usd = lines.iter().map(|l| l.cost).sum();
    Estimate {
        region: deployment.prices.region.clone(),
        as_of: deployment.prices.as_of.clone(),
        encoder: deployment.encoder,
        minutes,
        total_minute: per_minute(total, minutes),
        total,
        lines,
        worker_seconds: match deployment.encoder {
            EncoderKind::Lambda => worker_seconds,
            EncoderKind::MediaConvert => 0.0,
        },
        rungs,
        lambda: lambda.iter().map(|l| l.cost).sum(),
        mediaconvert: mediaconvert.cost,
        bytes,
        storage_month: deployment.prices.of(Item::S3Storage, bytes as f64 / GB),
    }
}

fn per_minute(cost: Usd, minutes: f64) -> Usd {
    Usd(if minutes > 0.0 { cost.0 / minutes } else { 0.0 })
}

/// One line for each item, in the items' order.
fn merged(lines: &[Line]) -> Vec<Line> {
    let of = |item: &Item| {
        let same = lines.iter().filter(|l| l.item == *item);
        let line = same.fold((0.0, Usd::default()), |(q, c), l| {
            (q + l.quantity, Usd(c.0 + l.cost.0))
        });
        (line.0 > 0.0).then_some(Line {
            item: *item,
            quantity: line.0,
            cost: line.1,
        })
    };
    Item::ALL.iter().filter_map(of).collect()
}

/// Image files: sheets of a hundred thumbnails, the poster, and the WebVTT track.
fn image_files(pictures: f64) -> f64 {
    (pictures / 100.0).ceil() + 2.0
}

struct Bill<'a> {
    title: &'a Title,
    deployment: &'a CostModel,
}

impl Bill<'_> {
    fn line(&self, item: Item, quantity: f64) -> Line {
        Line {
            item,
            quantity,
            cost: self.deployment.prices.of(item, quantity),
        }
    }

    /// Memory and /tmp of a function that runs for some seconds.
    fn running(&self, function: &str, seconds: f64) -> [Line; 2] {
        let size = self.deployment.work.size(function);
        let memory = f64::from(size.memory_mb) / GIB_MB * seconds;
        let tmp = (f64::from(size.tmp_mb) - 512.0).max(0.0) / GIB_MB * seconds;
        [
            self.line(self.deployment.architecture.memory(), memory),
            self.line(Item::LambdaTmp, tmp),
        ]
    }

    fn group(&self, group: &[usize]) -> Vec<&ResolvedRung> {
        group.iter().map(|i| &self.title.rungs[*i]).collect()
    }

    /// Seconds of all workers of one rung group.
    fn group_seconds(&self, group: &[usize]) -> f64 {
        let (title, work) = (self.title, &self.deployment.work);
        let chunks = title.chunks.max(1) as f64;
        let frames = title.frames.0 as f64 / chunks;
        let lead_in = work.lead_in_frames(title.frame_rate);
        chunks * work.group_seconds(&self.group(group), title.source, frames, lead_in)
    }

    fn worker_seconds(&self) -> f64 {
        self.title
            .groups
            .iter()
            .map(|g| self.group_seconds(g))
            .sum()
    }

    fn audio_bytes(&self) -> f64 {
        self.title.audio_rate.0 as f64 / 8.0 * self.title.seconds()
    }

    fn rung_bytes(&self, rung: &ResolvedRung) -> f64 {
        self.deployment.work.bytes_of(rung, self.title.seconds())
    }

    /// What is billed with either encoder: events, states, the table, hashing, validation, publication, logs.
    fn common_lines(&self) -> Vec<Line> {
        let work = &self.deployment.work;
        let title = self.title;
        let renditions = title.renditions() as f64;
        let objects = self.segment_objects();
        let output: f64 =
            title.rungs.iter().map(|r| self.rung_bytes(r)).sum::<f64>() + self.audio_bytes();
        let pass = |bytes: f64| bytes / work.bytes_per_second + work.invocation_s;
        let mut lines = Vec::new();
        lines.extend(self.running("validate_input", 2.0 * work.invocation_s));
        lines.extend(self.running("verify_mezzanine", pass(title.mezzanine.0 as f64)));
        let assembly = renditions * work.invocation_s + output / work.bytes_per_second;
        lines.extend(self.running("assemble_rendition", assembly));
        let looked_at = objects * SECONDS_OF_OBJECT / PARALLEL_READS;
        lines.extend(self.running("validate_output", looked_at + work.invocation_s));
        let pictures = title.segments().min(MAX_THUMBNAILS) as f64;
        let files = image_files(pictures);
        lines.extend(self.running(
            "make_images",
            pictures * work.thumbnail_s + work.invocation_s,
        ));
        let reads = READS_OF_OBJECT * objects + 2.0 * renditions + 30.0 + pictures;
        lines.extend(self.running("parse_manifest", SHORT_CALLS * work.invocation_s));
        lines.extend([
            self.line(Item::LambdaRequest, SHORT_CALLS + 4.0),
            self.line(Item::StatesTransition, TRANSITIONS),
            self.line(Item::DynamodbWrite, 12.0),
            self.line(Item::DynamodbRead, 8.0),
            self.line(Item::S3Put, objects + 2.0 * renditions + 12.0 + files),
            self.line(Item::S3Get, reads + files),
            self.line(Item::SqsRequest, 3.0),
            self.line(Item::SnsPublish, 1.0),
            self.line(Item::LogsIngest, (SHORT_CALLS + 4.0) * LOG_BYTES / GB),
        ]);
        lines
    }

    /// Init and media segments of all renditions.
    fn segment_objects(&self) -> f64 {
        self.title.renditions() as f64 * (self.title.segments() as f64 + 1.0)
    }

    /// What is billed for encoding in Lambda functions, including audio and records.
    fn lambda_lines(&self) -> Vec<Line> {
        let (title, work) = (self.title, &self.deployment.work);
        let items = title.chunks as f64 * title.groups.len() as f64;
        let renditions = title.renditions() as f64;
        let audio = work.audio_seconds(title.seconds(), title.sound) + work.invocation_s;
        let calls = items + (title.audio + title.text) as f64 + renditions;
        let mut lines = Vec::new();
        lines.extend(self.running("transcode_chunk", self.worker_seconds()));
        lines.extend(self.running("encode_audio", title.audio as f64 * audio));
        lines.extend([
            self.line(Item::LambdaRequest, calls),
            self.line(Item::StatesTransition, calls * TRANSITIONS_OF_ITEM),
            self.line(Item::S3Put, calls),
            self.line(Item::S3Get, items * READS_OF_CHUNK + calls * 2.0),
            self.line(Item::LogsIngest, calls * LOG_BYTES / GB),
        ]);
        lines
    }

    fn mediaconvert_minutes(&self, factor: f64) -> f64 {
        let shortest = self.deployment.prices.mediaconvert.shortest_s;
        self.title.seconds().max(shortest) / 60.0 * factor
    }

    fn rung_minutes(&self, rung: &ResolvedRung) -> f64 {
        let factors = &self.deployment.prices.mediaconvert;
        let factor = factors.of(rung.codec, rung.resolution, self.title.frame_rate);
        self.mediaconvert_minutes(factor)
    }

    fn mediaconvert_line(&self) -> Line {
        let video: f64 = self.title.rungs.iter().map(|r| self.rung_minutes(r)).sum();
        let audio = self.deployment.prices.mediaconvert.audio.factor;
        let audio = self.title.audio as f64 * self.mediaconvert_minutes(audio);
        self.line(Item::MediaconvertMinute, video + audio)
    }

    fn rungs(&self) -> Vec<RungCost> {
        let title = self.title;
        let shares = title.groups.iter().flat_map(|group| self.shares(group));
        let mut shares: Vec<(usize, Usd)> = shares.collect();
        shares.sort_by_key(|(rung, _)| *rung);
        let cost = |(i, lambda)| self.rung(&title.rungs[i], lambda);
        shares.into_iter().map(cost).collect()
    }

    /// Divides the cost of the workers of a group between its rungs, in proportion to their work.
    fn shares(&self, group: &[usize]) -> Vec<(usize, Usd)> {
        let work = &self.deployment.work;
        let running = self.running("transcode_chunk", self.group_seconds(group));
        let cost: Usd = running.iter().map(|l| l.cost).sum();
        let all: f64 = self
            .group(group)
            .iter()
            .map(|r| work.frame_seconds(r))
            .sum();
        let share = |i: &usize| {
            let own = work.frame_seconds(&self.title.rungs[*i]);
            (*i, Usd(cost.0 * own / all.max(f64::MIN_POSITIVE)))
        };
        group.iter().map(share).collect()
    }

    fn rung(&self, rung: &ResolvedRung, lambda: Usd) -> RungCost {
        let prices = &self.deployment.prices;
        let minutes = self.title.seconds() / 60.0;
        let mediaconvert = prices.of(Item::MediaconvertMinute, self.rung_minutes(rung));
        let bytes = self.rung_bytes(rung);
        let hour = bytes / self.title.seconds().max(1e-9) * 3600.0;
        let segment = self.title.segment_frames.0 as f64 / self.title.frames.0.max(1) as f64;
        let egress = prices.of(Item::CloudfrontEgress, hour / GB);
        let requests = 3600.0 / (segment * self.title.seconds()).max(1e-3);
        RungCost {
            rendition: rung.path(),
            lambda,
            lambda_minute: per_minute(lambda, minutes),
            mediaconvert,
            mediaconvert_minute: per_minute(mediaconvert, minutes),
            bytes: bytes as u64,
            storage_month: prices.of(Item::S3Storage, bytes / GB),
            viewer_hour: Usd(egress.0 + prices.of(Item::CloudfrontRequest, requests).0),
        }
    }
}
