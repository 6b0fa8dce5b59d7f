//! `reelsmith play`: a page that plays an output with hls.js and Shaka Player and shows what the players do.

mod output;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use clap::Args;
use serde::Serialize;

use crate::error::CommandResult;
use crate::job::connection::DeploymentArgs;
use crate::view::web::{self, Media, PageArgs};
pub use output::PlayableOutput;

#[derive(Args, Clone, Debug)]
pub struct PlayArgs {
    /// A folder or s3://bucket/prefix/ that contains HLS, DASH or both; or a job: an execution, a job key, a title, or the
    /// beginning of one of them. Default: the newest job.
    #[arg(value_name = "JOB|DIR|S3-PREFIX")]
    pub output: Option<String>,
    #[command(flatten)]
    pub page: PageArgs,
}

/// Serves the page until Ctrl-C.
pub async fn run(deployment: &DeploymentArgs, args: &PlayArgs) -> CommandResult {
    let output = PlayableOutput::find(deployment, args.output.as_deref()).await?;
    let title = format!("playing {}", output.name);
    let pages = Router::new()
        .route("/", get(start_page))
        .route("/{*path}", get(other_page))
        .with_state(Player::new(output).await);
    args.page.serve(&title, pages).await
}

async fn start_page() -> Response {
    web::page(START_PAGE)
}

async fn other_page(
    State(player): State<Player>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    player.answer(&path, &headers).await
}

const START_PAGE: &str = "play/index.html";

/// What the page loads first: the paths of everything, relative to the page.
#[derive(Clone, Debug, Serialize)]
struct OutputPaths {
    name: String,
    hls: Option<String>,
    dash: Option<String>,
    report: Option<String>,
}

/// The pages and media of one output.
#[derive(Clone)]
pub struct Player {
    media: Media,
    paths: OutputPaths,
}

impl Player {
    pub async fn new(output: PlayableOutput) -> Self {
        let below = |name: String| format!("media/{name}");
        let has_report = output.media.has("report.html").await;
        let paths = OutputPaths {
            name: output.name,
            hls: output.hls.map(below),
            dash: output.dash.map(below),
            report: has_report.then(|| below("report.html".to_owned())),
        };
        Self {
            media: output.media,
            paths,
        }
    }

    /// The answer to a request for a path below the start page.
    pub async fn answer(&self, path: &str, headers: &HeaderMap) -> Response {
        match path.strip_prefix("media/") {
            Some(object) => self.media.answer(object, headers).await,
            None if path == "api/output" => web::json(&self.paths),
            None if path.is_empty() => web::page(START_PAGE),
            None => web::page(path),
        }
    }
}
