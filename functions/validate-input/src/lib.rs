//! Probes the mezzanine and compares it with the manifest.
//!
//! Reads `job.json`, a few bytes of one version of the mezzanine, and its index. Writes `probe.json`, which pins the versions of
//! the mezzanine and of the caption files for all later reads. Returns the key of `probe.json`. Errors: `MezzanineMissing` and
//! `CaptionMissing`, which are retried while files arrive, the other `Mezzanine…`, `Caption…`, `…Unsupported` and
//! `…Mismatch` errors, and those of storage. Before it refuses a file for its content it computes the checksums, because a
//! damaged file is the more likely reason. All other files are hashed by `verify-mezzanine`.

use std::sync::Arc;

use reelsmith_contract::payload::{ValidateInputInput, ValidateInputOutput};
use reelsmith_contract::{ErrorName, Failure, Objects, PortResultExt as _};
use reelsmith_core::check::{Refusal, RefusalKind, believe_duration, check};
use reelsmith_core::job::Job;
use reelsmith_core::keys::JobKeys;
use reelsmith_core::manifest::Mezzanine;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ObjectStore, PortErrorKind};
use reelsmith_core::probe::{Inspection, Probe};
use reelsmith_core::sniff::Container;
use reelsmith_core::units::Bytes;
use reelsmith_media::{
    MediaError, OnSource as _, ProxyOptions, RangeProxy, Tools, add_movie_facts,
    explain_unreadable, probe,
};
use reelsmith_pipeline::checksums::explain_refusal;
use reelsmith_pipeline::{Invocation, records};

pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    pub input_bucket: String,
    pub outputs: Objects,
    pub tools: Tools,
}

/// Bytes by which the container is recognised.
const HEAD: u64 = 4_096;
/// Maximum size of a caption file: hours of dense subtitles are below one mebibyte.
const MAX_CAPTION: u64 = 16 << 20;
/// Maximum number of bytes that probing may read: several times the index of six hours at the highest frame rate. A file that
/// makes the demuxer read more is refused.
const PROBE_BUDGET: u64 = 1 << 30;

/// Validates the mezzanine and writes `probe.json`.
pub async fn handle(
    ports: Arc<Ports>,
    input: ValidateInputInput,
    _invocation: Invocation,
) -> Result<ValidateInputOutput, Failure> {
    let probe = JobKeys(&input.job.job_key).probe();
    let job = records::job(&ports.outputs, &input.job.job_key).await?;
    let declared = &job.manifest.mezzanine;
    let object = ObjectRef::new(&ports.input_bucket, &declared.file_path);
    let pin = find(&ports, &object, ErrorName::MezzanineMissing).await?;
    check_size(&pin, declared)?;
    let captions = find_captions(&ports, &job).await?;
    let inspection = match inspect(&ports, &job, &pin, captions).await {
        Ok(inspection) => inspection,
        Err(refusal) => return Err(explain_refusal(&ports.store, &pin, declared, refusal).await),
    };
    ports.outputs.write(&probe, &inspection).await?;
    tracing::info!(mezzanine = %object, "validated");
    Ok(ValidateInputOutput { probe })
}

