//! What each command does.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use reelsmith_aws::Sdk;
use reelsmith_aws::operate::Cloud;
use reelsmith_media::Tools;

use super::{Command, Deploy, ManifestCommand, New, Run, jobs};
use crate::commands::run::{Ended, Request, run};
use crate::commands::{doctor, estimate, list, manifest, rules, sign, simulate, validate};
use crate::error::{Exit, Name, Trouble};
use crate::job::deliver;
use crate::job::fetch::report;
use crate::job::target::{Place, Target, Where};
use crate::stack::deploy::{Deployment, Options, deploy, rendered};
use crate::stack::sample;
use crate::stack::settings::Override;
use crate::stack::{REGION, StackState};
use crate::view::follow::Display;
use crate::{Project, stack};

pub(super) type Done = Result<Exit, Trouble>;

pub async fn carry_out(at: &Where, command: Command) -> Done {
    match command {
        Command::Up(args) => up(at, args).await,
        Command::Down => down().await,
        Command::Status => status(at).await,
        Command::Run(args) => run_job(at, args).await,
        Command::Submit(request) => jobs::submit(at, &request).await,
        Command::List(request) => jobs::list(at, &request).await,
        Command::Show(request) => jobs::show(at, &request).await,
        Command::Watch(request) => jobs::watch(at, &request).await,
        Command::Logs(request) => jobs::logs(at, &request).await,
        Command::Cancel(request) => jobs::cancel(at, &request).await,
        Command::Redrive(request) => jobs::redrive(at, &request).await,
        Command::Fetch(request) => jobs::fetch(at, request).await,
        Command::Estimate(request) => {
            let estimated = estimate::estimate(&request)?;
            say(&estimate::print(&estimated, request.json));
            Ok(Exit::Done)
        }
        Command::Report(request) => jobs::report(at, &request).await,
        Command::Doctor(request) => {
            let findings = doctor::examine(&Project::find()?).await;
            say(&doctor::print(&findings, &request));
            Ok(doctor::exit(&findings))
        }
        Command::Manifest(ManifestCommand::New(args)) => new_manifest(&args),
        Command::Manifest(ManifestCommand::Check { manifest }) => check_manifest(&manifest),
        Command::Validate(request) => validated(at, &request).await,
        Command::Play(request) => crate::view::play::play(at, &request, say).await,
        Command::Console(request) => crate::view::console::console(at, &request, say).await,
        Command::Rules(request) => {
            say(&rules::show(&request)?);
            Ok(Exit::Done)
        }
        Command::Sign(request) => {
            say(&sign::sign(&request, jiff::Timestamp::now())?);
            Ok(Exit::Done)
        }
        Command::Simulate(request) => {
            say(&simulate::show(&request)?);
            Ok(Exit::Done)
        }
        Command::Render(args) => render(args),
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut super::command(),
                "reelsmith",
                &mut std::io::stdout(),
            );
            Ok(Exit::Done)
        }
    }
}

/// Results go to standard output; whoever closed it does not want them.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

async fn up(at: &Where, args: Deploy) -> Done {
    let project = Project::find()?;
    let (state, cloud, deployment) =
        bring_up(&project, at, args.set, &mut Display::default()).await?;
    say(&format!("endpoint       {}", state.endpoint()));
    if let Some(beside) = &state.encoder {
        say(&format!(
            "mediaconvert   {} (stand-in)",
            stack::endpoint(beside.port)
        ));
    }
    say(&format!("input bucket   {}", deployment.input_bucket));
    say(&format!("output bucket  {}", deployment.output_bucket));
    say(&format!("state machine  {}", deployment.state_machine_arn));
    say(&format!(
        "\nAWS_ENDPOINT_URL={} AWS_REGION={} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test aws s3 ls",
        state.endpoint(),
        cloud.region()
    ));
    Ok(Exit::Done)
}

async fn bring_up(
    project: &Project,
    at: &Where,
    set: Vec<Override>,
    display: &mut Display,
) -> Result<(StackState, Cloud, Deployment), Trouble> {
    if !at.may_be_local() {
        return Err(Trouble::new(
            "start the local stack",
            "another environment is named",
            "leave out --environment; a deployment in AWS is made by Terraform: docs/deploy.md",
        ));
    }
    let began = Instant::now();
    // Two commands at once would start two stacks and deploy into each other.
    let _lock = stack::lock(project)?;
    let (state, fresh) = stack::up(project).await?;
    let started = if fresh { "started" } else { "running" };
    display.line(&format!(
        "local stack {started} at {} (pid {})",
        state.endpoint(),
        state.pid
    ));
    let cloud = Cloud::new(&Sdk::emulator(&state.endpoint()).await);
    let options = Options {
        deployment: at.stack_name(),
        overrides: set,
        ..Options::default()
    };
    let deployment = deploy(project, &cloud, &options).await?;
    let changed = match deployment.changed.len() {
        0 => "nothing changed".to_owned(),
        n if n > 4 => format!("{n} changed"),
        _ => format!("changed: {}", deployment.changed.join(", ")),
    };
    display.line(&format!(
        "deployed in {:.1} s: {changed}",
        began.elapsed().as_secs_f32()
    ));
    Ok((state, cloud, deployment))
}

async fn down() -> Done {
    let project = Project::find()?;
    let _lock = stack::lock(&project)?;
    let text = if stack::down(&project).await? {
        "ended the local stack"
    } else {
        "the local stack is not running"
    };
    say(text);
    Ok(Exit::Done)
}

