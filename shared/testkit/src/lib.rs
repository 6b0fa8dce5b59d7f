//! Test kit of the ports: fakes, behaviour suites and fault injection.
//!
//! A fake is only useful if it behaves like the real thing. [`suites`] therefore contain one suite per port, which both the
//! fake in [`fakes`] and the adapter in `reelsmith-aws` must pass: the fakes in `tests/fakes.rs` of this crate, the adapters
//! against an emulator in the workspace's `tests`. [`faults`] wraps any port and makes calls fail, hang, come late, or
//! succeed and lose their answer, by a script or at random from a seed. [`orders`] builds sample orders for MediaConvert,
//! [`fuzz`] damages files for parsers, and [`sound_faults`] damages sound.

use std::path::PathBuf;

pub mod fakes;
pub mod faults;
pub mod fuzz;
pub mod orders;
pub mod sound_faults;
pub mod suites;

/// The folder of the media layer's programs, which `scripts/setup` fills. Tests run these as the product;
/// the `ffmpeg` on `PATH` is the reference decoder, which judges what they make.
#[must_use]
pub fn media_folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../.local/media"]
        .iter()
        .collect()
}
