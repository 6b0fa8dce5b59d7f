//! `mediaconvert-standin`: see `mediaconvert-standin --help`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use mediaconvert_standin::{Options, StandIn};
use reelsmith_aws::{Sdk, SystemClock};
use reelsmith_media::Tools;

/// A stand-in for MediaConvert next to a local stack. `reelsmith up` starts it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port on 127.0.0.1 to listen on.
    #[arg(long)]
    port: u16,
    /// Folder of ffmpeg and ffprobe.
    #[arg(long)]
    media: PathBuf,
    /// Address of the local stack, for example http://127.0.0.1:4566.
    #[arg(long)]
    endpoint: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mediaconvert-standin: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let tools = Tools::locate(&arguments.media, None, None)?;
    let options = Options {
        clock: Arc::new(SystemClock),
        store: Arc::new(Sdk::emulator(&arguments.endpoint).await.s3()),
        endpoint: arguments.endpoint,
        tools: Some(tools),
    };
    StandIn::start(arguments.port, options).await?.ended().await;
    Ok(())
}