/// Finds an object; `missing` is the error if it does not exist.
async fn find(ports: &Ports, object: &ObjectRef, missing: ErrorName) -> Result<ObjectPin, Failure> {
    match ports.store.head(object).await {
        Ok(meta) => Ok(meta.pin),
        Err(e) if e.kind() == PortErrorKind::NotFound => Err(Failure::new(
            missing,
            "the file that the manifest names",
            "no object",
            object.to_string(),
            "upload the file under exactly this key; the job waits for it for some minutes, after that drop the manifest again",
        )),
        Err(e) => Err(Failure::storage(&e, object)),
    }
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
async fn find_captions(ports: &Ports, job: &Job) -> Result<Vec<ObjectPin>, Failure> {
    let mut pins = Vec::new();
    for track in &job.manifest.subtitle_tracks {
        let object = ObjectRef::new(&ports.input_bucket, &track.file_path);
        let pin = find(ports, &object, ErrorName::CaptionMissing).await?;
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

async fn inspect(
    ports: &Ports,
    job: &Job,
    pin: &ObjectPin,
    captions: Vec<ObjectPin>,
) -> Result<Inspection, Failure> {
    let object = &pin.object;
    let head = ports.store.get_range(pin, 0, HEAD.min(pin.size)).await;
    let head = head.on_object(object)?;
    let container = Container::sniff(&head).ok_or_else(|| unsupported(object, &head))?;
    check_end(container, &head, pin)?;
    let video_track = job.manifest.mezzanine.video_track_index;
    let mut probe = probe_pinned(ports, pin, container, video_track).await?;
    believe_duration(&mut probe, Bytes(pin.size));
    let inspection = Inspection {
        probe,
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

async fn probe_pinned(
    ports: &Ports,
    pin: &ObjectPin,
    container: Container,
    video_track: Option<u32>,
) -> Result<Probe, Failure> {
    let source = &pin.object;
    let options = ProxyOptions {
        budget: Some(PROBE_BUDGET),
        ..ProxyOptions::default()
    };
    let proxy = RangeProxy::start(Arc::clone(&ports.store), pin.clone(), options)
        .await
        .on_source(source)?;
    let probed = probe(&ports.tools, &proxy.url(), container, video_track).await;
    let probed = proxy.check(probed).map_err(|error| match error {
        // The file itself causes the reads, so a retry cannot succeed.
        MediaError::ReadBudget { budget } => MediaError::unreadable(format!(
            "a file whose index takes more than {budget} bytes to read"
        )),
        other => other,
    });
    let store = || Arc::clone(&ports.store);
    let probed = match probed {
        Ok(probe) => add_movie_facts(store(), pin, probe).await,
        Err(error) => Err(explain_unreadable(store(), pin, container, error).await),
    };
    probed.on_source(source)
}

/// Compares the size of the file with where its first bytes state its end.
fn check_end(container: Container, head: &[u8], pin: &ObjectPin) -> Result<(), Failure> {
    match container.stated_end(head) {
        Some(end) if end > pin.size => Err(MediaError::Truncated {
            expected: format!("a file of at least {end} bytes, as its header states"),
            found: format!("{} bytes", pin.size),
        })
        .on_source(&pin.object),
        _ => Ok(()),
    }
}

fn unsupported(object: &ObjectRef, head: &[u8]) -> Failure {
    let shown: Vec<String> = head.iter().take(16).map(|b| format!("{b:02x}")).collect();
    Failure::new(
        ErrorName::ContainerUnsupported,
        "a file whose first bytes are those of MP4/MOV, Matroska, MXF, MPEG-TS or MPEG-PS",
        format!("a file that begins {}", shown.join(" ")),
        format!("{object}, byte 0"),
        "deliver the mezzanine in one of these containers; the file name is not considered",
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
        RefusalKind::DolbyVision => (
            ErrorName::PictureUnsupported,
            "deliver HDR10, HLG or SDR, or Dolby Vision of profile 8.1, 8.2 or 8.4, whose base layer is one of them",
        ),
        RefusalKind::FieldPictures => (
            ErrorName::PictureUnsupported,
            "convert the file to whole frames, interleaved or progressive",
        ),
        RefusalKind::Truncated => (
            ErrorName::MezzanineTruncated,
            "the file is incomplete: upload it again, or export it again if it was cut off before",
        ),
        RefusalKind::Encrypted => (
            ErrorName::MezzanineEncrypted,
            "deliver the file without encryption",
        ),
        RefusalKind::AudioTrack => (
            ErrorName::AudioTrackMissing,
            "correct TrackIndex in the manifest, remove the track from it, or deliver the track",
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
