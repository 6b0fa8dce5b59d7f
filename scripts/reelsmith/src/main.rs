//! `reelsmith`: see `reelsmith --help`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    reelsmith::cli::main().await
}
