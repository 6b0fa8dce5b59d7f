//! The command as people type it, with its own stack: the output and the exit code of every command.

#![allow(
    clippy::disallowed_methods,
    reason = "a test reads its options from the environment and starts programs"
)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod checkout;
mod covered;

use reelsmith::Project;

use checkout::{Checkout, film};

const SETTINGS: [&str; 6] = [
    "--set",
    "PROFILE=draft",
    "--set",
    "MOCK_MODE=true",
    "--set",
    "MAX_CONCURRENCY=2",
];

#[test]
fn without_a_stack_every_command_shows_a_remedy() {
    let checkout = Checkout::new();
    let all: Vec<String> = [
        &["status"][..],
        &["list"],
        &["show", "film"],
        &["watch"],
        &["logs"],
        &["report"],
        &["cancel", "film"],
        &["redrive", "film"],
        &["fetch"],
        &["play"],
        &["console"],
        &["validate", "s3://some-bucket/film/"],
        &[
            "validate",
            "s3://some-bucket/film/",
            "--environment",
            "local",
        ],
        &[
            "validate",
            "s3://some-bucket/film/",
            "--environment",
            "prod",
        ],
        &["list", "--environment", "local"],
        &["list", "--environment", "prod"],
        &["up", "--environment", "aws"],
        &["submit", "absent.xml", "--environment", "local"],
        &["run", "absent.xml"],
        &["fly"],
        &["down", "now"],
        &["down"],
    ]
    .into_iter()
    .map(|arguments| checkout.output(arguments))
    .collect();
    insta::assert_snapshot!(all.join("\n"));
}

/// Commands that need no deployment: their output and their errors.
#[test]
fn commands_without_a_deployment() {
    let checkout = Checkout::new();
    film(&checkout, "film");
    let samples = Project::find().unwrap().path("sample-data/manifests");
    std::os::unix::fs::symlink(samples, checkout.path().join("samples")).unwrap();
    let all: Vec<String> = [
        &["rules", "HLS-P02"][..],
        &["rules", "HLS-X99"],
        &["simulate", "--workers", "10,100"],
        &["simulate", "--workers", "many"],
        &["estimate", "film.xml", "--set", "PROFILE=draft"],
        &["plan", "samples/good/episode-01.xml"],
        &["estimate", "absent.xml"],
        &["estimate", "samples/bad/many-defects.xml"],
        &["manifest", "new", "film.mp4"],
        &["manifest", "new", "film.mp4", "--out", "again.xml"],
        &["manifest", "new", "absent.mp4"],
        &["manifest", "check", "film.xml"],
        &["manifest", "check", "samples/bad/many-defects.xml"],
        &["manifest", "check", "absent.xml"],
        &["validate", "absent"],
        &["play", "absent", "--environment", "local"],
        &["render", "--set", "COLOUR=red"],
        &["up", "--set", "COLOUR=red"],
        &["up", "--set", "PROFILE=ultra"],
        &["run", "film.xml", "--set", "PROFILE=ultra"],
        &["simulate", "--profile", "ultra"],
        &["completions", "tcsh"],
        &["doctor", "now"],
    ]
    .into_iter()
    .map(|arguments| checkout.output(arguments))
    .collect();
    // Of long output, only lines that are equal on every machine.
    let only = |words: &'static [&'static str]| {
        move |line: &str| {
            let begins = words.iter().any(|w| line.trim_start().starts_with(w));
            begins.then(|| line.to_owned())
        }
    };
    let cut = [
        checkout.lines(&["rules"], only(&["HLS-P0"])),
        checkout.lines(&["render"], only(&["\"StartAt\": \"Parse"])),
        checkout.lines(&["completions", "bash"], only(&["_reelsmith() {"])),
    ];
    insta::assert_snapshot!(all.into_iter().chain(cut).collect::<Vec<_>>().join("\n"));
}

