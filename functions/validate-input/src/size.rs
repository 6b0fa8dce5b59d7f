//! The mezzanine's size against the manifest's: known before a byte is read.

use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::manifest::Mezzanine;
use reelsmith_core::object::ObjectPin;

/// Compares the size; an empty file is an error of its own.
pub(crate) fn expect(pin: &ObjectPin, declared: &Mezzanine) -> Result<(), Failure> {
    let location = pin.object.to_string();
    if pin.size == 0 {
        return Err(Failure::new(
            ErrorName::MezzanineEmpty,
            format!("{}", declared.file_size),
            "0 bytes",
            location,
            "the upload did not finish or the wrong file was sent: upload the mezzanine again, then drop the manifest again",
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
        "compare with the delivery: upload the right file, or correct the manifest; then drop the manifest again",
    ))
}
