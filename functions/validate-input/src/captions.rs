//! The caption files of the manifest: there, not empty, not too large, pinned.

use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::job::Job;
use reelsmith_core::object::{ObjectPin, ObjectRef};

use crate::{Ports, find};

/// Greatest caption file: hours of dense subtitles are below one mebibyte.
const MAX_CAPTION: u64 = 16 << 20;

/// Pins every caption file, in the manifest's order.
pub(crate) async fn find_all(ports: &Ports, job: &Job) -> Result<Vec<ObjectPin>, Failure> {
    let mut pins = Vec::new();
    for track in &job.manifest.subtitle_tracks {
        let object = ObjectRef::new(&ports.input_bucket, &track.file_path);
        let pin = find(ports, &object, ErrorName::CaptionMissing).await?;
        if pin.size == 0 || pin.size > MAX_CAPTION {
            return Err(Failure::new(
                ErrorName::CaptionInvalid,
                format!("1 to {MAX_CAPTION} bytes of captions"),
                format!("{} bytes", pin.size),
                object.to_string(),
                "deliver the caption file again",
            ));
        }
        pins.push(pin);
    }
    Ok(pins)
}
