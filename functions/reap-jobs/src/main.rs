use reap_jobs::{Ports, handle};
use reelsmith_contract::setting::Setting;
use reelsmith_lambda::{Clients, StartError, serve};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            announcer: clients.announcer()?,
            workflow: clients.workflow()?,
            encodes: clients.encodes_if_any()?,
            admission: clients.admission()?,
            abandoned_after: clients
                .settings()
                .number(Setting::ABANDONED_AFTER_SECONDS)?,
        })
    };
    serve(ports, handle).await
}
