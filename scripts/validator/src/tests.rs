use std::path::PathBuf;

use reelsmith_conformance::Outcome;
use reelsmith_conformance::testing::ValidOutput;

use super::*;

mod decoding;
mod web;

/// A temporary folder with an output.
struct Output(tempfile::TempDir);

impl Output {
    fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn of(good: &ValidOutput) -> Self {
        let output = Self::empty();
        for (path, bytes) in good.bytes() {
            output.write(&path, &bytes);
        }
        output
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        std::fs::create_dir_all(self.path(to).parent().unwrap()).unwrap();
        std::fs::rename(self.path(from), self.path(to)).unwrap();
    }

    async fn location(&self, path: &str) -> Result<Location, Error> {
        Location::of(&self.path(path).display().to_string(), &[]).await
    }

    async fn validate(&self, path: &str) -> Validation {
        let location = self.location(path).await.unwrap();
        validate(&location, None, &Options::default())
            .await
            .unwrap()
    }

    /// The error of a folder that cannot be validated, without the name of the folder.
    async fn error(&self, path: &str) -> String {
        let result = match self.location(path).await {
            Ok(location) => validate(&location, None, &Options::default()).await,
            Err(error) => Err(error),
        };
        self.plain(&result.unwrap_err().to_string())
    }

    fn plain(&self, text: &str) -> String {
        let real = std::fs::canonicalize(self.0.path()).unwrap();
        let text = text.replace(&real.display().to_string(), "[dir]");
        text.replace(&self.0.path().display().to_string(), "[dir]")
    }
}

#[tokio::test]
async fn a_good_output_passes_under_any_document_names() {
    let output = Output::of(&ValidOutput::new());
    let named = output.validate("").await;
    assert_eq!(named.exit_code(), 0, "{}", named.report.summary());
    insta::assert_snapshot!(named.print(Format::Text, "out"));
    output.rename("master.m3u8", "index.m3u8");
    output.rename("manifest.mpd", "stream.mpd");
    assert_eq!(output.validate("").await, named);
    // The documents may be in a folder below the given one.
    let deeper = Output::empty();
    std::fs::rename(output.0.path(), deeper.path("title")).unwrap();
    assert_eq!(deeper.validate("").await.report, named.report);
    std::fs::rename(deeper.path("title"), output.0.path()).unwrap();
}

#[tokio::test]
async fn one_document_can_be_validated_alone() {
    let mut good = ValidOutput::new();
    good.edit("manifest.mpd", "minBufferTime=\"PT4S\"", "");
    let output = Output::of(&good);
    assert_eq!(output.validate("").await.exit_code(), 1);
    assert_eq!(output.validate("master.m3u8").await.exit_code(), 0);
    let mpd = output.validate("manifest.mpd").await.report;
    assert!(
        mpd.violations.iter().any(|v| v.rule == "DSH-03"),
        "{}",
        mpd.summary()
    );
    assert!(mpd.violations.iter().all(|v| v.path == "manifest.mpd"));
}

#[tokio::test]
async fn gzipped_documents_are_unpacked() {
    use std::io::Write as _;
    let good = ValidOutput::new();
    let output = Output::of(&good);
    let text = &good.texts["master.m3u8"];
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    output.write("other.m3u8", &packer.finish().unwrap());
    std::fs::remove_file(output.path("master.m3u8")).unwrap();
    let report = output.validate("").await.report;
    assert_eq!(report.verdict, Verdict::Pass, "{}", report.summary());
    assert_eq!(report.renditions.len(), 10);
}

/// A damaged output with another name of the playlist.
async fn damaged() -> Validation {
    let mut good = ValidOutput::new();
    good.edit("master.m3u8", "FRAME-RATE=24.000,", "");
    good.edit("master.m3u8", "LANGUAGE=\"en\"", "LANGUAGE=\"e<n\"");
    good.missing
        .push("video/h264_720p/seg_00002.m4s".to_owned());
    let output = Output::of(&good);
    output.rename("master.m3u8", "my.m3u8");
    output.validate("").await
}

