//! Probes the mezzanine and compares it with the manifest.
//!
//! Reads `job.json`, a few bytes of one version of the mezzanine, and its index. Writes `probe.json`, which pins the versions of
//! the mezzanine and of the caption files for all later reads. Returns the key of `probe.json`. Errors: `MezzanineMissing` and
//! `CaptionMissing`, which are retried while files arrive, the other `Mezzanine…`, `Caption…`, `…Unsupported` and
//! `…Mismatch` errors, and those of storage. Before it refuses a file for its content it computes the checksums, because a
//! damaged file is the more likely reason. All other files are hashed by `verify-mezzanine`.

use std::sync::Arc;

use reelsmith_contract::payload::{ValidateInputInput, ValidateInputOutput};
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::job::Job;
use reelsmith_core::keys::JobKeys;
use reelsmith_core::manifest::Mezzanine;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::time::UnixMillis;
use reelsmith_media::Tools;
use reelsmith_pipeline::arrival::find;
use reelsmith_pipeline::checksums::explain_refusal;
use reelsmith_pipeline::inspection::inspect;
use reelsmith_pipeline::{Invocation, records};

pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    pub input_bucket: String,
    pub outputs: Objects,
    pub tools: Tools,
}

/// Maximum size of a caption file: hours of dense subtitles are below one mebibyte.
const MAX_CAPTION: u64 = 16 << 20;
/// Validates the mezzanine and writes `probe.json`.
pub async fn handle(
    ports: Arc<Ports>,
    input: ValidateInputInput,
    invocation: Invocation,
) -> Result<ValidateInputOutput, Failure> {
    let probe = JobKeys(&input.job.job_key).probe();
    let job = records::job(&ports.outputs, &input.job.job_key).await?;
    let declared = &job.manifest.mezzanine;
    let object = ObjectRef::new(&ports.input_bucket, &declared.file_path);
    let since = input.entered.as_deref().and_then(UnixMillis::from_rfc3339);
    let store = ports.store.as_ref();
    let pin = find(store, &object, ErrorName::MezzanineMissing, since).await?;
    check_size(&pin, declared)?;
    let captions = find_captions(&ports, &job, since).await?;
    let inspected = inspect(&ports.tools, &ports.store, &job.manifest, &pin, captions).await;
    let inspection = match inspected {
        Ok(inspection) => inspection,
        Err(refusal) => {
            let (store, time) = (&ports.store, invocation.remaining);
            return Err(explain_refusal(store, &pin, declared, refusal, time).await);
        }
    };
    ports.outputs.write(&probe, &inspection).await?;
    tracing::info!(mezzanine = %object, "validated");
    Ok(ValidateInputOutput { probe })
}

/// Compares the size, which is known before anything is read.
fn check_size(pin: &ObjectPin, declared: &Mezzanine) -> Result<(), Failure> {
    let location = pin.object.to_string();
    if pin.size == 0 {
        return Err(Failure::new(
            ErrorName::MezzanineEmpty,
            format!("{}", declared.file_size),
            "0 bytes",
            location,
            "the upload did not finish, or it is the wrong file: upload the mezzanine again, then drop the manifest again",
        ));
    }
    if pin.size == declared.file_size.0 {
        return Ok(());
    }
    Err(Failure::new(
        ErrorName::MezzanineSizeMismatch,
        format!("{} (Mezzanine/FileSizeBytes)", declared.file_size),
        format!("{} bytes", pin.size),
        location,
        "upload the right file or correct the manifest, then drop the manifest again",
    ))
}

/// Pins every caption file, in the order of the manifest.
async fn find_captions(
    ports: &Ports,
    job: &Job,
    waiting_since: Option<UnixMillis>,
) -> Result<Vec<ObjectPin>, Failure> {
    let mut pins = Vec::new();
    for track in &job.manifest.subtitle_tracks {
        let object = ObjectRef::new(&ports.input_bucket, &track.file_path);
        let store = ports.store.as_ref();
        let pin = find(store, &object, ErrorName::CaptionMissing, waiting_since).await?;
        // A forced track may be empty: convert-captions leaves it out with a warning.
        let least = u64::from(!track.forced);
        if !(least..=MAX_CAPTION).contains(&pin.size) {
            return Err(Failure::new(
                ErrorName::CaptionInvalid,
                format!("{least} to {MAX_CAPTION} bytes of captions"),
                format!("{} bytes", pin.size),
                object.to_string(),
                "deliver the caption file again",
            ));
        }
        pins.push(pin);
    }
    Ok(pins)
}

#[cfg(test)]
mod tests;
