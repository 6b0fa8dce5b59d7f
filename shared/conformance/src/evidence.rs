//! Facts that the objects themselves do not contain: who made them, from what, and what only decoding finds.

use std::collections::BTreeMap;

use reelsmith_core::caption_comparison::CaptionComparison;
use reelsmith_core::comparison::PictureComparison;
use reelsmith_core::ladder::SoundTolerances;
use reelsmith_core::probe::Seconds;
use reelsmith_core::sound::SoundComparison;
use reelsmith_core::time::{FrameCount, FrameRange, FrameRate};
use reelsmith_core::units::Resolution;
use reelsmith_core::warning::Warning;

/// Facts that a caller may supply. A rule without its facts is not judged, and the report lists it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Who made the output, according to the records of the job (PIP-01).
    pub provenance: Option<Provenance>,
    /// Display size of the source (HLS-M25).
    pub source: Option<Resolution>,
    /// Loudness of the audio renditions (SEG-16).
    pub levels: Vec<AudioLevel>,
    /// Comparisons of the audio renditions with the source (SRC-03 to SRC-05).
    pub sounds: Vec<SoundEvidence>,
    /// Comparisons of the caption renditions with their sources, by folder (SRC-06).
    pub captions: BTreeMap<String, CaptionComparison>,
    /// Pictures compared with the mezzanine's (SRC-01, SRC-02, SEG-17).
    pub pictures: Option<Pictures>,
    /// Black, frozen and silent runs (SEG-18).
    pub dead: Option<Dead>,
    /// The report of an earlier check (PIP-03).
    pub report: Option<ReportFacts>,
    /// Deviations from the delivery, which the report lists.
    pub warnings: Vec<Warning>,
}

/// What a record states about the job that made it. `None` if it states nothing; only stated facts are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub job_key: Option<String>,
    pub generation: Option<u32>,
    /// A checksum of the mezzanine with its algorithm, for example `md5:…`.
    pub mezzanine: Option<String>,
    /// Hash of the encoding profile.
    pub profile: Option<String>,
    pub encoder_build: Option<String>,
}

/// The identity of the job, and what each record states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    pub job: Identity,
    /// The records, by key.
    pub records: BTreeMap<String, Identity>,
}

/// Loudness of an audio rendition by EBU R 128, in hundredths of LUFS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// Folder of the rendition.
    pub rendition: String,
    /// Integrated loudness; `None` for silence.
    pub integrated: Option<i32>,
    /// The target of the profile.
    pub target: i32,
}

/// An audio rendition compared with the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundEvidence {
    /// Folder of the rendition.
    pub rendition: String,
    pub comparison: SoundComparison,
    /// The limits of the profile.
    pub tolerances: SoundTolerances,
    /// What the encode measured; `None` if an encoding service made the rendition.
    pub encode: Option<EncodeLevel>,
    /// Address of the mezzanine.
    pub source: String,
    /// When the programme starts on the mezzanine's timeline.
    pub start_ms: i64,
}

/// The level of an encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeLevel {
    /// Integrated loudness of the encoded file in hundredths of LUFS; `None` for silence.
    pub integrated: Option<i32>,
    /// The ceiling of the profile in hundredths of dBTP.
    pub ceiling: i32,
}

/// Why rules about the comparison with the mezzanine are not judged.
pub(crate) const NOT_COMPARED: &str = "the output was not compared with the mezzanine";

/// The pictures of a job, compared with the mezzanine's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    /// Address of the mezzanine.
    pub source: String,
    /// Index of its video stream.
    pub stream: u32,
    /// When the programme starts on the mezzanine's timeline, in microseconds.
    pub start_us: i64,
    pub frame_rate: FrameRate,
    /// Frames of all video renditions together, by the plan.
    pub expected_frames: u64,
    pub chunks: Vec<ChunkPictures>,
}

impl Pictures {
    /// The time and the number of a frame, for people.
    pub(crate) fn place(&self, frame: u64) -> String {
        let millis = Seconds::of_frame(FrameCount(frame), self.frame_rate).micros() / 1_000;
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03} (frame {frame})")
    }
}

/// The pictures of a chunk of one rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkPictures {
    /// Folder of the rendition.
    pub rendition: String,
    /// Index of the chunk from 0.
    pub chunk: u32,
    /// Its frames by the plan.
    pub frames: FrameRange,
    pub comparison: PictureComparison,
}

/// Runs of dead media in the source and in the output, on one timeline that starts at 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dead {
    pub source: Vec<DeadRun>,
    pub output: Vec<DeadRun>,
}

/// A run of black or frozen pictures, or of silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadRun {
    /// `black`, `frozen` or `silent`.
    pub kind: String,
    /// Folder of the rendition; empty for the source.
    pub rendition: String,
    pub start_ms: u64,
    pub end_ms: u64,
}

/// The report of an earlier check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportFacts {
    /// Key of the stored report, if there is one.
    pub stored: Option<String>,
    /// For each announcement of the job, the key of the report that it references.
    pub announced: Vec<Option<String>>,
}
