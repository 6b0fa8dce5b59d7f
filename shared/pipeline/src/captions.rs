//! Reading the caption files of a manifest.
//!
//! `plan-chunks` converts every file before anything is encoded, so that a file that cannot be used ends the job at once,
//! and `convert-captions` converts it again to publish it. Both see the same version of the file, so they agree.

use bytes::Bytes;
use reelsmith_contract::{Failure, PortResultExt as _};
use reelsmith_core::job::Job;
use reelsmith_core::plan::{Plan, TextRendition};
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::Inspection;
use reelsmith_media::{CaptionSource, Captions, OnSource as _, convert_captions};

/// Converts the caption file of a rendition; also returns its bytes.
///
/// # Errors
/// `CaptionInvalid` with the line, and those of storage.
pub async fn convert_file(
    store: &dyn ObjectStore,
    job: &Job,
    inspection: &Inspection,
    plan: &Plan,
    text: &TextRendition,
) -> Result<(Captions, Bytes), Failure> {
    let source = &text.source;
    let bytes = match source.size {
        // An empty object has no range.
        0 => Bytes::new(),
        size => store
            .get_range(source, 0, size)
            .await
            .on_object(&source.object)?,
    };
    let file = caption_source(job, inspection, text);
    let captions = convert_captions(&bytes, &file, plan).on_source(&source.object)?;
    Ok((captions, bytes))
}

/// How the caption file of a rendition is read.
#[must_use]
pub fn caption_source<'a>(
    job: &Job,
    inspection: &Inspection,
    text: &'a TextRendition,
) -> CaptionSource<'a> {
    CaptionSource {
        name: &text.source.object.key,
        format: text.format,
        language: &text.language,
        forced: text.forced,
        strict: job.manifest.settings.strict_captions(),
        start: inspection.probe.start_timecode,
    }
}

/// Converts every caption file of a plan for its errors alone.
///
/// # Errors
/// As [`convert_file`].
pub async fn check_files(
    store: &dyn ObjectStore,
    job: &Job,
    inspection: &Inspection,
    plan: &Plan,
) -> Result<(), Failure> {
    for text in plan.text.iter().filter(|t| t.stream.is_none()) {
        convert_file(store, job, inspection, plan, text).await?;
    }
    Ok(())
}
