use std::time::Duration;

use reelsmith_contract::setting::Setting;
use reelsmith_lambda::{Clients, StartError, serve};
use verify_mezzanine::{Ports, handle};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            store: clients.store(),
            outputs: clients.outputs()?,
            pass: Duration::from_secs(clients.settings().number(Setting::PASS_SECONDS)?.into()),
        })
    };
    serve(ports, handle).await
}
