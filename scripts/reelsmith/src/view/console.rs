//! `reelsmith console`: what the console of Step Functions shows, for a stack that has none: executions, the graph of the
//! state machine coloured by state, events, inputs and outputs, the items of every Map, and the way to player and report.

mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use clap::Args;
use reelsmith_aws::operate::{
    ExecutionStatus, ExecutionSummary, HistoryEvent, HistoryKind, execution_arn,
};
use reelsmith_core::ports::is_execution_name;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::Project;
use crate::error::{Exit, Trouble};
use crate::job::target::{Target, Where};
use crate::view::play::{Output, Player};
use crate::view::web::{self, Asked, Reply, Server, Site};
use work::Work;

/// Executions that are listed.
const LISTED: usize = 100;

/// How to serve it.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// Port on 127.0.0.1; any that is free where not given.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub port: u16,
    /// Opens the page in the usual browser.
    #[arg(long)]
    pub open: bool,
}

/// Serves the page until the person ends it; for a deployment in AWS, tells where AWS's own is. `say` gets the address.
///
/// # Errors
/// Where there is no deployment or the port is taken.
pub async fn console(at: &Where, request: &Request, say: impl Fn(&str)) -> Result<Exit, Trouble> {
    let project = Project::find()?;
    let target = at.find(&project).await?;
    if let Some(url) = of_aws(&target) {
        say(&url);
        if request.open {
            web::open_browser(&url)?;
        }
        return Ok(Exit::Done);
    }
    // Whoever gets an address can rely on it: what it shows is asked for first.
    let described = target.describe();
    let site = Arc::new(Console::of(target).await?);
    let server = Server::bind(request.port).await?;
    let url = server.url();
    say(&format!("console of {described} at {url}"));
    say("Ctrl-C ends it");
    if request.open {
        web::open_browser(&url)?;
    }
    tokio::select! {
        () = server.serve(site) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(Exit::Done)
}

/// AWS's page of the state machine: that of an execution with the machine's place in its address.
fn of_aws(target: &Target) -> Option<String> {
    let machine = &target.names.state_machine_arn;
    let url = target.console_url(machine)?;
    Some(url.replace("/v2/executions/details/", "/statemachines/view/"))
}

/// The pages of one deployment.
pub struct Console {
    target: Target,
    definition: serde_json::Value,
    players: Mutex<BTreeMap<String, Arc<Player>>>,
    work: Mutex<BTreeMap<String, Work>>,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    status: &'static str,
    started_ms: i64,
    stopped_ms: Option<i64>,
}

impl From<&ExecutionSummary> for Listed {
    fn from(summary: &ExecutionSummary) -> Self {
        Self {
            name: summary.name.clone(),
            status: match summary.status {
                ExecutionStatus::Running => "running",
                ExecutionStatus::Succeeded => "succeeded",
                ExecutionStatus::Failed => "failed",
                ExecutionStatus::TimedOut => "timed out",
                ExecutionStatus::Aborted => "aborted",
            },
            started_ms: summary.started_ms,
            stopped_ms: summary.stopped_ms,
        }
    }
}

#[derive(Serialize)]
struct Described {
    #[serde(flatten)]
    summary: Listed,
    arn: String,
    input: String,
    output: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Event {
    Entered {
        id: i64,
        at_ms: i64,
        state: String,
    },
    Exited {
        id: i64,
        at_ms: i64,
        state: String,
        output: String,
    },
    Failed {
        id: i64,
        at_ms: i64,
        error: String,
        cause: String,
    },
}

impl From<HistoryEvent> for Event {
    fn from(event: HistoryEvent) -> Self {
        let (id, at_ms) = (event.id, event.at_ms);
        match event.kind {
            HistoryKind::Entered { state } => Self::Entered { id, at_ms, state },
            HistoryKind::Exited { state, output } => Self::Exited {
                id,
                at_ms,
                state,
                output,
            },
            HistoryKind::TaskFailed { error, cause } => Self::Failed {
                id,
                at_ms,
                error,
                cause,
            },
        }
    }
}

type Answer = Result<Reply, Trouble>;

impl Console {
    /// The console of a deployment; the state machine is drawn as it is deployed, whatever the checkout says by now.
    async fn of(target: Target) -> Result<Self, Trouble> {
        let machine = &target.names.state_machine_arn;
        let text = target.operations.definition(machine).await?;
        let definition = serde_json::from_str(&text).map_err(|e| {
            Trouble::new(
                format!("read the definition of {machine}"),
                e.to_string(),
                "`reelsmith up` deploys it anew",
            )
        })?;
        Ok(Self {
            target,
            definition,
            players: Mutex::default(),
            work: Mutex::default(),
        })
    }

    fn arn(&self, name: &str) -> String {
        execution_arn(&self.target.names.state_machine_arn, name)
    }

    async fn api(&self, what: &str, request: &Asked) -> Answer {
        match what {
            "overview" => Ok(self.overview().await),
            "definition" => Ok(Reply::json(&self.definition)),
            "executions" => self.executions().await,
            _ => match request.query.get("execution") {
                Some(name) if is_execution_name(name) => {
                    self.of_execution(what, name, request).await
                }
                _ => Ok(Reply::not_found("such question")),
            },
        }
    }

    async fn overview(&self) -> Reply {
        let names = &self.target.names;
        let mut queues = Vec::new();
        for queue in [&names.manifest_queue, &names.dead_letter_queue] {
            let depth = self.target.operations.queue_depth(queue).await;
            if let Ok(Some((waiting, hidden))) = depth {
                let depth =
                    serde_json::json!({"name": queue, "waiting": waiting, "hidden": hidden});
                queues.push(depth);
            }
        }
        let place = self.target.place.to_string();
        Reply::json(
            &serde_json::json!({"place": place, "stack": self.target.stack, "queues": queues}),
        )
    }

    async fn executions(&self) -> Answer {
        let machine = &self.target.names.state_machine_arn;
        let all = self.target.operations.executions(machine, LISTED).await?;
        Ok(Reply::json(
            &all.iter().map(Listed::from).collect::<Vec<_>>(),
        ))
    }

    async fn of_execution(&self, what: &str, name: &str, request: &Asked) -> Answer {
        let arn = self.arn(name);
        match what {
            "execution" => {
                let Some(view) = self.target.operations.execution(&arn).await? else {
                    return Ok(Reply::not_found(name));
                };
                Ok(Reply::json(&Described {
                    summary: Listed::from(&view.summary),
                    arn: view.summary.arn,
                    input: view.input,
                    output: view.output,
                    error: view.error,
                    cause: view.cause,
                }))
            }
            "history" => {
                let after = request.number("after").unwrap_or(0);
                let events = self.target.operations.history(&arn, after).await?;
                Ok(Reply::json(
                    &events.into_iter().map(Event::from).collect::<Vec<_>>(),
                ))
            }
            "maps" => self.maps(name, &arn).await,
            _ => Ok(Reply::not_found("such question")),
        }
    }

    /// Counts as the service has them, and the items as the workers' records tell of them.
    async fn maps(&self, name: &str, arn: &str) -> Answer {
        let runs = self.target.operations.map_runs(arn).await?;
        let mut all = self.work.lock().await;
        if !all.contains_key(name) {
            let history = self.target.operations.history(arn, 0).await?;
            if let Some(work) = Work::begin(&self.target, &history).await {
                all.insert(name.to_owned(), work);
            }
        }
        let items = match all.get_mut(name) {
            Some(work) => work.look(&self.target).await,
            None => BTreeMap::new(),
        };
        let runs = runs.iter().map(|run| {
            serde_json::json!({
                "label": run.label, "total": run.total, "succeeded": run.succeeded, "failed": run.failed, "running": run.running,
                "items": items.get(run.label.as_str()),
            })
        });
        Ok(Reply::json(&runs.collect::<Vec<_>>()))
    }

    /// The player of what an execution has published.
    async fn player(&self, name: &str) -> Result<Arc<Player>, Trouble> {
        let mut players = self.players.lock().await;
        if let Some(player) = players.get(name) {
            return Ok(player.clone());
        }
        let output = Output::of_job(&self.target, Some(name)).await?;
        let player = Arc::new(Player::new(output).await);
        players.insert(name.to_owned(), player.clone());
        Ok(player)
    }

    async fn job(&self, rest: &str, request: &Asked) -> Answer {
        let Some((name, path)) = rest
            .split_once('/')
            .filter(|(name, _)| is_execution_name(name))
        else {
            return Ok(Reply::not_found("such job"));
        };
        let asked = Asked {
            path: path.to_owned(),
            ..request.clone()
        };
        Ok(self.player(name).await?.answer(&asked).await)
    }

    async fn route(&self, request: &Asked) -> Answer {
        let path = request.path.as_str();
        if let Some(what) = path.strip_prefix("api/") {
            return self.api(what, request).await;
        }
        if let Some(rest) = path.strip_prefix("job/") {
            return self.job(rest, request).await;
        }
        let path = if path.is_empty() {
            "console/index.html"
        } else {
            path
        };
        Ok(web::page(path))
    }
}

#[async_trait]
impl Site for Console {
    async fn answer(&self, request: &Asked) -> Reply {
        let answer = self.route(request).await;
        answer.unwrap_or_else(|trouble| Reply::trouble(502, &trouble))
    }
}
