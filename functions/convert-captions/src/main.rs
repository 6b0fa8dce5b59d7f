//! See the library of this package.

use convert_captions::handle;
use reelsmith_lambda::worker::EncoderPorts as Ports;

#[tokio::main]
async fn main() -> Result<(), reelsmith_lambda::StartError> {
    reelsmith_lambda::serve(async |house| Ports::build(house).await, handle).await
}