#[tokio::test]
async fn a_bad_output_in_every_format() {
    let found = damaged().await;
    assert_eq!(found.exit_code(), 1);
    insta::assert_snapshot!("bad_text", found.print(Format::Text, "out"));
    insta::assert_snapshot!("bad_json", found.print(Format::Json, "out"));
    insta::assert_snapshot!("bad_junit", found.print(Format::Junit, "out"));
}

#[tokio::test]
async fn junit_is_well_formed_and_its_counts_are_correct() {
    let mut found = damaged().await;
    found.report.violations[0].found = "a \u{1} <b> & \"c\"".to_owned();
    let text = found.print(Format::Junit, "a \"name\" <of> a target");
    let document = roxmltree::Document::parse(&text).unwrap();
    let count = |name: &str| {
        document
            .descendants()
            .filter(|n| n.has_tag_name(name))
            .count()
            .to_string()
    };
    let suite = document.root_element();
    for (attribute, element) in [
        ("tests", "testcase"),
        ("failures", "failure"),
        ("skipped", "skipped"),
    ] {
        assert_eq!(
            suite.attribute(attribute),
            Some(count(element).as_str()),
            "{attribute}"
        );
        assert_ne!(count(element), "0", "{element}");
    }
}

#[tokio::test]
async fn a_target_that_cannot_be_validated_is_an_error() {
    let output = Output::empty();
    output.write("readme.txt", b"nothing");
    let mut errors = Vec::new();
    for target in ["", "absent", "readme.txt"] {
        errors.push(output.error(target).await);
    }
    let output = Output::of(&ValidOutput::new());
    let location = output.location("").await.unwrap();
    let without_plan = output.location("video").await.unwrap();
    let error = validate(&location, Some(&without_plan), &Options::default())
        .await
        .unwrap_err();
    errors.push(output.plain(&error.to_string()));
    insta::assert_snapshot!(errors.join("\n\n"));
}

#[tokio::test]
async fn missing_multivariant_playlists_and_invalid_documents_are_findings() {
    let output = Output::empty();
    output.write(
        "low.m3u8",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n",
    );
    let report = output.validate("").await.report;
    // A media playlist alone is allowed; its object is missing.
    assert!(
        report.violations.iter().all(|v| v.rule == "SEG-01"),
        "{}",
        report.summary()
    );
    output.write("x.mpd", b"\xff\xfe<MPD");
    output.write("y.m3u8", &[0; 4_096]);
    output.write("z.m3u8", b"\x1f\x8b not gzip");
    let report = output.validate("").await.report;
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(
        report.violations.iter().any(|v| v.path == "x.mpd"),
        "{}",
        report.summary()
    );
}

/// The records of a job with only one audio track, in Japanese.
fn records(good: &ValidOutput) -> Output {
    let plan = serde_json::json!({
        "job_key": "ab".repeat(32), "generation": 1, "frame_rate": "24/1", "timescale": 24_000, "total_frames": 240,
        "mapping": "every", "video_start": {"ticks": 0, "timescale": 24_000}, "segment_frames": 96, "gop_frames": 48, "cutting": {"how": "seek"}, "index": "tables", "scan": "progressive",
        "chunks": [], "groups": [[0]], "video": [], "text": [],
        "audio": [{"path": "audio/ja", "stream": 1, "language": "ja", "label": "日本語", "default": true,
            "sample_rate": 48_000, "samples": 480_000, "channels": 2, "described": false}],
    });
    let bytes = good.bytes();
    let digest = |path: &str| reelsmith_core::digest::sha256_hex(&bytes[path]);
    let segments = (1..=3).map(|number| {
        let name = format!("seg_{number:05}.m4s");
        let path = format!("audio/ja/{name}");
        serde_json::json!({"number": number, "name": name, "size": bytes[&path].len(), "sha256": digest(&path),
            "start": 0, "duration": 0, "samples": 0})
    });
    let segments: Vec<_> = segments.collect();
    let record = serde_json::json!({"output": {"rendition": "audio/ja", "timescale": 48_000,
        "init_sha256": digest("audio/ja/init.mp4"), "segments": segments}});
    let output = Output::empty();
    output.write("plan.json", plan.to_string().as_bytes());
    output.write("renditions/audio_ja.json", record.to_string().as_bytes());
    output
}

