use assemble_rendition::handle;
use reelsmith_lambda::{Clients, StartError, serve};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    serve(Clients::encoder_ports, handle).await
}
