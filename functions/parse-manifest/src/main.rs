use parse_manifest::{Ports, handle};
use reelsmith_lambda::{Clients, StartError, serve};
use reelsmith_pipeline::settings::JobDefaults;

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            store: clients.store(),
            outputs: clients.outputs()?,
            defaults: JobDefaults::of(clients.settings())?,
        })
    };
    serve(ports, handle).await
}