#[tokio::test]
async fn with_a_job_the_pipeline_rules_apply_and_metadata_is_not_judged() {
    let good = ValidOutput::new();
    let output = Output::of(&good);
    let ids = async |output: &Output, records: &Output| {
        let (location, job) = (output.location("").await, records.location("").await);
        let (location, job) = (location.unwrap(), job.unwrap());
        let validation = validate(&location, Some(&job), &Options::default()).await;
        let report = validation.unwrap().report;
        let not_judged: Vec<&str> = report.not_judged().map(|(rule, _)| rule).collect();
        for rule in ["DLV-01", "DLV-02", "DLV-03", "DLV-04"] {
            assert!(not_judged.contains(&rule), "{rule}");
        }
        assert_eq!(
            report.rules.len(),
            reelsmith_conformance::registry().count()
        );
        assert_eq!((report.coverage.compared, report.coverage.recorded), (3, 3));
        let found: std::collections::BTreeSet<_> =
            report.violations.iter().map(|v| v.rule.clone()).collect();
        found
    };
    let found = ids(&output, &records(&good)).await;
    assert!(
        found.contains("HLS-M22") && !found.contains("SEG-02"),
        "{found:?}"
    );
    let mut other = good.bytes()["audio/ja/seg_00002.m4s"].clone();
    *other.last_mut().unwrap() ^= 1;
    output.write("audio/ja/seg_00002.m4s", &other);
    let found = ids(&output, &records(&good)).await;
    assert!(found.contains("SEG-02"), "{found:?}");
}

/// An output of one of ffmpeg's muxers: four seconds in two sizes.
fn muxed_by_ffmpeg(muxer: &str, more: &[&str]) -> Output {
    let output = Output::empty();
    let inputs = "-nostdin -v error -f lavfi -i testsrc2=size=320x180:rate=24:duration=4 \
                  -f lavfi -i sine=duration=4:sample_rate=48000 -map 0:v -map 0:v -map 1:a -s:v:1 160x90";
    let codecs = "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -g 48 -c:a aac -threads 1";
    let words = inputs.split_whitespace().chain(codecs.split_whitespace());
    let words = words.chain(muxer.split(' ')).chain(more.iter().copied());
    muxed_with(&output, &words.collect::<Vec<_>>());
    output
}

#[allow(
    clippy::disallowed_methods,
    reason = "a test makes its input with the reference ffmpeg"
)]
fn muxed_with(output: &Output, args: &[&str]) {
    let mut command = std::process::Command::new("ffmpeg");
    let status = command.current_dir(output.0.path()).args(args).status();
    assert!(status.unwrap().success(), "ffmpeg {args:?}");
}

