use plan_chunks::{Ports, handle};
use reelsmith_contract::setting::Setting;
use reelsmith_lambda::{Clients, StartError, serve};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            store: clients.store(),
            outputs: clients.outputs()?,
            tools: clients.tools()?,
            workers: clients.settings().number(Setting::MAX_CONCURRENCY)?,
        })
    };
    serve(ports, handle).await
}
