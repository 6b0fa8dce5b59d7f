//! Builds the ports and serves the function, which its library describes.

use convert_captions::handle;
use reelsmith_lambda::{Clients, StartError, serve};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    serve(Clients::encoder_ports, handle).await
}
