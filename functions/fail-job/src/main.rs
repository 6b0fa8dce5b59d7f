use fail_job::{Ports, handle};
use reelsmith_lambda::{Clients, StartError, serve};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            encodes: clients.encodes_if_any()?,
        })
    };
    serve(ports, handle).await
}
