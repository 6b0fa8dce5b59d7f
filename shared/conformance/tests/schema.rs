//! The committed schema of `report.json` and the reports that checks make.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use boon::{Compiler, SchemaIndex, Schemas};
use reelsmith_conformance::testing::ValidOutput;
use reelsmith_conformance::{Delivery, Profiles, Report, check};
use reelsmith_core::warning::{Place, Warning, WarningName};
use serde_json::{Value, json};

struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn committed() -> Self {
        let text = include_str!("../../../sample-data/schemas/report.schema.json");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let location = "report.schema.json";
        let schema = serde_json::from_str(text).unwrap();
        compiler.add_resource(location, schema).unwrap();
        let index = compiler.compile(location, &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn refuses(&self, report: &Value) -> Option<String> {
        let result = self.schemas.validate(report, self.index);
        result.err().map(|e| format!("{e:#}"))
    }
}

fn value(report: &Report) -> Value {
    serde_json::to_value(report).unwrap()
}

/// A report with a violation at a line, one at a byte and one in a segment, and one without a place.
fn broken() -> Report {
    let mut good = ValidOutput::new();
    good.edit("master.m3u8", "FRAME-RATE=24.000,", "");
    good.segment("video/h264_360p/seg_00002.m4s", |s| s[0].tfdt += 100);
    good.raw.insert(
        "video/h264_720p/seg_00001.m4s".to_owned(),
        vec![0xff; 2_000],
    );
    good.raw.insert("stray".to_owned(), vec![1]);
    let evidence = &mut good.expected.as_mut().unwrap().evidence;
    evidence.levels.clear();
    evidence.warnings = vec![
        Warning::new(WarningName::CaptionCueDropped, "captions/en.srt")
            .at(Place::Line(607))
            .at(Place::Frame(9))
            .at(Place::Millis(-40))
            .because("an end after the start", "3.5 s", "the cue is left out"),
        Warning::new(WarningName::CaptionTrackEmpty, "stream 3"),
    ];
    good.report()
}

#[test]
fn every_report_is_of_the_committed_schema() {
    let schema = Schema::committed();
    let empty = check(&Delivery::default(), None, Profiles::REELSMITH);
    let foreign = check(
        &ValidOutput::transport().delivery(),
        None,
        Profiles::FORMATS,
    );
    let mut mock = ValidOutput::new().report();
    mock.mock = true;
    for report in [ValidOutput::new().report(), broken(), empty, foreign, mock] {
        let refused = schema.refuses(&value(&report));
        assert_eq!(refused, None, "{}", report.summary());
    }
    let broken = value(&broken());
    let violations = broken["violations"].as_array().unwrap();
    for place in ["line", "byte", "segment"] {
        let there = violations.iter().any(|v| v["location"][place].is_u64());
        assert!(there, "no violation with a {place}");
    }
    let rules = broken["rules"].as_array().unwrap();
    let unjudged = rules.iter().find(|r| r["rule"] == "SEG-16").unwrap();
    assert_eq!(unjudged["outcome"]["result"], "not-judged");
    assert_eq!(broken["warnings"][0]["places"][0], json!({"line": 607}));
}

#[test]
fn what_is_no_report_is_refused() {
    let schema = Schema::committed();
    for (pointer, wrong) in [
        ("/verdict", json!("perhaps")),
        ("/schema", json!(3)),
        ("/rules_checked", json!(-1)),
        ("/rules/0/outcome/result", json!("skipped")),
        ("/profiles/0", json!("theora")),
        ("/renditions/0/outcome/result", json!("fine")),
        ("/violations/0/rule", json!("HLS-1")),
        ("/violations/0/severity", json!("error")),
        ("/violations/0/location", json!({"line": 1, "byte": 2})),
        ("/renditions/0/resolution", json!("large")),
        ("/coverage", json!({})),
        ("/warnings/0/places/0", json!({"line": 1, "frame": 2})),
        ("/warnings/0/count", json!(0)),
    ] {
        let mut report = value(&broken());
        *report.pointer_mut(pointer).unwrap() = wrong;
        assert!(schema.refuses(&report).is_some(), "{pointer}");
    }
    let mut more = value(&broken());
    more["note"] = json!("more than there is");
    assert!(schema.refuses(&more).is_some());
}
