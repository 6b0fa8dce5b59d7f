use encode_audio::handle;
use reelsmith_lambda::{Clients, StartError, serve};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    serve(Clients::encoder_ports, handle).await
}
