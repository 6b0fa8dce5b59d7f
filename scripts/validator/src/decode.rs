//! Decoding the media of a package with ffmpeg, for rule SEG-18.
//!
//! The media are copied in batches of a few segments into a temporary folder, so that a film needs little space and an error
//! is attributed to its segment: if a batch has errors, each segment where decoding can start is decoded alone. A folder and
//! a web server are read in the same way.

use std::path::{Path, PathBuf};

use reelsmith_conformance::{DeadRun, Decodable, DecodableSegment, Decoded, Delivery, Part};
use reelsmith_core::ports::{PortError, PortErrorKind};
use reelsmith_media::{DecodeFindings, DecodedStream, MediaError, ProgramFailure, decode};

use crate::documents::EntryDocuments;
use crate::location::Location;

/// Most bytes of one batch, unless one segment is larger.
const MAX_BATCH: u64 = 64 << 20;
/// Most segments of one batch.
const MAX_SEGMENTS: usize = 64;
/// Largest segment that is decoded.
const MAX_SEGMENT: u64 = 512 << 20;
/// Damaged segments of a rendition that are named.
const MAX_NAMED: usize = 10;
/// Shortest run that is reported, in milliseconds.
const SHORTEST: u64 = 2_000;
/// Pauses between runs of two batches that are not one, in milliseconds.
const PAUSE: u64 = 100;

/// Decodes every rendition with `ffmpeg`, and adds what was found to `delivery`.
pub(crate) async fn decode_all(
    ffmpeg: Option<&Path>,
    location: &Location,
    documents: &EntryDocuments,
    delivery: &mut Delivery,
) {
    for media in delivery.decodable() {
        let decoded = match (media.refused, ffmpeg) {
            (Some(reason), _) => Err(reason.to_owned()),
            (None, None) => Err("ffmpeg was not found on PATH; give --ffmpeg".to_owned()),
            (None, Some(ffmpeg)) if !ffmpeg.is_file() => Err(format!(
                "--ffmpeg is no file: {}; give the path of ffmpeg",
                ffmpeg.display()
            )),
            (None, Some(ffmpeg)) => {
                let decoder = Decoder {
                    ffmpeg,
                    location,
                    documents,
                    delivery,
                };
                decoder.rendition(&media).await
            }
        };
        delivery.decoded.insert(media.rendition, decoded);
    }
}

struct Decoder<'a> {
    ffmpeg: &'a Path,
    location: &'a Location,
    documents: &'a EntryDocuments,
    delivery: &'a Delivery,
}

