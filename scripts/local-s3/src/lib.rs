//! S3 of the local stack, with objects as files.
//!
//! **Problem.** The emulator keeps every object in memory, several times while it is written, so a mezzanine of a few
//! gigabytes cannot be delivered to it.
//!
//! **Idea.** This server listens at the address of the stack. It answers the requests that are signed for S3 or name one of
//! its buckets, with the wire protocol of the crate `s3s`, and passes all others to the emulator unchanged. So there is one
//! address, as before, and no client has to know which service is where.
//!
//! - The bytes of an object are in files that are written once ([`files`]). An object is a list of extents of such files,
//!   so a multipart upload is completed, and an object is copied, without copying a byte.
//! - Everything else about objects is in memory ([`index`]): a stack is removed with its folder, so nothing outlives the
//!   process.
//! - A condition of a write is decided under one lock, at the end of the upload, so exactly one of many writers creates
//!   an object.
//! - A bucket's notifications are sent to the emulator's queues ([`events`]).
//! - The emulator reads the item lists of a Distributed Map from its own S3. Objects with [`Options::item_lists`] in
//!   their key are therefore also written there, before the write is answered.
//! - A file of the same file system becomes an object without a copy: its owner links it into the folder `incoming` and
//!   names the link in the header [`PLACE`] of an empty `PutObject`. Only who may write into the folder can do that, and
//!   the server opens no other path.
//!
//! What no part of reelsmith uses is answered with `NotImplemented`: access control, encryption, tags, lifecycle rules,
//! and notifications to anything but queues.

mod emulator;
mod events;
mod files;
mod front;
mod index;
mod receive;
mod service;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use front::Server;

/// The request header that names a file in the folder `incoming`, which becomes the object.
pub const PLACE: &str = "x-reelsmith-place";

/// How the server runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port of the emulator on 127.0.0.1.
    pub emulator: u16,
    /// Folder of the objects.
    pub folder: PathBuf,
    /// Part of the keys of objects that the emulator reads, for example `items/`.
    pub item_lists: String,
}
