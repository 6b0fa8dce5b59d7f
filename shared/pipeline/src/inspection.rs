//! Probing a mezzanine and comparing it with its manifest.
//!
//! `validate-input` and `reelsmith manifest new` share this code, so that both refuse the same files by the same names.

use std::sync::Arc;

use reelsmith_contract::{ErrorName, Failure, PortResultExt as _};
use reelsmith_core::check::{Refusal, RefusalKind, believe_duration, check};
use reelsmith_core::manifest::Manifest;
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::{Inspection, Probe};
use reelsmith_core::sniff::Container;
use reelsmith_core::units::Bytes;
use reelsmith_media::{
    MediaError, OnSource as _, ProxyOptions, RangeProxy, Tools, add_movie_facts,
    explain_unreadable, probe,
};

/// Bytes by which the container is recognised.
const HEAD: u64 = 4_096;
/// Maximum number of bytes that probing may read: several times the index of six hours at the highest frame rate. A file that
/// makes the demuxer read more is refused.
const PROBE_BUDGET: u64 = 1 << 30;

/// Probes a mezzanine and compares it with its manifest. `captions` are the manifest's caption files.
///
/// # Errors
/// The `Mezzanine…`, `…Unsupported` and `…Mismatch` errors, and those of storage.
pub async fn inspect(
    tools: &Tools,
    store: &Arc<dyn ObjectStore>,
    manifest: &Manifest,
    pin: &ObjectPin,
    captions: Vec<ObjectPin>,
) -> Result<Inspection, Failure> {
    let video_track = manifest.mezzanine.video_track_index;
    let inspection = Inspection {
        probe: examine(tools, store, pin, video_track).await?,
        size: Bytes(pin.size),
        mezzanine: pin.clone(),
        captions,
    };
    let refusals = check(manifest, &inspection);
    match refusals.first() {
        Some(first) => Err(refused(&pin.object, first, &refusals)),
        None => Ok(inspection),
    }
}

/// Detects the container and probes a mezzanine. `video_track` selects a video stream by its position.
pub async fn examine(
    tools: &Tools,
    store: &Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    video_track: Option<u32>,
) -> Result<Probe, Failure> {
    let object = &pin.object;
    let head = store.get_range(pin, 0, HEAD.min(pin.size)).await;
    let head = head.on_object(object)?;
    let container = Container::sniff(&head).ok_or_else(|| unsupported(object, &head))?;
    check_end(container, &head, pin)?;
    let mut probe = probe_pinned(tools, store, pin, container, video_track).await?;
    believe_duration(&mut probe, Bytes(pin.size));
    Ok(probe)
}

async fn probe_pinned(
    tools: &Tools,
    store: &Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    container: Container,
    video_track: Option<u32>,
) -> Result<Probe, Failure> {
    let source = &pin.object;
    let options = ProxyOptions {
        budget: Some(PROBE_BUDGET),
        ..ProxyOptions::default()
    };
    let proxy = RangeProxy::start(Arc::clone(store), pin.clone(), options)
        .await
        .on_source(source)?;
    let probed = probe(tools, &proxy.url(), container, video_track).await;
    let probed = proxy.check(probed).map_err(|error| match error {
        // The file itself causes the reads, so a retry cannot succeed.
        MediaError::ReadBudget { budget } => MediaError::unreadable(format!(
            "a file whose index takes more than {budget} bytes to read"
        )),
        other => other,
    });
    let store = || Arc::clone(store);
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

/// The failure for a list of refusals: the name of the first one, and all findings.
pub fn refused(object: &ObjectRef, first: &Refusal, all: &[Refusal]) -> Failure {
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
            "deliver a file that states its frame rate, of at most 1,000 frames per second; variable rates are accepted",
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
        RefusalKind::Pictures => (
            ErrorName::VideoStreamMissing,
            "deliver a file with video, or state its AudioTracks to publish audio alone",
        ),
        RefusalKind::Truncated => (
            ErrorName::MezzanineTruncated,
            "the file is incomplete: upload it again, or export it again if it was cut off before",
        ),
        RefusalKind::Encrypted => (
            ErrorName::MezzanineEncrypted,
            "deliver the file without encryption",
        ),
        RefusalKind::AudioLayout => (
            ErrorName::AudioLayoutUnsupported,
            "state in ChannelMap which channels are left, right and so on, or deliver a file with one stream for each mix",
        ),
        RefusalKind::AudioTrack => (
            ErrorName::AudioTrackMissing,
            "correct TrackIndex or ChannelMap in the manifest, remove the track from it, or deliver the track",
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