impl Decoder<'_> {
    async fn rendition(&self, media: &Decodable) -> Result<Decoded, String> {
        let mut decoded = Decoded::default();
        let mut start = 0;
        for batch in self.batches(&media.segments) {
            let found = self.batch(media, batch).await?;
            let length = batch.iter().map(|s| s.duration_ms).sum::<u64>();
            for (kind, from, to) in found.runs {
                let run = DeadRun {
                    kind: kind.to_owned(),
                    rendition: media.rendition.clone(),
                    start_ms: start + from,
                    end_ms: start + to.unwrap_or(length).max(from),
                };
                add_run(&mut decoded.runs, run);
            }
            start += length;
            if let Some(first) = found.complaints.first() {
                self.locate(media, batch, first, &mut decoded).await?;
            }
        }
        let black: Vec<DeadRun> = decoded
            .runs
            .iter()
            .filter(|r| r.kind == "black")
            .cloned()
            .collect();
        // A black run is frozen too.
        let within = |r: &DeadRun, b: &DeadRun| {
            b.start_ms <= r.start_ms + PAUSE && r.end_ms <= b.end_ms + PAUSE
        };
        decoded.runs.retain(|r| {
            let known = r.kind == "frozen" && black.iter().any(|b| within(r, b));
            r.end_ms - r.start_ms >= SHORTEST && !known
        });
        Ok(decoded)
    }

    /// Runs of segments that start where decoding can start and have one init segment.
    fn batches<'s>(&self, segments: &'s [DecodableSegment]) -> Vec<&'s [DecodableSegment]> {
        let (mut batches, mut from, mut bytes) = (Vec::new(), 0, 0u64);
        for (at, segment) in segments.iter().enumerate() {
            let size = self.delivery.size_of(&segment.part).unwrap_or(0);
            let full = at - from >= MAX_SEGMENTS || bytes.saturating_add(size) > MAX_BATCH;
            let other = segments.get(from).is_some_and(|f| f.init != segment.init);
            if at > from && ((full && segment.is_independent) || other) {
                batches.extend(segments.get(from..at));
                (from, bytes) = (at, 0);
            }
            bytes = bytes.saturating_add(size);
        }
        batches.extend(segments.get(from..));
        batches
    }

    /// Names the segments of a batch that have errors.
    async fn locate(
        &self,
        media: &Decodable,
        batch: &[DecodableSegment],
        complaint: &str,
        decoded: &mut Decoded,
    ) -> Result<(), String> {
        let known = decoded.complaints.len();
        for segment in batch.iter().filter(|s| s.is_independent) {
            if decoded.complaints.len() >= MAX_NAMED {
                return Ok(());
            }
            let found = self.batch(media, std::slice::from_ref(segment)).await?;
            let first = found.complaints.into_iter().next();
            let named = first.map(|complaint| (Some(segment.number), complaint));
            decoded.complaints.extend(named);
        }
        if decoded.complaints.len() == known {
            let only = batch.first().filter(|_| batch.len() == 1);
            let complaint = (only.map(|s| s.number), complaint.to_owned());
            decoded.complaints.push(complaint);
        }
        Ok(())
    }

    async fn batch(
        &self,
        media: &Decodable,
        batch: &[DecodableSegment],
    ) -> Result<DecodeFindings, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let file = folder.path().join("media");
        let demuxer = self.copy(batch, &file).await?;
        let streams: &[DecodedStream] = match media.has_video {
            // MPEG-TS has both in one file.
            true => &[DecodedStream::Video, DecodedStream::Audio],
            false => &[DecodedStream::Audio],
        };
        let mut all = DecodeFindings::default();
        for stream in streams {
            let found = decode(self.ffmpeg, folder.path(), "media", demuxer, *stream).await;
            let found = found.map_err(|e| failure(&e))?;
            all.complaints.extend(found.complaints);
            all.runs.extend(found.runs);
        }
        Ok(all)
    }

    /// Writes a batch with its init segment to a file. Returns the demuxer for it.
    async fn copy(&self, batch: &[DecodableSegment], to: &Path) -> Result<&'static str, String> {
        use tokio::io::AsyncWriteExt as _;
        let mut file = tokio::fs::File::create(to)
            .await
            .map_err(|e| e.to_string())?;
        let init = batch.first().and_then(|s| s.init.as_ref());
        for part in init.into_iter().chain(batch.iter().map(|s| &s.part)) {
            let bytes = self.read(part).await.map_err(|e| e.to_string())?;
            file.write_all(&bytes).await.map_err(|e| e.to_string())?;
        }
        file.flush().await.map_err(|e| e.to_string())?;
        let path = batch.first().map_or("", |s| s.part.path.as_str());
        Ok(
            match path.rsplit_once('.').map(|(_, extension)| extension) {
                _ if init.is_some() => "mov",
                Some("aac") => "aac",
                Some("ac3") => "ac3",
                Some("ec3") => "eac3",
                _ => "mpegts",
            },
        )
    }

    async fn read(&self, part: &Part) -> Result<bytes::Bytes, PortError> {
        let size = self.delivery.size_of(part).unwrap_or(0);
        if size > MAX_SEGMENT {
            let detail = format!("{part} has {size} bytes");
            return Err(PortError::new(PortErrorKind::Invalid, detail));
        }
        let real = self
            .documents
            .names
            .get(part.path.as_str())
            .cloned()
            .flatten();
        let path = real.unwrap_or_else(|| part.path.clone());
        let objects = &self.location.objects;
        let object = objects.at(&format!("{}{path}", self.documents.prefix));
        match part.range {
            None => objects.store().get(&object, MAX_SEGMENT).await,
            Some((start, length)) => {
                let pin = objects.store().head(&object).await?.pin;
                let end = start.saturating_add(length);
                objects.store().get_range(&pin, start, end).await
            }
        }
    }
}

/// Adds a run, joined with the one before it in time of the same kind.
fn add_run(runs: &mut Vec<DeadRun>, run: DeadRun) {
    let last = runs.iter_mut().rfind(|r| r.kind == run.kind);
    match last.filter(|r| run.start_ms <= r.end_ms + PAUSE) {
        Some(last) => last.end_ms = last.end_ms.max(run.end_ms),
        None => runs.push(run),
    }
}

/// Why ffmpeg failed, in one line.
fn failure(error: &MediaError) -> String {
    let text = match error {
        MediaError::Program {
            failure: ProgramFailure::Exit { stderr, .. },
            ..
        } => stderr.lines().next().unwrap_or_default().to_owned(),
        MediaError::Program { failure, .. } => failure.to_string(),
        other => other.to_string(),
    };
    format!("ffmpeg cannot decode it: {text}")
}

/// The program `ffmpeg` of `PATH`.
#[expect(
    clippy::disallowed_methods,
    reason = "an option of the command line that is not given"
)]
pub(crate) fn ffmpeg_of_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut programs = std::env::split_paths(&path).map(|folder| folder.join("ffmpeg"));
    programs.find(|program| program.is_file())
}
