//! A part of the corpus through the local stack, a mezzanine that is replaced during a job, and a search of all logs.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reelsmith_contract::ErrorName;
use reelsmith_core::object::ObjectRef;
use reelsmith_tests::delivery::Delivery;
use reelsmith_tests::hostile::{self, Bait, broken};
use reelsmith_tests::world::World;
use serde_json::Value;

/// The part of the corpus: one case of each kind, by name.
const PART: [&str; 9] = [
    "HLS to a file as mp4",
    "HLS to http inside a transport stream",
    "AVI with a GAB2 playlist",
    "ffconcat inside MP4",
    "DASH with BaseURL inside Matroska",
    "a track kept in http",
    "samples of one size, 2^32 of them",
    "a PNG of 65,535 squared",
    "20,000 tracks",
];

/// Time limit for all validations on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// Text that is markup, a log line, a format string or an escape sequence if it is not escaped. The parser rejects control
/// characters, so there are none.
const TITLE: &str = r#"</script><script>alert(1)</script> & "a" 'b' %n ${jndi:ldap://x} {{7*7}} \u0000 ]]> #EXT-X-ENDLIST"#;
/// The same for a label, in which a double quote is not allowed.
const LABEL: &str = "</Label><b>&'x',URI=y #EXT-X-ENDLIST";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn good(id: &str) -> Delivery {
    Delivery {
        languages: vec!["ja"],
        ..Delivery::of(id, &broken::whole()[0].bytes)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_fail_with_named_errors_and_the_next_job_escapes_markup() {
    let world = World::join("hostile").await;
    let bait = Bait::lay();
    let cases = hostile::mezzanines(&bait, 0);
    let mut started = Vec::new();
    for (number, name) in PART.iter().enumerate() {
        let case = cases.iter().find(|c| c.name == *name).unwrap();
        let id = format!("stack-hostile-{number}");
        let delivery = Delivery {
            languages: vec!["ja"],
            mezzanine_key: format!("mezzanines/{id}.{}", case.extension),
            ..Delivery::of(&id, &case.bytes)
        };
        started.push((name, world.deliver(&delivery).await));
    }
    let laughs = "<!DOCTYPE a [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><AnimeTranscodeManifest>&b;</AnimeTranscodeManifest>";
    let bomb = world
        .drop_manifest("manifests/stack-laughs.xml", laughs)
        .await;
    assert_eq!(world.failed(&bomb).await.0, "ManifestInvalid");
    let delivery = good("stack-next");
    let xml = delivery
        .manifest()
        .replace(
            "<EpisodeTitle>One<",
            &format!("<EpisodeTitle>{}<", escaped(TITLE)),
        )
        .replace(
            "<IsDefault>",
            &format!("<Label>{}</Label><IsDefault>", escaped(LABEL)),
        );
    let mezzanine = delivery.mezzanine.clone().unwrap();
    world.put(&delivery.mezzanine_key, mezzanine).await;
    let next = world.drop_manifest(&delivery.manifest_key(), &xml).await;
    for (name, execution) in started {
        let (error, cause) = world.failed(&execution).await;
        let known = ErrorName::ALL.iter().any(|n| n.as_str() == error);
        assert!(known && error != "Internal", "{name}: {error}: {cause}");
        assert!(!bait.is_in(cause.as_bytes()), "{name}: {cause}");
    }
    let output = world.succeeded(&next).await;
    assert_eq!(bait.knocks(), 0, "somebody was called");
    markup_stayed_text(&world, &next, &output).await;
    let log = world.all_logs().await;
    assert!(!bait.is_in(log.as_bytes()), "the canary is in the log");
    nothing_secret(&log);
}

async fn markup_stayed_text(world: &World, execution: &str, output: &Value) {
    let message = world.notification(execution).await;
    assert_eq!(message["title"], TITLE);
    let playlist = text(world, output["outputs"]["hls"].as_str().unwrap()).await;
    let lines: Vec<&str> = playlist.lines().collect();
    let media: Vec<_> = lines.iter().filter(|l| l.contains("TYPE=AUDIO")).collect();
    assert_eq!(media.len(), 1, "{playlist}");
    assert!(
        media[0].contains(&format!("NAME=\"{LABEL}\"")),
        "{playlist}"
    );
    assert!(
        !lines.iter().any(|l| l.starts_with("#EXT-X-ENDLIST")),
        "{playlist}"
    );
    let mpd = text(world, output["outputs"]["dash"].as_str().unwrap()).await;
    assert!(!mpd.contains("<b>"), "{mpd}");
    assert!(mpd.contains("&lt;b&gt;") || mpd.contains("&lt;b>"), "{mpd}");
}

/// An object of the output bucket as text. Playlists are stored gzipped.
async fn text(world: &World, key: &str) -> String {
    let object = ObjectRef::new(&world.deployment.output_bucket, key);
    let body = world.store.get(&object, 1 << 20).await.unwrap();
    let mut text = String::new();
    let mut reader = flate2::read::GzDecoder::new(&body[..]);
    std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
    text
}

/// Patterns of signatures and keys, payloads, and the environment of a function.
fn nothing_secret(log: &str) {
    for function in ["validated", "encoded", "published"] {
        assert!(log.contains(function), "the functions log elsewhere");
    }
    for secret in [
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "AWS4-HMAC-SHA256",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "secret_access_key",
        "<AnimeTranscodeManifest",
        "<EpisodeTitle>",
        "<Mezzanine>",
        "<script>",
    ] {
        let found = log.lines().find(|l| l.contains(secret));
        assert_eq!(found, None, "{secret} is in the log");
    }
}

/// Replaces a mezzanine as soon as it is validated; returns the execution's error, or `None` if the replacement came too late.
async fn swapped(world: &World, id: &str) -> Option<(String, String)> {
    let delivery = good(id);
    let execution = world.deliver(&delivery).await;
    let other = broken::whole()[1].bytes.clone();
    let mut known = BTreeSet::new();
    let mut written = async || {
        let jobs = world.keys("jobs/").await;
        for key in jobs.iter().filter(|k| k.ends_with("/probe.json")) {
            if !known.insert(key.clone()) {
                continue;
            }
            let text: Value = world.outputs().read(key).await.unwrap();
            if text["mezzanine"]["key"] == *delivery.mezzanine_key {
                return true;
            }
        }
        false
    };
    let began = Instant::now();
    while !written().await {
        assert!(began.elapsed() < PATIENCE, "no validation");
    }
    world.put(&delivery.mezzanine_key, other).await;
    let view = world.ended(&execution).await;
    Some((view.error?, view.cause.unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mezzanine_replaced_between_validation_and_encoding_fails_its_job() {
    let world = World::join("hostile").await;
    // Planning may finish before the replacement. The job then correctly continues with the validated version.
    for attempt in 0..5 {
        if let Some((error, cause)) = swapped(&world, &format!("swapped-{attempt}")).await {
            assert_eq!(error, "MezzanineChanged", "{cause}");
            assert!(cause.contains("the validated file: version"), "{cause}");
            return;
        }
    }
    panic!("the swap came too late five times");
}
