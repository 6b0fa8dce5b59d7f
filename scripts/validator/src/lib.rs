//! Validates HLS and DASH packages of any packager against the conformance rules.
//!
//! # The problem
//! The rules are pure: they judge what a caller read. A package lies in a folder, behind a web server or in a bucket; its
//! documents have any name, and there may be several of them.
//!
//! # The idea
//! [`Location`] is a place with an object store: a folder, or an `http` or `https` address. `reelsmith validate` adds
//! buckets of S3, so this crate needs no AWS SDK and can be installed alone:
//!
//! ```sh
//! cargo install --path scripts/validator
//! reelsmith-validate https://example.com/film/master.m3u8
//! ```
//!
//! [`validate`] finds the documents ([`EntryDocuments`]), reads everything that they reference with the code with which the
//! pipeline proves its own outputs, and checks the profiles that the package claims. Every further multivariant playlist
//! and MPD is checked too, and named in the report. [`Validation::print`] writes text, JSON, JUnit or SARIF.
//!
//! # Invariants
//! - A defect of a package is part of the report; an [`Error`] means that the place could not be read.
//! - What was not judged is named, and the verdict is then `unsupported` instead of `pass`.

pub mod args;
pub mod checksums;
mod decode;
pub mod documents;
pub mod error;
pub mod explain;
pub mod folder;
pub mod http;
mod job;
pub mod location;
mod print;
mod sarif;

use reelsmith_conformance::{Delivery, Profile, Profiles, Report, Verdict, check};
use reelsmith_pipeline::proof::gather::{KnownMeasurements, ReadBudget, gather};

pub use crate::args::{CheckArgs, Format, Options};
use crate::documents::EntryDocuments;
pub use crate::error::Error;
pub use crate::location::Location;

/// Further documents that are checked. More are named as not judged.
const MAX_DOCUMENTS: usize = 16;

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    pub report: Report,
    /// Remarks for the reader that are not findings.
    pub notes: Vec<String>,
}

impl Validation {
    /// The report in a format, ending with a newline.
    pub fn print(&self, format: Format, target: &str) -> String {
        match format {
            Format::Text => print::text(&self.report),
            Format::Json => print::json(&self.report),
            Format::Junit => print::junit(&self.report, target),
            Format::Sarif => sarif::sarif(&self.report, target),
        }
    }

    /// The exit code: 0 for pass, 1 for fail, 3 if nothing or only a part could be judged.
    pub fn exit_code(&self) -> u8 {
        match self.report.verdict {
            Verdict::Pass => 0,
            Verdict::Fail => 1,
            Verdict::Unsupported => 3,
        }
    }
}

/// Reads and checks a package. With `job`, the records of the job that made it, the profile `reelsmith` applies too. Without
/// profiles in `options`, those that the package claims apply.
///
/// # Errors
/// The location cannot be read, or has neither HLS nor DASH. Defects of the package are part of the result.
pub async fn validate(
    location: &Location,
    job: Option<&Location>,
    options: &Options,
) -> Result<Validation, Error> {
    let documents = EntryDocuments::find(location).await?;
    let stated = checksums::read(location, &documents.prefix).await?;
    let mut report = one(location, &documents, job, options, &stated).await?;
    for (index, (path, other)) in documents.others(location).into_iter().enumerate() {
        if index >= MAX_DOCUMENTS {
            report.add_unjudged_document(&path, "too many documents; give it alone to check it");
            continue;
        }
        let of_other = one(location, &other, None, options, &stated).await?;
        let folder = other
            .prefix
            .strip_prefix(&location.prefix)
            .unwrap_or_default();
        let main = documents.prefix.strip_prefix(&location.prefix);
        let below = folder.strip_prefix(main.unwrap_or_default());
        report.add_document(&path, below.unwrap_or(folder), of_other);
    }
    let read = location.server.iter().map(|s| format!("read from {s}"));
    Ok(Validation {
        report,
        notes: read.collect(),
    })
}

async fn one(
    location: &Location,
    documents: &EntryDocuments,
    job: Option<&Location>,
    options: &Options,
    stated: &checksums::Stated,
) -> Result<Report, Error> {
    // Checksums are only compared with those that were recorded.
    let budget = ReadBudget {
        hashed: if job.is_some() { u64::MAX } else { 0 },
        reads: location.reads,
    };
    let known = KnownMeasurements::default();
    let (objects, prefix) = (&location.objects, &documents.prefix);
    let read = gather(objects, prefix, budget, known, &documents.names).await;
    let mut delivery = read.map_err(|e| location.error("read", &e).with_source(e))?;
    checksums::compare(location, documents, stated, &mut delivery).await?;
    if let Some(ffmpeg) = &options.decode {
        decode::decode_all(ffmpeg.as_deref(), location, documents, &mut delivery).await;
    }
    let expectation = match job {
        Some(records) => Some(job::expectation(records, delivery.mpd().is_some()).await?),
        None => None,
    };
    let profiles = chosen(&options.profiles, job.is_some(), &delivery);
    let mut report = check(&delivery, expectation.as_ref(), profiles);
    documents.restore_names(&mut report);
    Ok(report)
}

/// The profiles that were requested, else those that the package claims.
fn chosen(requested: &[Profile], job: bool, delivery: &Delivery) -> Profiles {
    let requested = requested.iter().copied();
    if job {
        requested.chain([Profile::Reelsmith]).collect()
    } else if requested.len() == 0 {
        Profiles::infer(delivery)
    } else {
        requested.collect()
    }
}

#[cfg(test)]
mod tests;
