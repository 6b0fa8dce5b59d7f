//! `reelsmith up`, `down` and `render`: the local stack and what is deployed to it.

use std::time::Instant;

use clap::Args;
use reelsmith_aws::Sdk;
use reelsmith_aws::operate::Cloud;

use crate::Project;
use crate::error::{CliError, CommandResult, Exit};
use crate::job::connection::DeploymentArgs;
use crate::stack::deploy::{Deployment, Options, deploy, rendered};
use crate::stack::settings::SettingOverride;
use crate::stack::{self, REGION, StackState};
use crate::view::follow::Display;
use crate::view::text::say;

/// Settings of the functions.
#[derive(Args, Clone, Debug)]
pub struct SettingArgs {
    /// Set a setting of the functions, for example ENABLE_H265=false. Can be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<SettingOverride>,
}

pub async fn run(deployment: &DeploymentArgs, args: SettingArgs) -> CommandResult {
    let project = Project::find()?;
    let (state, cloud, names) =
        bring_up(&project, deployment, args, &mut Display::default()).await?;
    let endpoint = state.endpoint();
    say(&format!("endpoint       {endpoint}"));
    if let Some(standin) = &state.encoder {
        let url = stack::endpoint(standin.port);
        say(&format!("mediaconvert   {url} (stand-in)"));
    }
    say(&format!("input bucket   {}", names.input_bucket));
    say(&format!("output bucket  {}", names.output_bucket));
    say(&format!("state machine  {}", names.state_machine_arn));
    say(&format!(
        "\nAWS_ENDPOINT_URL={endpoint} AWS_REGION={} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws s3 ls",
        cloud.region()
    ));
    Ok(Exit::Done)
}

/// Starts the local stack if necessary and deploys what has changed.
pub async fn bring_up(
    project: &Project,
    args: &DeploymentArgs,
    settings: SettingArgs,
    display: &mut Display,
) -> Result<(StackState, Cloud, Deployment), CliError> {
    if !args.may_be_local() {
        return Err(CliError::new(
            "start the local stack",
            "another environment is selected",
            "omit --environment; Terraform deploys to AWS: docs/deploy.md",
        ));
    }
    let began = Instant::now();
    // Two commands at the same time would start two stacks.
    let _lock = stack::lock(project)?;
    let (state, started) = stack::up(project).await?;
    display.line(&format!(
        "local stack {} at {} (pid {})",
        if started { "started" } else { "running" },
        state.endpoint(),
        state.pid
    ));
    let cloud = Cloud::new(&Sdk::emulator(&state.endpoint()).await);
    let options = Options {
        deployment: args.stack_name(),
        overrides: settings.set,
        ..Options::default()
    };
    let names = deploy(project, &cloud, &options).await?;
    let changed = match names.changed.len() {
        0 => "nothing changed".to_owned(),
        n if n > 4 => format!("{n} changed"),
        _ => format!("changed: {}", names.changed.join(", ")),
    };
    display.line(&format!(
        "deployed in {:.1} s: {changed}",
        began.elapsed().as_secs_f32()
    ));
    Ok((state, cloud, names))
}

pub async fn down() -> CommandResult {
    let project = Project::find()?;
    let _lock = stack::lock(&project)?;
    say(match stack::down(&project).await? {
        true => "ended the local stack",
        false => "the local stack is not running",
    });
    Ok(Exit::Done)
}

pub fn render(args: SettingArgs) -> CommandResult {
    let options = Options {
        overrides: args.set,
        ..Options::default()
    };
    say(rendered(&Project::find()?, &options, REGION)?.trim_end());
    Ok(Exit::Done)
}