/// `doctor` prints every check with its status, and with a remedy for everything that is missing.
#[test]
fn doctor_prints_every_check() {
    let checkout = Checkout::new();
    let output = checkout.run(&["doctor", "--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<serde_json::Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let whats: Vec<&str> = found.iter().map(|f| f["what"].as_str().unwrap()).collect();
    insta::assert_snapshot!(whats.join("\n"));
    let missing = found.iter().any(|f| f["standing"] == "missing");
    assert_eq!(
        output.status.code(),
        Some(if missing { 2 } else { 0 }),
        "{text}"
    );
    for finding in &found {
        let sound = finding["standing"] == "good";
        assert_eq!(finding["remedy"].is_string(), !sound, "{finding}");
    }
}

#[test]
fn a_job_from_manifest_to_report() {
    let checkout = Checkout::new();
    film(&checkout, "film");
    let mut outputs = vec![checkout.output(&[&["up"][..], &SETTINGS].concat())];
    // Submit and watch as a script does.
    let name = checkout.out(&["submit", "film.xml"]);
    let name = name.trim();
    let events = checkout.out(&["watch", name, "--json"]);
    let events: Vec<serde_json::Value> = events
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["status"]),
        (&"ended".into(), &"succeeded".into()),
        "{last}"
    );
    assert!(
        events
            .iter()
            .any(|e| e["event"] == "progress" && e["total"].as_u64() > Some(0))
    );
    // The same manifest again is a duplicate.
    let again = checkout.out(&["submit", "film.xml"]);
    checkout.out(&["watch", again.trim(), "--plain"]);
    let shown: serde_json::Value =
        serde_json::from_str(&checkout.out(&["show", again.trim(), "--json"])).unwrap();
    assert_eq!(shown["execution"]["decision"], "DUPLICATE_COMPLETE");
    let key = shown["job"]["job_key"].as_str().unwrap().to_owned();
    // A job that fails: its mezzanine does not match the manifest.
    let other = std::fs::read_to_string(checkout.path().join("film.xml")).unwrap();
    let other = other.replacen("<FileSizeBytes>", "<FileSizeBytes>1", 1);
    std::fs::write(checkout.path().join("other.xml"), other).unwrap();
    let failed = checkout.run(
        &["run", "other.xml", "--mezzanine", "film.mp4"]
            .iter()
            .chain(&SETTINGS)
            .copied()
            .collect::<Vec<_>>(),
    );
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    let stderr = String::from_utf8(failed.stderr).unwrap();
    assert!(stderr.contains("FAILED MezzanineSizeMismatch"), "{stderr}");

    let published = format!(
        "s3://reelsmith-output/outputs/{}/{key}/",
        shown_asset(&checkout, &key)
    );
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = port.local_addr().unwrap().port().to_string();
    let commands = [
        &["status"][..],
        &["show", name],
        &["report", &key[..8]],
        &["report", &key[..8], "--html", "page.html"],
        &["report", "other", "--html"],
        &["show", "other"],
        &["watch", name, "--plain"],
        &["watch", "other", "--plain"],
        &["list", "--status", "failed"],
        &["list", "--status", "odd"],
        &["logs", name, "--function", "publish-job"],
        &["logs", name, "--function", "dance"],
        &["fetch", &key[..8], "--out", "out"],
        &["fetch", "other"],
        &["validate", &published, "--environment", "local"],
        &["validate", "s3://reelsmith-output/none/"],
        &["submit", "absent.xml"],
        &["cancel", name],
        &["redrive", name],
        &["show", "absent"],
        &["watch", "absent"],
        &["report", "absent"],
        &["console", "--port", &taken],
    ];
    outputs.extend(commands.map(|arguments| checkout.output(arguments)));
    // The progress on standard error differs between runs.
    let run = [&["run", "film.xml", "--out", "out"][..], &SETTINGS].concat();
    outputs.push(checkout.results(&run));
    // Cancel a job that waits for its mezzanine.
    film(&checkout, "late");
    std::fs::remove_file(checkout.path().join("late.mp4")).unwrap();
    let late = checkout.out(&["submit", "late.xml"]);
    let late = late.trim();
    checkout.output_until(&["watch", late, "--json"], |line| {
        line.contains("MezzanineMissing")
    });
    let cancelled = checkout.output(&["cancel", late, "--reason", "wrong cut"]);
    outputs.push(cancelled.replace(late, "[late]"));
    outputs.push(checkout.output(&["redrive", "other"]));
    outputs.push(checkout.output(&["submit", "film.xml"]));
    let ends = |line: &str| line.contains("Ctrl-C");
    outputs.push(checkout.output_until(&["play", &key[..8]], ends));
    outputs.push(checkout.output_until(&["console"], ends));
    insta::assert_snapshot!(
        outputs
            .join("\n")
            .replace(&key, "[job]")
            .replace(&key[..8], "[key]")
            .replace(&taken, "[port]")
            .replace(name, "[film]")
    );
    let page = std::fs::read_to_string(checkout.path().join("page.html")).unwrap();
    for part in [
        "id=\"storyboard\"",
        "data:image/jpeg;base64,",
        "id=\"states\"",
        "<h3>Metrics</h3>",
    ] {
        assert!(page.contains(part), "the page has no {part}");
    }
    metrics(&checkout, name);
    let fetched = checkout
        .path()
        .join("out")
        .join(shown_asset(&checkout, &key))
        .join(&key);
    assert!(
        fetched.join("master.m3u8").is_file() && fetched.join("report.json").is_file(),
        "{fetched:?}"
    );
    // A failed job can run again, and fails again for the same reason.
    let redriven = checkout.out(&["redrive", "other"]);
    assert!(redriven.trim().ends_with("-r2"), "{redriven}");
    let watched = checkout.run(&["watch", redriven.trim(), "--plain"]);
    assert_eq!(watched.status.code(), Some(1));
    assert!(checkout.run(&["down"]).status.success());
}

