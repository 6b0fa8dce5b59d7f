//! Test kit of the ports: fakes, behaviour suites and fault injection.
//!
//! A fake is only useful if it behaves like the real thing. [`suites`] therefore contain one suite per port, which both the
//! fake in [`fakes`] and the adapter in `reelsmith-aws` must pass: the fakes in `tests/fakes.rs` of this crate, the adapters
//! against an emulator in the workspace's `tests`. [`faults`] wraps any port and makes calls fail, hang, come late, or
//! succeed and lose their answer, by a script or at random from a seed. [`orders`] builds sample orders for MediaConvert,
//! and [`fuzz`] damages files for parsers.

pub mod fakes;
pub mod faults;
pub mod fuzz;
pub mod orders;
pub mod suites;
