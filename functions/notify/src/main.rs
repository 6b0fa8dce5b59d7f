use notify::{Ports, handle};
use reelsmith_lambda::{Clients, StartError, serve};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            submissions: clients.submissions()?,
            announcer: clients.announcer()?,
        })
    };
    serve(ports, handle).await
}
