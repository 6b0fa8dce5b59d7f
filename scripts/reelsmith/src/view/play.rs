//! `reelsmith play`: a page that plays an output with the players people embed, and shows what they do.

mod target;

use std::sync::Arc;

use async_trait::async_trait;
use clap::Args;
use serde::Serialize;

use crate::error::{Exit, Trouble};
use crate::job::target::Where;
use crate::view::web::{Asked, Media, Reply, Server, Site, page};
pub use target::Output;

/// What is to be played.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// A folder or s3://bucket/prefix/ that holds HLS, DASH or both; or a job by its execution, key, title, or the beginning
    /// of one of them. The newest job where not given.
    #[arg(value_name = "JOB|DIR|S3-PREFIX")]
    pub what: Option<String>,
    /// Port on 127.0.0.1; any that is free where not given.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub port: u16,
    /// Opens the page in the usual browser.
    #[arg(long)]
    pub open: bool,
}

/// Serves the page until the person ends it. `say` gets its address.
///
/// # Errors
/// Where there is nothing to play or the port is taken.
pub async fn play(at: &Where, request: &Request, say: impl Fn(&str)) -> Result<Exit, Trouble> {
    let target = target::find(at, request.what.as_deref()).await?;
    let server = Server::bind(request.port).await?;
    let url = server.url();
    say(&format!("playing {} at {url}", target.name));
    say("Ctrl-C ends it");
    if request.open {
        crate::view::web::open_browser(&url)?;
    }
    let site = Arc::new(Player::new(target).await);
    tokio::select! {
        () = server.serve(site) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(Exit::Done)
}

/// What the page asks for first: where everything is, relative to the page.
#[derive(Clone, Debug, Serialize)]
struct Described {
    name: String,
    hls: Option<String>,
    dash: Option<String>,
    report: Option<String>,
}

/// The pages and media of one output.
pub struct Player {
    media: Media,
    described: Described,
}

impl Player {
    /// The player of an output.
    pub async fn new(target: Output) -> Self {
        let at = |name: String| format!("media/{name}");
        let has_report = target.media.has("report.html").await;
        let described = Described {
            name: target.name,
            hls: target.hls.map(at),
            dash: target.dash.map(at),
            report: has_report.then(|| "media/report.html".to_owned()),
        };
        Self {
            media: target.media,
            described,
        }
    }
}

#[async_trait]
impl Site for Player {
    async fn answer(&self, request: &Asked) -> Reply {
        match request.path.as_str() {
            "api/output" => Reply::json(&self.described),
            path => match path.strip_prefix("media/") {
                Some(object) => self.media.answer(object, request).await,
                None => page(if path.is_empty() {
                    "play/index.html"
                } else {
                    path
                }),
            },
        }
    }
}
