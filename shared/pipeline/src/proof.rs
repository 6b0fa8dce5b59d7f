//! Proving an output: measuring what is in the bucket, and collecting what the records say about it.
//!
//! **Problem.** A job may only be published if every playlist and segment is what it declares. A rule can only judge facts, and
//! the facts are in thousands of objects and records.
//!
//! **Idea.** The facts are collected in four steps, and the pure rules of `reelsmith-conformance` judge them:
//!
//! 1. [`measure`]: `assemble-rendition` opens and hashes the segments of each rendition, all renditions in parallel.
//! 2. [`gather`]: the output is read. Playlists name init segments and segments; measurements of step 1 are used for objects of
//!    exactly the version that is found, and everything else is measured now.
//! 3. [`evidence`]: the records say who made the output, from which mezzanine, profile and build.
//! 4. [`page`]: the verdict is shown as `report.html`, together with everything else that the job recorded.
//!
//! **Invariant.** "Could not be measured" is a finding and fails the job. Only a failure of storage is an error of the call,
//! because it passes.
//!
//! ```text
//! let known = KnownMeasurements::read(&outputs, &expectation, &keys).await?;
//! let delivery = gather(&outputs, keys.output_prefix(), ReadBudget::default(), known, &names).await?;
//! let report = reelsmith_conformance::check(&delivery, Some(&expectation), Profiles::REELSMITH);
//! ```

pub mod evidence;
pub mod gather;
pub mod measure;
pub mod page;

#[cfg(test)]
mod tests;
