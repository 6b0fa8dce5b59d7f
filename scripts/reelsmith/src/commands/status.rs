//! `reelsmith status`: the queues of a deployment and its newest executions.

use reelsmith_aws::operate::{ExecutionStatus, execution_arn};

use crate::Project;
use crate::commands::list::{self, ListArgs};
use crate::error::{CommandResult, ErrorCode, Exit};
use crate::job::connection::DeploymentArgs;
use crate::stack;
use crate::view::text::say;
use crate::view::timeline::Timeline;

/// Runs `status`. The exit code is 1 if no environment is selected and the local stack is not running.
pub async fn run(args: &DeploymentArgs) -> CommandResult {
    let project = Project::find()?;
    let connection = match args.connect(&project).await {
        Ok(connection) => connection,
        Err(e) if e.code == ErrorCode::StackNotRunning || args.environment.is_none() => {
            say("the local stack is not running; start it with `reelsmith up`");
            return Ok(Exit::Failed);
        }
        Err(e) => return Err(e),
    };
    say(&connection.describe());
    if let (true, Some(state)) = (connection.is_local(), stack::running(&project).await) {
        say(&format!("pid {}, started {}", state.pid, state.started));
    }
    for (queue, waiting, received) in connection.queue_depths().await? {
        say(&format!(
            "queue {queue}: {waiting} waiting, {received} in progress"
        ));
    }
    let newest = ListArgs {
        status: None,
        limit: 10,
        json: false,
    };
    let entries = list::list(&connection, &newest).await?;
    say(&list::print(&entries, &newest));
    for entry in entries {
        if entry.status != ExecutionStatus::Running {
            continue;
        }
        let arn = execution_arn(&connection.names.state_machine_arn, &entry.execution);
        let history = connection.operations.history(&arn, 0).await?;
        for visit in &Timeline::of(&history).visits {
            let Some(parts) = visit.awaited() else {
                continue;
            };
            say(&format!("\n{} waits in {}", entry.execution, visit.state));
            parts.for_each(|part| say(&format!("    {part}")));
        }
    }
    Ok(Exit::Done)
}
