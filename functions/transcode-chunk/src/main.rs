//! See the library of this package.

use reelsmith_lambda::worker::EncoderPorts as Ports;
use transcode_chunk::handle;

#[tokio::main]
async fn main() -> Result<(), reelsmith_lambda::StartError> {
    reelsmith_lambda::serve(async |house| Ports::build(house).await, handle).await
}
