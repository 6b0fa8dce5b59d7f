use reelsmith_lambda::{Clients, StartError, serve};
use transcode_chunk::handle;

#[tokio::main]
async fn main() -> Result<(), StartError> {
    serve(Clients::encoder_ports, handle).await
}
