use reelsmith_contract::setting::Setting;
use reelsmith_lambda::{Clients, StartError, serve};
use submit_job::{Ports, handle};

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let ports = |clients: &Clients| {
        let settings = clients.settings();
        Ok(Ports {
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            workflow: clients.workflow()?,
            lease_seconds: settings.number(Setting::LEASE_SECONDS)?,
            force: settings.flag(Setting::FORCE_REPROCESS)?,
            cap: settings.amount(Setting::MAX_JOB_COST_USD)?,
            mediaconvert: !settings.text(Setting::MEDIACONVERT_ROLE_ARN)?.is_empty(),
        })
    };
    serve(ports, handle).await
}
