use reelsmith_contract::setting::Setting;
use reelsmith_lambda::{Clients, StartError, serve};
use start_execution::{Ports, handle};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            store: clients.store(),
            admission: clients.admission()?,
            input_bucket: clients.settings().text(Setting::INPUT_BUCKET)?.to_owned(),
        })
    };
    serve(ports, handle).await
}