/// Every number of docs/metrics.md exists, and those that cannot be 0 for this job are above 0.
fn metrics(checkout: &Checkout, name: &str) {
    let text = checkout.out(&["report", name, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let at = |pointer: &str| report.pointer(pointer).cloned().unwrap_or_default();
    for number in [
        "/latency/seconds",
        "/latency/programme_s",
        "/latency/speed",
        "/chunk_encode/median_s",
        "/chunk_encode/p95_s",
        "/chunk_encode/longest_s",
        "/chunk_encode/work_s",
        "/chunk_encode/gib_s",
        "/concurrency/peak",
        "/concurrency/mean",
        "/concurrency/workers",
        "/concurrency/span_s",
        "/state/events",
        "/state/events_per_piece",
        "/state/largest_bytes",
        "/state/checkpoint_bytes",
        "/state/checkpoint_bytes_per_piece",
        "/cost/total",
        "/cost/total_minute",
        "/cost/storage_month",
        "/cost/lines/0/cost_minute",
    ] {
        assert!(
            at(number).as_f64().is_some_and(|n| n > 0.0),
            "{number}: {}",
            at(number)
        );
    }
    // In mock mode, workers do not read the mezzanine.
    for there in [
        "/bytes_read/total",
        "/bytes_read/of_mezzanine",
        "/replay/redone_pieces",
        "/chunk_encode/cpu_s",
    ] {
        assert!(at(there).is_number(), "{there}: {}", at(there));
    }
    assert_eq!(at("/replay/resumes"), serde_json::json!([]));
    let sum: f64 = at("/cost/lines")
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["cost"].as_f64().unwrap())
        .sum();
    assert!(
        (sum - at("/cost/total").as_f64().unwrap()).abs() < 1e-9,
        "the bill is the sum of its lines"
    );
    let documented =
        std::fs::read_to_string(Project::find().unwrap().path("docs/metrics.md")).unwrap();
    for (group, value) in report.as_object().unwrap() {
        let Some(fields) = value.as_object() else {
            continue;
        };
        for field in fields.keys() {
            let explained = documented.contains(&format!("`{group}.{field}"))
                || documented.contains(&format!("`{field}`"));
            assert!(
                explained,
                "docs/metrics.md does not explain {group}.{field}"
            );
        }
    }
}

fn shown_asset(checkout: &Checkout, key: &str) -> String {
    let shown = checkout.out(&["show", key, "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    shown["job"]["asset"].as_str().unwrap().to_owned()
}
