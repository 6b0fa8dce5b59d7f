use reelsmith_lambda::{Clients, StartError, serve};
use verify_mezzanine::{Ports, handle};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            store: clients.store(),
            outputs: clients.outputs()?,
        })
    };
    serve(ports, handle).await
}
