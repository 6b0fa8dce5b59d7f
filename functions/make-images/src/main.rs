//! See the library of this package.

use make_images::handle;

#[tokio::main]
async fn main() -> Result<(), reelsmith_lambda::StartError> {
    reelsmith_lambda::serve(async |clients| clients.encoder_ports(), handle).await
}
