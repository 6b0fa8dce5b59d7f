//! What objects do not tell of themselves: who made them, from what, and what only decoding finds.
//!
//! A caller supplies what it knows. A rule whose evidence is missing judges nothing, and the report says so.

use std::collections::BTreeMap;

use reelsmith_core::units::Resolution;

/// Facts that a caller may supply. Nothing supplied, nothing judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Who made the output, by the records of the job (PIP-01).
    pub provenance: Option<Provenance>,
    /// Display size of the source (HLS-M25).
    pub source: Option<Resolution>,
    /// Loudness of the audio renditions (SEG-16).
    pub levels: Vec<AudioLevel>,
    /// Quality of the chunks of video renditions (SEG-17).
    pub quality: Vec<Quality>,
    /// Runs of dead media, where they were looked for (SEG-18).
    pub dead: Option<Dead>,
    /// What became of the report of an earlier check (PIP-03).
    pub report: Option<ReportFacts>,
}

/// Whose output something is. What a record does not say is `None` and not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Key of the job.
    pub job_key: Option<String>,
    /// Generation of the job.
    pub generation: Option<u32>,
    /// A checksum of the mezzanine, with its name, for example `md5:…`.
    pub mezzanine: Option<String>,
    /// Hash of the encoding profile.
    pub profile: Option<String>,
    /// The encoder that ran.
    pub encoder_build: Option<String>,
}

/// The job's identity, and that which every record states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// What must be.
    pub job: Identity,
    /// What records say, by their key.
    pub records: BTreeMap<String, Identity>,
}

/// Loudness of an audio rendition by EBU R 128, in hundredths of LUFS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// Folder of the rendition.
    pub rendition: String,
    /// Integrated loudness; `None` where the track is silent.
    pub integrated: Option<i32>,
    /// What the profile asks for.
    pub target: i32,
}

/// A measure of quality against the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// VMAF; scores are in hundredths of a point, 0 to 10,000.
    Vmaf,
    /// SSIM; scores are in ten-thousandths, 0 to 10,000.
    Ssim,
}

/// Quality of every chunk of one rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Folder of the rendition.
    pub rendition: String,
    /// How it was measured.
    pub metric: Metric,
    /// Lowest score that is good enough whatever the others have, where there is one.
    pub floor: Option<u32>,
    /// The chunks.
    pub chunks: Vec<ChunkQuality>,
}

/// Quality of one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkQuality {
    /// Index of the chunk from 0.
    pub chunk: u32,
    /// Its score, in units of the metric.
    pub score: u32,
}

/// Runs of dead media of the source and of the output, on one timeline that starts at 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dead {
    /// Of the source.
    pub source: Vec<DeadRun>,
    /// Of the output.
    pub output: Vec<DeadRun>,
}

/// A run of black or frozen pictures, or of silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadRun {
    /// `black`, `frozen` or `silent`.
    pub kind: String,
    /// Folder of the rendition; empty for the source.
    pub rendition: String,
    /// Start in milliseconds.
    pub start_ms: u64,
    /// End in milliseconds.
    pub end_ms: u64,
}

/// What became of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportFacts {
    /// Key of the stored report; `None` where there is none.
    pub stored: Option<String>,
    /// Keys of reports that announcements of the job name; one for each announcement.
    pub announced: Vec<Option<String>>,
}
