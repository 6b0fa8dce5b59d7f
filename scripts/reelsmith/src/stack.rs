//! The local stack: the AWS emulator MiniStack, the local S3 in front of it, and a deployment in them.
//!
//! **Problem.** What runs on a laptop must be what runs in AWS: the same function binaries, the same state machine, the
//! same S3 and DynamoDB calls. MiniStack starts many processes (one for each warm function, and their ffmpeg children),
//! and none of them may remain after the stack ends, even if its owner is killed.
//!
//! **Idea.** MiniStack leads a session of its own, so the session id identifies every process that it started, and
//! [`processes`] ends the session as a whole. Resources are created from the descriptions that Terraform also reads:
//! [`resources`] parses `terraform/resources.yaml` and `functions/*/function.yaml`, [`deploy`] creates or updates what
//! they describe through the SDK, and `tests/tests/drift.rs` compares the result with Terraform's plan.
//!
//! MiniStack keeps objects in memory, so the program `local-s3` answers on the port of the stack: requests for S3 itself,
//! with objects as files, and all others by passing them on. A file of the same file system becomes an object without a
//! copy ([`link`]).
//!
//! There are two kinds of stack:
//!
//! - [`up`] starts the persistent stack of a checkout and records it in `.local/stack.json`. `reelsmith down` ends it.
//! - [`Stack::ephemeral`] is for one test: its own port and folder. A guard process ends it when it is dropped and also
//!   when its owner dies.
//!
//! **Flow of `reelsmith up`.** [`lock`] → [`up`] (start MiniStack, the local S3 and the program in place of MediaConvert) →
//! [`deploy::deploy`]: buckets, table and queues; then for each function [`package::Package`] (zip) and
//! [`settings::SettingValues`] (environment); then the state machine from [`render::render`]; last the bucket events,
//! which can start jobs. Everything is compared before it is changed, so a second run takes a second.
//!
//! ```no_run
//! # async fn example() -> Result<(), reelsmith::CliError> {
//! use reelsmith::Project;
//! use reelsmith::stack::{Stack, deploy};
//!
//! let stack = Stack::ephemeral().await?;
//! let options = deploy::Options::default();
//! let names = deploy::deploy(&Project::find()?, &stack.cloud().await, &options).await?;
//! println!("{}", names.input_bucket);
//! # Ok(())
//! # }
//! ```

pub mod deploy;
mod ephemeral;
mod incoming;
mod ministack;
pub mod package;
mod persistent;
mod processes;
pub mod render;
pub mod resources;
pub mod sample;
pub mod settings;

pub use ephemeral::{Memory, Stack};
pub use incoming::{PLACE, incoming, link};
pub use persistent::{StackState, Standin, down, lock, running, up};

/// The region of a local stack.
pub const REGION: &str = "us-east-1";

/// The URL of a port on this machine.
pub fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
