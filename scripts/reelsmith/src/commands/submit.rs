//! `reelsmith submit`: deliver a manifest with its media files.

use crate::error::{CommandResult, Exit};
use crate::job::connection::DeploymentArgs;
use crate::job::deliver::Delivery;
use crate::view::follow::{Display, Style};
use crate::view::text::say;

/// Runs `submit` and prints the name of the execution.
pub async fn run(deployment: &DeploymentArgs, delivery: &Delivery) -> CommandResult {
    let connection = deployment.connect_noted().await?;
    let mut display = Display::new(Style::Plain);
    let view = delivery.submit(&connection, &mut display).await?;
    say(&view.summary.name);
    Ok(Exit::Done)
}
