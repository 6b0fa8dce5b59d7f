use check_job::{Ports, handle};
use reelsmith_lambda::{Clients, StartError, serve};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            store: clients.store(),
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            encodes: clients.encodes()?,
        })
    };
    serve(ports, handle).await
}