#[tokio::test]
async fn outputs_of_ffmpeg_muxers_are_measured_and_judged() {
    let hls = muxed_by_ffmpeg(
        "-f hls -hls_time 2 -hls_playlist_type vod -hls_segment_type fmp4 -master_pl_name top.m3u8 -var_stream_map",
        &["v:0,agroup:a v:1,agroup:a a:0,agroup:a", "v%v.m3u8"],
    );
    let found = hls.validate("").await.report;
    let frames: Vec<u64> = found
        .renditions
        .iter()
        .filter(|r| r.kind == "video")
        .map(|r| r.samples)
        .collect();
    assert_eq!(frames, [96, 96], "{}", found.summary());
    assert!(
        found.violations.iter().any(|v| v.path == "top.m3u8"),
        "{}",
        found.summary()
    );
    assert!(
        found.violations.iter().all(|v| v.rule != "PIP-02"),
        "{}",
        found.summary()
    );
    let dash = muxed_by_ffmpeg(
        "-f dash -seg_duration 2 -adaptation_sets",
        &["id=0,streams=v id=1,streams=a", "any.mpd"],
    );
    let found = dash.validate("").await.report;
    assert!(found.coverage.objects > 6, "{}", found.summary());
    assert!(
        found.violations.iter().all(|v| v.rule != "PIP-02"),
        "{}",
        found.summary()
    );
    let transport = muxed_by_ffmpeg(
        "-f hls -hls_time 2 -hls_playlist_type vod -master_pl_name top.m3u8 -var_stream_map",
        &["v:0,a:0 v:1", "v%v.m3u8"],
    );
    let found = transport.validate("").await.report;
    assert!(!found.violations.is_empty());
}

#[tokio::test]
async fn every_further_document_is_checked_and_named() {
    let output = Output::of(&ValidOutput::new());
    let master = std::fs::read(output.path("master.m3u8")).unwrap();
    output.write("other.m3u8", &master);
    let found = output.validate("").await;
    assert_eq!(found.exit_code(), 0, "{}", found.report.summary());
    assert_eq!(found.report.documents.len(), 1);
    assert_eq!(found.report.documents[0].path, "other.m3u8");
    assert_eq!(found.report.documents[0].outcome, Outcome::Passed);
    let text = String::from_utf8(master).unwrap();
    let broken = text.replace("BANDWIDTH=", "BANDWITH=");
    output.write("deeper/copy.m3u8", broken.as_bytes());
    let found = output.validate("").await;
    assert_eq!(found.exit_code(), 1, "{}", found.report.summary());
    let failed = |v: &&reelsmith_conformance::Violation| v.path == "deeper/copy.m3u8";
    assert!(found.report.violations.iter().any(|v| failed(&v)));
    assert!(matches!(
        found.report.documents[0].outcome,
        Outcome::Failed { .. }
    ));
    // The first one alone.
    assert_eq!(output.validate("master.m3u8").await.exit_code(), 0);
}

#[tokio::test]
async fn checksums_beside_a_package_are_compared() {
    let good = ValidOutput::new();
    let output = Output::of(&good);
    let bytes = good.bytes();
    let lines = bytes
        .iter()
        .map(|(path, bytes)| format!("{}  ./{path}\n", reelsmith_core::digest::sha256_hex(bytes)));
    let list: String = lines.collect();
    output.write("SHA256SUMS", list.as_bytes());
    let found = output.validate("").await.report;
    let outcome = |report: &Report| {
        let rule = report.rules.iter().find(|r| r.rule == "SEG-02");
        rule.unwrap().outcome.clone()
    };
    assert_eq!(outcome(&found), Outcome::Passed, "{}", found.summary());
    let path = "video/h264_720p/seg_00002.m4s";
    let mut damaged = bytes[path].clone();
    *damaged.last_mut().unwrap() ^= 1;
    output.write(path, &damaged);
    let found = output.validate("").await.report;
    let mut violations = found.violations.iter();
    assert!(violations.any(|v| v.rule == "SEG-02" && v.path == path));
    assert_eq!(found.verdict, Verdict::Fail);
}

#[tokio::test]
async fn sarif_has_the_rules_and_the_places_of_the_violations() {
    let found = damaged().await;
    let text = found.print(Format::Sarif, "out");
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), found.report.violations.len());
    for (result, violation) in results.iter().zip(&found.report.violations) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], *violation.rule);
        assert!(rules[index]["help"]["text"].as_str().unwrap().len() > 40);
    }
    let language = results.iter().find(|r| r["ruleId"] == "HLS-M13").unwrap();
    assert_eq!(language["level"], "error");
    let place = &language["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "my.m3u8");
    assert!(place["region"]["startLine"].as_u64().unwrap() > 1);
}
