use reelsmith_contract::setting::Setting;
use reelsmith_lambda::{Clients, StartError, serve};
use validate_input::{Ports, handle};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        Ok(Ports {
            store: clients.store(),
            input_bucket: clients.settings().text(Setting::INPUT_BUCKET)?.to_owned(),
            outputs: clients.outputs()?,
            tools: clients.tools()?,
        })
    };
    serve(ports, handle).await
}
