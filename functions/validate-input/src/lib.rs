//! Sniffs and probes the mezzanine, and holds it against the manifest.
//!
//! Little is read, from one object version; that version is pinned for all later reads. Whether all of its bytes are those that
//! were sent is for `verify-mezzanine` to say, beside the encode; a file that is refused here is hashed here, for the reason.

mod captions;
mod size;

use std::sync::Arc;

use reelsmith_contract::payload::{ValidateInputInput, ValidateInputOutput};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::check::{Refusal, RefusalKind, check};
use reelsmith_core::job::Job;
use reelsmith_core::keys::JobKeys;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ObjectStore, PortErrorKind};
use reelsmith_core::probe::Inspection;
use reelsmith_core::sniff::Container;
use reelsmith_core::units::Bytes;
use reelsmith_lambda::Clients;
use reelsmith_media::{
    MediaError, OnSource as _, ProxyOptions, RangeProxy, Tools, complete, probe,
};
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::checksums::or_damaged;

/// What this function works with.
pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    /// Name of the input bucket.
    pub input_bucket: String,
    /// The output bucket.
    pub outputs: Objects,
    /// ffprobe.
    pub tools: Tools,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting or a tool is missing.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            store: clients.store(),
            input_bucket: clients.settings().text(Setting::INPUT_BUCKET)?.to_owned(),
            outputs: clients.outputs()?,
            tools: clients.tools()?,
        })
    }
}

/// Validates and writes `probe.json`.
///
/// # Errors
/// One of the `Mezzanine…`, `…Unsupported`, `…Missing` and `ManifestMismatch` errors, or those of storage.
pub async fn handle(
    ports: Arc<Ports>,
    input: ValidateInputInput,
    _invocation: Invocation,
) -> Result<ValidateInputOutput, Failure> {
    let keys = JobKeys(&input.job.job_key);
    let job: Job = ports.outputs.read(&keys.job()).await?;
    let declared = &job.manifest.mezzanine;
    let object = ObjectRef::new(&ports.input_bucket, &declared.file_path);
    let pin = find(&ports, &object, ErrorName::MezzanineMissing).await?;
    size::expect(&pin, declared)?;
    let captions = captions::find_all(&ports, &job).await?;
    let inspection = match inspect(&ports, &job, &pin, captions).await {
        Ok(inspection) => inspection,
        Err(refusal) => return Err(or_damaged(&ports.store, &pin, declared, refusal).await),
    };
    ports.outputs.write(&keys.probe(), &inspection).await?;
    tracing::info!(mezzanine = %object, "validated");
    Ok(ValidateInputOutput {
        probe: keys.probe(),
    })
}

/// Bytes by which the container is judged.
const HEAD: u64 = 4_096;

async fn inspect(
    ports: &Ports,
    job: &Job,
    pin: &ObjectPin,
    captions: Vec<ObjectPin>,
) -> Result<Inspection, Failure> {
    let object = &pin.object;
    let head = ports.store.get_range(pin, 0, HEAD.min(pin.size)).await;
    let head = head.map_err(|e| Failure::storage(&e, object))?;
    let container = Container::sniff(&head).ok_or_else(|| unsupported(object, &head))?;
    let inspection = Inspection {
        probe: probe_pinned(ports, pin, container).await?,
        size: Bytes(pin.size),
        mezzanine: pin.clone(),
        captions,
    };
    let refusals = check(&job.manifest, &inspection);
    match refusals.first() {
        Some(first) => Err(refused(object, first, &refusals)),
        None => Ok(inspection),
    }
}

/// Looks an object up; `missing` where it is not there.
async fn find(ports: &Ports, object: &ObjectRef, missing: ErrorName) -> Result<ObjectPin, Failure> {
    match ports.store.head(object).await {
        Ok(meta) => Ok(meta.pin),
        Err(e) if e.kind() == PortErrorKind::NotFound => Err(Failure::new(
            missing,
            "the file that the manifest names",
            "no object",
            object.to_string(),
            "upload it under exactly this key; the job waits for it for some minutes, then drop the manifest again",
        )),
        Err(e) => Err(Failure::storage(&e, object)),
    }
}

/// Most bytes that probing may read: the index of six hours at the highest frame rate, several times over. A file that
/// sends the demuxer to and fro for more is refused.
const PROBE_BUDGET: u64 = 1 << 30;

async fn probe_pinned(
    ports: &Ports,
    pin: &ObjectPin,
    container: Container,
) -> Result<reelsmith_core::probe::Probe, Failure> {
    let source = &pin.object;
    let options = ProxyOptions {
        budget: Some(PROBE_BUDGET),
        ..ProxyOptions::default()
    };
    let proxy = RangeProxy::start(Arc::clone(&ports.store), pin.clone(), options)
        .await
        .on_source(source)?;
    let probed = probe(&ports.tools, &proxy.url(), container).await;
    let probed = proxy.check(probed).map_err(|error| match error {
        // The file itself causes the reads, so a retry cannot succeed.
        MediaError::ReadBudget { budget } => MediaError::unreadable(format!(
            "a file whose facts take more than {budget} bytes to read"
        )),
        other => other,
    });
    complete(Arc::clone(&ports.store), pin, probed.on_source(source)?)
        .await
        .on_source(source)
}

fn unsupported(object: &ObjectRef, head: &[u8]) -> Failure {
    let shown: Vec<String> = head.iter().take(16).map(|b| format!("{b:02x}")).collect();
    Failure::new(
        ErrorName::ContainerUnsupported,
        "MP4/MOV, Matroska, MXF, MPEG-TS or MPEG-PS by its bytes",
        format!("a file that begins {}", shown.join(" ")),
        format!("{object}, byte 0"),
        "deliver the mezzanine in one of these containers; the file name decides nothing",
    )
}

fn refused(object: &ObjectRef, first: &Refusal, all: &[Refusal]) -> Failure {
    let (name, remedy) = match first.kind {
        RefusalKind::Codec => (
            ErrorName::CodecUnsupported,
            "deliver the stream in one of the listed codecs",
        ),
        RefusalKind::Resolution => (
            ErrorName::ResolutionUnsupported,
            "deliver a picture within the limits",
        ),
        RefusalKind::Duration => (
            ErrorName::DurationUnsupported,
            "deliver a programme within the limits",
        ),
        RefusalKind::FrameRate => (
            ErrorName::FrameRateUnsupported,
            "deliver a file that states its frame rate, of at most 240 frames per second; variable rates are accepted",
        ),
        RefusalKind::Streams => (
            ErrorName::StreamLimitExceeded,
            "deliver only the streams that the manifest names",
        ),
        RefusalKind::Picture => (
            ErrorName::PictureUnsupported,
            "deliver HDR as HDR10 or HLG with the BT.2020 non-constant luminance matrix, or deliver SDR",
        ),
        RefusalKind::AudioTrack => (
            ErrorName::AudioTrackMissing,
            "correct TrackIndex in the manifest or deliver the track",
        ),
        RefusalKind::Mismatch => (
            ErrorName::ManifestMismatch,
            "correct the manifest or deliver the right file",
        ),
    };
    let others = all.iter().filter(|r| *r != first);
    let found = others.fold(first.found.clone(), |found, other| {
        format!("{found}; also {other}")
    });
    Failure::new(
        name,
        format!("{}: {}", first.subject, first.expected),
        found,
        object.to_string(),
        remedy,
    )
}

#[cfg(test)]
mod tests;
