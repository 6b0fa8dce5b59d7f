//! `local-s3`: see `local-s3 --help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use local_s3::{Options, Server};

/// S3 of a local stack, with objects as files. All other requests go to the emulator. `reelsmith up` starts it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port on 127.0.0.1 to listen on.
    #[arg(long)]
    port: u16,
    /// Port of the emulator on 127.0.0.1.
    #[arg(long)]
    emulator: u16,
    /// Folder of the objects.
    #[arg(long)]
    folder: PathBuf,
}

/// The working files of a job that a Distributed Map reads.
const ITEM_LISTS: &str = "items/";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = Options {
        emulator: arguments.emulator,
        folder: arguments.folder,
        item_lists: ITEM_LISTS.to_owned(),
    };
    match Server::start(arguments.port, options).await {
        Ok(server) => {
            server.ended().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("local-s3: {error}");
            ExitCode::FAILURE
        }
    }
}
