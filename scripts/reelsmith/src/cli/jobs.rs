//! What the commands about jobs do: find the deployment, say which it is, ask, print.

use std::io::Write;

use super::commands::{Done, say};
use super::{Fetch, Watch};
use crate::Project;
use crate::commands::{cancel, list, logs, report, show};
use crate::error::{Exit, Name, Trouble};
use crate::job::outcome::Outcome;
use crate::job::subject::{About, Subject};
use crate::job::target::{Target, Where};
use crate::job::{deliver, fetch};
use crate::view::follow::{Display, Follower, Style};

/// Finds the deployment and says which it is.
pub(super) async fn target(at: &Where, project: &Project) -> Result<Target, Trouble> {
    let target = at.find(project).await?;
    note(&target.describe());
    Ok(target)
}

async fn found(at: &Where) -> Result<Target, Trouble> {
    target(at, &Project::find()?).await
}

/// What is not a result goes to standard error.
fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

pub(super) async fn submit(at: &Where, request: &deliver::Request) -> Done {
    let target = found(at).await?;
    let view = deliver::submit(&target, request, &mut Display::new(Style::Plain)).await?;
    say(&view.summary.name);
    Ok(Exit::Done)
}

pub(super) async fn list(at: &Where, request: &list::Request) -> Done {
    let entries = list::list(&found(at).await?, request).await?;
    say(&list::print(&entries, request));
    Ok(Exit::Done)
}

pub(super) async fn show(at: &Where, request: &About) -> Done {
    let shown = show::show(&found(at).await?, request).await?;
    say(&show::print(&shown, request.json));
    Ok(Exit::Done)
}

pub(super) async fn watch(at: &Where, request: &Watch) -> Done {
    let target = found(at).await?;
    let subject = Subject::find(&target, request.job.as_deref()).await?;
    let style = match (request.json, request.plain) {
        (true, _) => Style::Json,
        (_, true) => Style::Plain,
        _ => Style::Auto,
    };
    let follower = Follower::new(&target, subject.execution()?);
    let ended = follower.to_the_end(&mut Display::new(style)).await?;
    match Outcome::of(&ended)? {
        Outcome::Failed(failed) => {
            note(&format!("\nFAILED {}", failed.describe()));
            Ok(Exit::Failed)
        }
        Outcome::Elsewhere(other) => {
            note(&format!("the job is being encoded by {other}"));
            Ok(Exit::Done)
        }
        Outcome::Complete(published) => {
            let outputs = published.outputs;
            note(&format!("COMPLETE s3://{}/{}", outputs.bucket, outputs.hls));
            Ok(Exit::Done)
        }
    }
}

pub(super) async fn logs(at: &Where, request: &logs::Request) -> Done {
    let lines = logs::logs(&found(at).await?, request).await?;
    say(&logs::print(&lines, request));
    Ok(Exit::Done)
}

pub(super) async fn report(at: &Where, request: &report::Request) -> Done {
    let (reported, written) = report::report(&found(at).await?, request).await?;
    match written {
        Some(page) => say(&page),
        None => say(&report::print(&reported, request.about.json)),
    }
    Ok(Exit::Done)
}

pub(super) async fn cancel(at: &Where, request: &cancel::Cancel) -> Done {
    let done = cancel::cancel(&found(at).await?, request).await?;
    done.iter().for_each(|line| say(line));
    Ok(Exit::Done)
}

pub(super) async fn redrive(at: &Where, request: &cancel::Redrive) -> Done {
    let (name, done) = cancel::redrive(&found(at).await?, request).await?;
    done.iter().for_each(|line| note(line));
    say(&name);
    Ok(Exit::Done)
}

pub(super) async fn fetch(at: &Where, request: Fetch) -> Done {
    let project = Project::find()?;
    let target = target(at, &project).await?;
    let subject = Subject::find(&target, request.job.as_deref()).await?;
    let outputs = subject.row.as_ref().and_then(|r| r.outputs.as_ref());
    let outputs = outputs.ok_or_else(|| {
        Trouble::new(
            "fetch the outputs",
            "the job has published nothing (yet)",
            "`reelsmith show` tells where it stands",
        )
        .named(Name::NothingPublished)
    })?;
    let out = request.out.unwrap_or_else(|| project.local("out"));
    let fetched = fetch::fetch(&target, outputs, &out).await?;
    note(&format!(
        "fetched {} files ({} bytes)",
        fetched.files, fetched.bytes
    ));
    say(&fetched.folder.display().to_string());
    Ok(Exit::Done)
}