async fn status(at: &Where) -> Done {
    let project = Project::find()?;
    let target = match at.find(&project).await {
        Ok(target) => target,
        // Without settings for AWS there is nothing but the local stack to ask for.
        Err(e) if matches!(e.name, Name::StackNotRunning) || at.environment.is_none() => {
            say("the local stack is not running: `reelsmith up` starts it");
            return Ok(Exit::Failed);
        }
        Err(e) => return Err(e),
    };
    say(&target.describe());
    if let (true, Some(state)) = (target.is_local(), stack::running(&project).await) {
        say(&format!("pid {}, started {}", state.pid, state.started));
    }
    for queue in [
        &target.names.manifest_queue,
        &target.names.dead_letter_queue,
    ] {
        if let Some((waiting, hidden)) = target.operations.queue_depth(queue).await? {
            say(&format!(
                "queue {queue}: {waiting} waiting, {hidden} being worked on"
            ));
        }
    }
    let request = list::Request {
        status: None,
        limit: 10,
        json: false,
    };
    let entries = list::list(&target, &request).await?;
    say(&list::print(&entries, &request));
    Ok(Exit::Done)
}

async fn run_job(at: &Where, args: Run) -> Done {
    let project = Project::find()?;
    let mut display = Display::default();
    let manifest = match &args.manifest {
        Some(manifest) if manifest.is_file() => manifest.clone(),
        Some(manifest) => {
            return Err(Trouble::file(
                "read the manifest",
                manifest,
                &"no such file",
            ));
        }
        None => sample::usual(&project, &tools()?)?.manifest,
    };
    let target = if at.may_be_local() {
        let (state, cloud, names) = bring_up(&project, at, args.deploy.set, &mut display).await?;
        Target::new(
            &cloud,
            Place::Local(state.endpoint()),
            &at.stack_name(),
            names,
        )
    } else {
        jobs::target(at, &project).await?
    };
    let request = Request {
        delivery: deliver::Request {
            manifest,
            mezzanine: args.mezzanine,
        },
        out: args.out.unwrap_or_else(|| project.local("out")),
    };
    match run(&target, &request, &mut display).await? {
        Ended::Failed { failed, execution } => {
            let text = format!("FAILED {}\n\nexecution {execution}", failed.describe());
            let _ = writeln!(std::io::stderr(), "\n{text}");
            Ok(Exit::Failed)
        }
        complete => summarise(&complete),
    }
}

fn summarise(ended: &Ended) -> Done {
    let Ended::Complete {
        published,
        fetched,
        workers,
        execution,
        took,
    } = ended
    else {
        return Ok(Exit::Failed);
    };
    let outputs = &published.outputs;
    let how = if published.encoded {
        "encoded by this execution"
    } else {
        "encoded before: not encoded again"
    };
    say(&format!("\nCOMPLETE {} ({how})", published.asset));
    say(&format!("job         {}", published.job_key));
    say(&format!("execution   {execution}"));
    say(&format!("seconds     {:.1}", took.as_secs_f64()));
    say(&format!("workers     {workers}"));
    say(&format!("report      {}", fetched.report().display()));
    say(&format!(
        "HLS         {}",
        fetched.local(outputs, &outputs.hls).display()
    ));
    if let Some(dash) = &outputs.dash {
        say(&format!(
            "DASH        {}",
            fetched.local(outputs, dash).display()
        ));
    }
    say(&format!(
        "files       {} ({} bytes)",
        fetched.files, fetched.bytes
    ));
    say(&format!("\n{}", report(fetched)?.trim_end()));
    Ok(Exit::Done)
}

pub(crate) fn tools() -> Result<Tools, Trouble> {
    Tools::locate(None, None).map_err(|e| {
        Trouble::new(
            "find ffmpeg and ffprobe",
            e.to_string(),
            "run scripts/setup; `reelsmith doctor` tells what else is missing",
        )
        .named(Name::ToolMissing)
    })
}

fn new_manifest(args: &New) -> Done {
    if !args.file.is_file() {
        return Err(Trouble::file(
            "read the media file",
            &args.file,
            &"no such file",
        ));
    }
    let xml = manifest::describe(&tools()?, &args.file, &args.titles)?;
    let to = args
        .out
        .clone()
        .unwrap_or_else(|| args.file.with_extension("xml"));
    if to == Path::new("-") {
        say(xml.trim_end());
        return Ok(Exit::Done);
    }
    if to.exists() && !args.force {
        let action = format!("write {}", to.display());
        return Err(Trouble::new(
            action,
            "it is there already",
            "give --force to write over it, or --out another name",
        ));
    }
    std::fs::write(&to, xml).map_err(|e| Trouble::file("write", &to, &e))?;
    say(&format!(
        "wrote {}\nscripts/run-local {} {}",
        to.display(),
        to.display(),
        args.file.display()
    ));
    Ok(Exit::Done)
}

fn check_manifest(path: &Path) -> Done {
    let (_, parsed) = manifest::read(path)?;
    let (lines, exit) = manifest::verdict(path, &parsed);
    lines.iter().for_each(|line| say(line));
    if exit == Exit::Done {
        say(&format!("{}: can be run", path.display()));
    }
    Ok(exit)
}

fn render(args: Deploy) -> Done {
    let options = Options {
        overrides: args.set,
        ..Options::default()
    };
    say(rendered(&Project::find()?, &options, REGION)?.trim_end());
    Ok(Exit::Done)
}

async fn validated(at: &Where, request: &validate::Request) -> Done {
    let validated = validate::validate(at, request).await?;
    for note in &validated.notes {
        let _ = writeln!(std::io::stderr(), "note: {note}");
    }
    say(validated.print(request.format, &request.target).trim_end());
    Ok(validated.exit())
}
