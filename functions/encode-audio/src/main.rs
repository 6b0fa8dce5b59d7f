//! See the library of this package.

use encode_audio::handle;

#[tokio::main]
async fn main() -> Result<(), reelsmith_lambda::StartError> {
    reelsmith_lambda::serve(async |clients| clients.encoder_ports(), handle).await
}
