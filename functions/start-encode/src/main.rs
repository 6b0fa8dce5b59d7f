use reelsmith_contract::setting::Setting;
use reelsmith_lambda::{Clients, StartError, serve};
use start_encode::{Ports, handle};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            encodes: clients.encodes()?,
            lease_seconds: clients.settings().number(Setting::LEASE_SECONDS)?,
        })
    };
    serve(ports, handle).await
}
