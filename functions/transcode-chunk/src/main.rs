//! See the library of this package.

use transcode_chunk::handle;

#[tokio::main]
async fn main() -> Result<(), reelsmith_lambda::StartError> {
    reelsmith_lambda::serve(async |clients| clients.encoder_ports(), handle).await
}
