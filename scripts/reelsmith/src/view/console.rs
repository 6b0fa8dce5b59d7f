//! `reelsmith console`: a web console for the executions of the local stack, which has none: the graph of the state
//! machine coloured by state, events, inputs and outputs, the items of every Map, and links to player and report.

mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;
use reelsmith_aws::operate::{MapRun, execution_arn};
use reelsmith_core::ports::is_execution_name;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::Project;
use crate::error::{CliError, CommandResult, Exit};
use crate::job::connection::{Connection, DeploymentArgs};
use crate::view::play::{PlayableOutput, Player};
use crate::view::text::say;
use crate::view::web::{self, PageArgs};
use work::{WorkItem, WorkItems};

/// Most executions in the list.
const LISTED: usize = 100;

/// Serves the page until Ctrl-C. For a deployment in AWS, prints the address of the AWS console instead.
pub async fn run(deployment: &DeploymentArgs, page: &PageArgs) -> CommandResult {
    let connection = deployment.connect(&Project::find()?).await?;
    if let Some(url) = aws_console(&connection) {
        say(&url);
        if page.open {
            web::open_browser(&url)?;
        }
        return Ok(Exit::Done);
    }
    let title = format!("console of {}", connection.describe());
    // The definition is read before the address is printed, so that the page works from the start.
    let console = Arc::new(Console::of(connection).await?);
    page.serve(&title, console.pages()).await
}

/// The page of the state machine in the AWS console.
fn aws_console(connection: &Connection) -> Option<String> {
    let url = connection.console_url(&connection.names.state_machine_arn)?;
    Some(url.replace("/v2/executions/details/", "/statemachines/view/"))
}

/// The pages of one deployment.
pub struct Console {
    connection: Connection,
    definition: serde_json::Value,
    /// By name of the execution.
    players: Mutex<BTreeMap<String, Player>>,
    /// By name of the execution.
    work: Mutex<BTreeMap<String, WorkItems>>,
}

#[derive(Serialize)]
struct MapDetails<'a> {
    #[serde(flatten)]
    run: MapRun,
    items: Option<&'a Vec<WorkItem>>,
}

/// The execution that a request names by its `execution` parameter.
struct ExecutionName(String);

impl<S: Send + Sync> FromRequestParts<S> for ExecutionName {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let name = web::parameter(&parts.uri, "execution").unwrap_or_default();
        match is_execution_name(&name) {
            true => Ok(Self(name)),
            false => Err(web::not_found("an execution of this name")),
        }
    }
}

type Answer = Result<Response, CliError>;
type Shared = State<Arc<Console>>;

impl Console {
    /// The console of a deployment. The graph shows the deployed state machine, which the checkout may have changed
    /// since.
    async fn of(connection: Connection) -> Result<Self, CliError> {
        let machine = &connection.names.state_machine_arn;
        let text = connection.operations.definition(machine).await?;
        let definition = serde_json::from_str(&text).map_err(|e| {
            CliError::new(
                format!("read the definition of {machine}"),
                e.to_string(),
                "deploy it again with `reelsmith up`",
            )
            .with_source(e)
        })?;
        Ok(Self {
            connection,
            definition,
            players: Mutex::default(),
            work: Mutex::default(),
        })
    }

    fn pages(self: Arc<Self>) -> Router {
        Router::new()
            .route("/", get(|| async { web::page("console/index.html") }))
            .route("/api/overview", get(overview))
            .route("/api/definition", get(definition))
            .route("/api/executions", get(executions))
            .route("/api/execution", get(execution))
            .route("/api/history", get(history))
            .route("/api/maps", get(maps))
            .route("/job/{execution}/", get(player_page))
            .route("/job/{execution}/{*path}", get(player_file))
            .fallback(web::page_of_path)
            .with_state(self)
    }

    fn arn(&self, name: &str) -> String {
        execution_arn(&self.connection.names.state_machine_arn, name)
    }

    /// The player of what an execution has published.
    async fn play(&self, execution: &str, path: &str, headers: &HeaderMap) -> Answer {
        if !is_execution_name(execution) {
            return Ok(web::not_found(execution));
        }
        let player = {
            let mut players = self.players.lock().await;
            if !players.contains_key(execution) {
                let output = PlayableOutput::of_job(&self.connection, Some(execution)).await?;
                players.insert(execution.to_owned(), Player::new(output).await);
            }
            players.get(execution).cloned()
        };
        match player {
            Some(player) => Ok(player.answer(path, headers).await),
            None => Ok(web::not_found(execution)),
        }
    }
}

async fn overview(State(console): Shared) -> Answer {
    let connection = &console.connection;
    let queues = connection.queue_depths().await.unwrap_or_default();
    let queues = queues.into_iter().map(|(name, waiting, hidden)| {
        serde_json::json!({"name": name, "waiting": waiting, "hidden": hidden})
    });
    Ok(web::json(&serde_json::json!({
        "place": connection.endpoint.to_string(),
        "stack": connection.stack,
        "queues": queues.collect::<Vec<_>>(),
    })))
}

async fn definition(State(console): Shared) -> Response {
    web::json(&console.definition)
}

async fn executions(State(console): Shared) -> Answer {
    let connection = &console.connection;
    let machine = &connection.names.state_machine_arn;
    let all = connection.operations.executions(machine, LISTED).await?;
    Ok(web::json(&all))
}

async fn execution(State(console): Shared, ExecutionName(name): ExecutionName) -> Answer {
    let arn = console.arn(&name);
    Ok(match console.connection.operations.execution(&arn).await? {
        Some(view) => web::json(&view),
        None => web::not_found(&name),
    })
}

async fn history(State(console): Shared, ExecutionName(name): ExecutionName, uri: Uri) -> Answer {
    let after = web::parameter(&uri, "after").and_then(|n| n.parse().ok());
    let (arn, operations) = (console.arn(&name), &console.connection.operations);
    let events = operations.history(&arn, after.unwrap_or(0)).await?;
    Ok(web::json(&events))
}

/// The Maps as the service counts them, with their items from the records of the workers.
async fn maps(State(console): Shared, ExecutionName(name): ExecutionName) -> Answer {
    let (arn, connection) = (console.arn(&name), &console.connection);
    let runs = connection.operations.map_runs(&arn).await?;
    let mut all = console.work.lock().await;
    if !all.contains_key(&name) {
        let history = connection.operations.history(&arn, 0).await?;
        if let Some(items) = WorkItems::of(connection, &history).await {
            all.insert(name.clone(), items);
        }
    }
    let items = match all.get_mut(&name) {
        Some(work) => Some(work.update(connection).await),
        None => None,
    };
    let details = runs.into_iter().map(|run| MapDetails {
        items: items.and_then(|items| items.get(run.label.as_str())),
        run,
    });
    Ok(web::json(&details.collect::<Vec<_>>()))
}

async fn player_page(
    State(console): Shared,
    Path(execution): Path<String>,
    headers: HeaderMap,
) -> Answer {
    console.play(&execution, "", &headers).await
}

async fn player_file(
    State(console): Shared,
    Path((execution, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    console.play(&execution, &path, &headers).await
}
