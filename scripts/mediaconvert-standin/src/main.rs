//! `mediaconvert-standin`: see `mediaconvert-standin --help`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use mediaconvert_standin::{Options, StandIn};
use reelsmith_aws::{Sdk, SystemClock};
use reelsmith_media::Tools;

/// A stand-in for MediaConvert beside a local stack. `reelsmith up` starts it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port on 127.0.0.1 to listen on.
    #[arg(long)]
    port: u16,
    /// Where the local stack answers, for example http://127.0.0.1:4566.
    #[arg(long)]
    endpoint: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("mediaconvert-standin: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), String> {
    let tools = Tools::locate(None, None).map_err(|e| e.to_string())?;
    let options = Options {
        clock: Arc::new(SystemClock),
        store: Arc::new(Sdk::emulator(&arguments.endpoint).await.s3()),
        endpoint: arguments.endpoint,
        tools: Some(tools),
    };
    let standin = StandIn::start(arguments.port, options).await;
    let standin = standin.map_err(|e| e.to_string())?;
    standin.ended().await;
    Ok(())
}
