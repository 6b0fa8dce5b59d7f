//! Plays outputs in a real browser: Chromium, with hls.js and Shaka Player on the page of `reelsmith play`. Screenshots and the
//! table of results are kept in `target/browser`.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test ends where something is not as it must be, and shows its table"
)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use reelsmith::Project;
use reelsmith_tests::delivery::{Caption, Delivery};
use reelsmith_tests::media;
use reelsmith_tests::world::World;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const CAPTIONS: &str = "1\n00:00:01,000 --> 00:00:03,500\nFirst line\n\n2\n00:00:05,000 --> 00:00:06,000\n<i>Second</i> & last\n";
/// Time limit for all playbacks on a busy machine.
const PATIENCE: Duration = Duration::from_secs(420);

/// A reelsmith command that serves a page; it ends when dropped.
struct Page {
    _child: Child,
    url: String,
}

impl Page {
    async fn of(endpoint: &str, arguments: &[&str]) -> Self {
        let mut command = reelsmith(endpoint, arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap_or_default();
        // The URL of the page is the last one in the line; the URL of the stack may come before it.
        let url = line.split(' ').rfind(|word| word.starts_with("http://"));
        Self {
            url: url.expect("an address in the first line").to_owned(),
            _child: child,
        }
    }
}

/// A command for the deployment behind an endpoint, as an operator of AWS would enter it.
fn reelsmith(endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(Project::find().unwrap().binary("reelsmith"));
    command
        .args(["--environment", "aws"])
        .args(arguments)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .kill_on_drop(true);
    command
}

/// Writes the report page of a job to a file.
async fn page_of(endpoint: &str, asset: &str) -> PathBuf {
    std::fs::create_dir_all(artefacts()).unwrap();
    let file = artefacts().join("report-offline.html");
    let arguments = ["report", asset, "--html", file.to_str().unwrap()];
    let made = reelsmith(endpoint, &arguments).output().await.unwrap();
    assert!(made.status.success(), "{made:?}");
    file
}

fn chromium() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named: Vec<_> = std::env::var_os("REELSMITH_CHROMIUM").into_iter().collect();
    let usual = ["chromium", "chromium-browser", "google-chrome"];
    let on_path = std::env::split_paths(&path).flat_map(|d| usual.map(|n| d.join(n)));
    let mut all = named.into_iter().map(PathBuf::from).chain(on_path);
    let found = all.find(|p| p.is_file());
    found.expect("a Chromium: scripts/setup --tests installs it, REELSMITH_CHROMIUM names another")
}

fn packages() -> PathBuf {
    let folder = Project::find().unwrap().local("browser/node_modules");
    assert!(
        folder.is_dir(),
        "the packages that drive a browser are missing: run scripts/setup --tests"
    );
    folder
}

fn artefacts() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("browser")
}

/// Runs the plan, prints the results and fails if one is bad.
async fn drive(plan: &Value) {
    let folder = artefacts();
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("plan.json");
    std::fs::write(&file, plan.to_string()).unwrap();
    let script = Project::find().unwrap().path("tests/browser/main.mjs");
    let run = Command::new("node")
        .arg(script)
        .arg(&file)
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run)
        .await
        .expect("in time")
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn standard() -> Delivery {
    let mut delivery = Delivery::of("browser", &std::fs::read(media::standard()).unwrap());
    delivery.captions = vec![Caption {
        language: "en",
        key: "captions/browser.srt".into(),
        body: CAPTIONS,
    }];
    delivery
}

/// A title with 29.97 frames per second, a shorter last segment and chunk, and an H.265 rung.
fn broadcast() -> Delivery {
    Delivery {
        languages: vec!["en"],
        ..Delivery::of("broadcast", &std::fs::read(media::broadcast()).unwrap())
    }
}

/// A title without audio.
fn silent() -> Delivery {
    Delivery {
        languages: vec![],
        ..Delivery::of("silent", &std::fs::read(media::silent()).unwrap())
    }
}

/// The number of states, including those inside Map and Parallel states.
fn states() -> usize {
    fn below(machine: &Value) -> usize {
        let states = machine["States"].as_object().unwrap();
        let inner = states.values().map(|state| {
            let branches = state["Branches"].as_array().into_iter().flatten();
            let items = state.get("ItemProcessor");
            branches.chain(items).map(below).sum::<usize>()
        });
        states.len() + inner.sum::<usize>()
    }
    let template = Project::find()
        .unwrap()
        .path("statemachine/transcode.asl.json");
    let text = std::fs::read_to_string(template).unwrap();
    let text = text.replace("${max_concurrency}", "1");
    below(&serde_json::from_str(&text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_play_to_the_end_in_chromium() {
    let (chromium, packages) = (chromium(), packages());
    let world = World::join("browser").await;
    let mut started = Vec::new();
    for delivery in [standard(), broadcast(), silent()] {
        started.push(world.deliver(&delivery).await);
    }
    let bad = Delivery {
        id: "wrong-size".to_owned(),
        size: standard().size + 1,
        ..standard()
    };
    let bad = world.deliver(&bad).await;
    let (mut pages, mut assets) = (Vec::new(), Vec::new());
    for execution in &started {
        let output = world.succeeded(execution).await;
        let asset = output["asset"].as_str().unwrap().to_owned();
        pages.push(Page::of(&world.endpoint, &["play", &asset]).await);
        assets.push(asset);
    }
    let offline = page_of(&world.endpoint, &assets[0]).await;
    let console_page = Page::of(&world.endpoint, &["console"]).await;
    let console = console_page.url.clone();
    assert_eq!(world.failed(&bad).await.0, "MezzanineSizeMismatch");
    let name = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
    drive(&json!({
        "report": {
            "url": format!("{}media/report.html", pages[0].url),
            // One line for each rung, and one for the workers.
            "plots": 5, "texts": ["PASS", "compared with the mezzanine", "Series browser", "video/h264_480p", "audio/ja", "LUFS", "Profile hash", "Storyboard"],
        },
        "offline": {
            "url": format!("file://{}", offline.display()),
            "plots": 5, "texts": ["PASS", "Storyboard", "ValidateOutput", "Metrics", "Checkpoints in S3"],
        },
        "console": {"url": console, "execution": name(&started[0]), "states": states()},
        "failure": {
            "url": console, "execution": name(&bad), "error": "MezzanineSizeMismatch", "state": "ValidateInput",
        },
        "chromium": chromium, "packages": packages, "artefacts": artefacts(),
        "outputs": [
            {
                "name": "standard", "url": pages[0].url, "seconds": 10, "frame": 1.0 / 24.0, "frames": media::FRAMES,
                "tones": {"ja": 440, "en": 880}, "cues": [["First line", 1, 3.5], ["Second & last", 5, 6]],
            },
            {
                "name": "broadcast", "url": pages[1].url, "seconds": 150.0 * 1001.0 / 30000.0, "frame": 1001.0 / 30000.0,
                "frames": media::BROADCAST_FRAMES,
            },
            {
                "name": "silent", "url": pages[2].url, "seconds": 5, "frame": 1.0 / 24.0, "frames": media::SILENT_FRAMES,
                "silent": true,
            },
        ],
    }))
    .await;
}
