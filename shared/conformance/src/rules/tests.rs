//! Tests of the rules: each damages a valid output in one way and expects the rule that covers the damage.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::profile::{Clause, Profile};
use crate::report::{Outcome, Severity, Verdict};
use crate::rule::MAX_PER_RULE;
use crate::testing::ValidOutput;

mod foreign;
mod judges;
mod kinds;
mod media;
mod mpd;
mod multivariant;
mod playlists;
mod storage;
mod supplied;

/// One way to damage a valid output.
struct Damage {
    name: &'static str,
    /// The rule that covers it.
    rule: &'static str,
    /// Other rules with severity fail that it necessarily breaks too.
    also: &'static [&'static str],
    apply: fn(&mut ValidOutput),
}

const MASTER: &str = "master.m3u8";
const MPD: &str = "manifest.mpd";
const V360: &str = "video/h264_360p";
const V720: &str = "video/h264_720p";

fn all() -> impl Iterator<Item = &'static Damage> {
    let playlists = playlists::DAMAGES.iter().chain(multivariant::DAMAGES);
    let texts = playlists.chain(mpd::DAMAGES);
    let media = texts.chain(media::DAMAGES).chain(supplied::DAMAGES);
    media.chain(storage::DAMAGES)
}

/// Outputs of every kind that break no rule.
fn valid_outputs() -> Vec<(&'static str, ValidOutput, Profiles)> {
    let without_job = ValidOutput {
        expected: None,
        ..ValidOutput::new()
    };
    let mut hls_only = without_job.clone();
    hls_only.texts.remove(MPD);
    let mut dash_only = without_job.clone();
    dash_only.texts.retain(|path, _| !path.ends_with(".m3u8"));
    let mut uncached = without_job.clone();
    uncached.objects.clear();
    vec![
        ("of a job", ValidOutput::new(), Profiles::REELSMITH),
        (
            "without audio",
            ValidOutput::without_audio(),
            Profiles::REELSMITH,
        ),
        ("without a job", without_job, Profiles::FORMATS),
        ("HLS only", hls_only, Profiles::FORMATS),
        ("DASH only", dash_only, Profiles::FORMATS),
        (
            "of which only sizes are listed",
            uncached,
            Profiles::FORMATS,
        ),
        (
            "in one file with byte ranges",
            foreign::byte_ranges(),
            Profiles::FORMATS,
        ),
        ("encrypted", ValidOutput::protected(), Profiles::REELSMITH),
        (
            "of six rungs and a minute",
            ValidOutput::long(16, 1),
            Profiles::REELSMITH,
        ),
    ]
}

/// Prints a line that `cargo test` shows without `--nocapture`, which captures the printing macros only.
fn print(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[test]
fn valid_outputs_break_no_rule() {
    let outputs = valid_outputs();
    for (name, good, sets) in &outputs {
        let report = check(&good.delivery(), good.expected.as_ref(), *sets);
        assert_eq!(report.violations, [], "{name}\n{}", report.summary());
        assert_eq!(report.verdict, Verdict::Pass);
    }
    print(&format!(
        "good outputs: {} of {} without violation",
        outputs.len(),
        outputs.len()
    ));
}

fn not_judged(report: &Report) -> Vec<&str> {
    report.not_judged().map(|(rule, _)| rule).collect()
}

fn not_applicable(report: &Report) -> Vec<&str> {
    let rules = report.rules.iter();
    let without = rules.filter(|r| r.outcome == Outcome::NotApplicable);
    without.map(|r| &*r.rule).collect()
}

/// Nothing that a rule is about: that rule is neither checked nor passed.
#[test]
fn a_rule_without_a_subject_is_not_applicable() {
    let good = ValidOutput::new();
    let ours = not_applicable(&good.report()).join(" ");
    insta::assert_snapshot!(ours, @"HLS-M14 HLS-M17 HLS-M20 HLS-M26 HLS-P12 HLS-P17 HLS-P18 SEG-05 SUB-05 DSH-17 CMF-08");
    let streams = ValidOutput::transport().delivery();
    let report = check(&streams, None, Profile::Rfc.into());
    insta::assert_snapshot!(not_applicable(&report).join(" "), @"HLS-M11 HLS-M12 HLS-M13 HLS-M14 HLS-M15 HLS-M16 HLS-M20 HLS-M26 HLS-M28 HLS-P09 HLS-P10 HLS-P12 HLS-P13 HLS-P14 HLS-P17 HLS-P18 SEG-02 SEG-06 SEG-25 SUB-01 SUB-04 SUB-05 CMF-02 CMF-03 CMF-08 CMF-09 CMF-10 CMF-11");
    assert_eq!(report.verdict, Verdict::Pass);
    let report = check(&good.delivery(), None, Profile::Dash.into());
    assert!(report.rules.iter().all(|r| !r.rule.starts_with("HLS")));
}

/// The same defect is a fail, a warning or nothing, as the clause of each profile demands.
#[test]
fn the_severity_follows_from_the_clause_of_the_profile() {
    let mut damaged = ValidOutput::new();
    damaged.edit(MASTER, "FRAME-RATE=24.000,", "");
    let severity = |profiles: Profiles| {
        let report = check(&damaged.delivery(), None, profiles);
        let violations = report.violations.iter();
        let worst = violations
            .filter(|v| v.rule == "HLS-M05")
            .map(|v| v.severity);
        worst.max()
    };
    assert_eq!(severity(Profile::Rfc.into()), Some(Severity::Warn));
    assert_eq!(severity(Profile::Apple.into()), Some(Severity::Fail));
    assert_eq!(severity(Profile::Dash.into()), None);
    assert_eq!(severity(Profiles::FORMATS), Some(Severity::Fail));
    assert_eq!(severity(Profiles::REELSMITH), Some(Severity::Fail));
}

#[test]
fn all_rules_are_judged_if_all_facts_are_supplied() {
    for good in [ValidOutput::new(), ValidOutput::without_audio()] {
        let report = good.report();
        assert_eq!(not_judged(&report), [] as [&str; 0]);
        assert_eq!(report.rules.len(), registry().count());
        let applicable = report.rules.len() - not_applicable(&report).len();
        assert_eq!(report.rules_checked as usize, applicable);
    }
}

#[test]
fn rules_without_their_facts_are_listed_as_not_judged() {
    let mut good = ValidOutput::new();
    good.expected.as_mut().unwrap().evidence = crate::Evidence::default();
    let report = good.report();
    assert_eq!(report.violations, []);
    let unjudged = [
        "SEG-16", "SEG-17", "SEG-18", "SRC-01", "SRC-02", "SRC-03", "SRC-04", "SRC-05", "SRC-06",
        "PIP-01", "PIP-03",
    ];
    assert_eq!(not_judged(&report), unjudged);
}

#[test]
fn every_damage_is_found_by_its_rule_and_by_no_unrelated_one() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    let pristine = ValidOutput::new();
    for damage in all() {
        count += 1;
        let mut good = pristine.clone();
        (damage.apply)(&mut good);
        let report = good.report();
        let found: BTreeSet<&str> = report.violations.iter().map(|v| &*v.rule).collect();
        let fails = report
            .violations
            .iter()
            .filter(|v| v.severity == Severity::Fail);
        let unrelated: BTreeSet<&str> = fails
            .map(|v| &*v.rule)
            .filter(|r| *r != damage.rule && !damage.also.contains(r))
            .collect();
        let unused: Vec<_> = damage
            .also
            .iter()
            .filter(|r| !found.contains(**r))
            .collect();
        if !found.contains(damage.rule) || !unrelated.is_empty() || !unused.is_empty() {
            wrong.push(format!(
                "{} ({}): unrelated {unrelated:?}, expected but absent {unused:?}\n{}",
                damage.name,
                damage.rule,
                report.summary()
            ));
        }
    }
    print(&format!(
        "mutations: {} of {count} caught",
        count - wrong.len()
    ));
    assert!(
        wrong.is_empty(),
        "{} damages:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// An output that is consistent in itself, and not that of the job: only the expectation tells.
#[test]
fn audio_must_be_in_the_output_if_and_only_if_the_job_has_it() {
    let (sound, silent) = (ValidOutput::new(), ValidOutput::without_audio());
    for (output, job) in [(&silent, &sound), (&sound, &silent)] {
        let report = check(
            &output.delivery(),
            job.expected.as_ref(),
            Profiles::REELSMITH,
        );
        assert_eq!(report.verdict, Verdict::Fail);
        let broken: BTreeSet<&str> = report.violations.iter().map(|v| &*v.rule).collect();
        assert_eq!(broken, BTreeSet::from(["DSH-18", "HLS-M22"]));
    }
}

#[test]
fn every_rule_has_a_damage_and_damage_names_are_unique() {
    let owned: BTreeSet<&str> = all().map(|d| d.rule).collect();
    let known: BTreeSet<&str> = registry().map(|r| r.id).collect();
    assert_eq!(owned, known);
    let names: BTreeSet<&str> = all().map(|d| d.name).collect();
    assert_eq!(names.len(), all().count());
    assert!(names.len() >= 170);
}

#[test]
fn rules_have_unique_ids_a_clause_and_a_text() {
    let ids: BTreeSet<&str> = registry().map(|r| r.id).collect();
    assert_eq!(ids.len(), registry().count());
    for rule in registry() {
        let (group, number) = rule.id.split_once('-').unwrap();
        assert!(
            matches!(
                group,
                "HLS" | "SEG" | "SRC" | "SUB" | "IMG" | "DSH" | "CMF" | "DLV" | "PIP"
            ),
            "{group}"
        );
        assert!(number.len() == 2 || number.len() == 3, "{}", rule.id);
        assert!(rule.title.len() > 10 && rule.doc.len() > 40, "{}", rule.id);
        assert!(
            rule.clauses().all(|c| c.text.len() > 5) && !rule.doc.ends_with(' '),
            "{}",
            rule.id
        );
    }
}

/// The generated part of docs/conformance.md: the pipeline rules, and a table for each group of rules.
fn tables() -> String {
    let heading = |rule: &Rule| match &rule.id[..5] {
        "HLS-G" => "Playlist syntax",
        "HLS-M" => "Multivariant playlist",
        "HLS-P" => "Media playlists",
        id => match &id[..3] {
            "SEG" => "Segments",
            "SRC" => "Comparisons with the mezzanine",
            "SUB" => "Captions",
            "IMG" => "Thumbnails and poster",
            "DSH" => "MPD",
            "CMF" => "CMAF files",
            "DLV" => "Storing and serving",
            _ => "Promises of the pipeline",
        },
    };
    let own = |r: &&Rule| r.severity(Profiles::FORMATS).is_none();
    let pipeline = registry().filter(own);
    let pipeline: Vec<&str> = pipeline.map(|r| r.id).collect();
    let mut text = "\nThe profile `reelsmith` has every rule; the column *severity* is that of this profile. In the other \
                    profiles *must* makes a violation a fail, and *should* a warning. These rules are promises of this \
                    pipeline only:"
        .to_owned();
    for (index, id) in pipeline.iter().enumerate() {
        text += if index % 12 == 0 { "\n" } else { " " };
        text += id;
        text += if index + 1 < pipeline.len() {
            ","
        } else {
            ".\n"
        };
    }
    let mut last = "";
    for rule in registry() {
        if heading(rule) != last {
            last = heading(rule);
            text += &format!(
                "\n### {last}\n\n| rule | severity | requirement | clauses |\n|---|---|---|---|\n"
            );
        }
        let severity = rule.severity(Profiles::REELSMITH).unwrap();
        let (id, title) = (rule.id, rule.title);
        let clause = |c: &Clause| format!("{} *{}*: {}", c.profile, c.level, c.text);
        let clauses: Vec<String> = rule.basis.iter().map(clause).collect();
        text += &format!(
            "| {id} | {severity} | {title} | {} |\n",
            clauses.join("<br>")
        );
        for part in rule.parts {
            let clauses: Vec<String> = part.basis.iter().map(clause).collect();
            let clauses = clauses.join("<br>");
            text += &format!("| | | – {} | {clauses} |\n", part.title);
        }
    }
    text + "\n"
}

/// The tables also pin the identifiers and severities: neither changes unnoticed.
#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "a test reads its options from the environment"
)]
fn the_documentation_has_the_tables_of_the_rules() {
    const MARKS: [&str; 2] = ["<!-- rules: generated -->\n", "<!-- /rules -->"];
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(MARKS[0]).unwrap();
    let (found, after) = rest.split_once(MARKS[1]).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let text = [before, MARKS[0], &tables(), MARKS[1], after].concat();
        return std::fs::write(path, text).unwrap();
    }
    assert!(
        found == tables(),
        "docs/conformance.md is out of date; run UPDATE_DOCS=1 cargo test -p reelsmith-conformance"
    );
}

#[test]
fn an_empty_delivery_fails() {
    let report = check(&Delivery::default(), None, Profiles::REELSMITH);
    assert_eq!(report.verdict, Verdict::Fail);
    insta::assert_snapshot!(report.summary(), @r"
    FAIL: 1 rules checked (reelsmith), 1 fail, 0 warn, 0 info
      not judged: HLS-M22, SEG-08, SEG-16, SEG-17, SEG-18, SRC-01, SRC-02, SRC-03, SRC-04, SRC-05, SRC-06, SUB-02, SUB-03, IMG-02, DSH-18, DLV-01, DLV-02, DLV-03, DLV-04, PIP-01, PIP-03
    HLS-M01 fail master.m3u8: expected a multivariant playlist, found none
    ");
}

#[test]
fn the_number_of_listed_violations_is_bounded() {
    let mut good = ValidOutput::new();
    good.missing = good.segments.keys().cloned().collect();
    let report = good.report();
    let listed = report
        .violations
        .iter()
        .filter(|v| v.rule == "SEG-01")
        .count();
    assert_eq!(listed, MAX_PER_RULE + 1);
}

#[test]
fn a_report_survives_serialization() {
    let mut good = ValidOutput::new();
    good.edit(MASTER, "FRAME-RATE=24.000,", "");
    let report = good.report();
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    insta::assert_json_snapshot!(report.violations, @r#"
    [
      {
        "rule": "HLS-M05",
        "severity": "fail",
        "path": "master.m3u8",
        "location": {
          "line": 8
        },
        "expected": "FRAME-RATE",
        "found": "none"
      }
    ]
    "#);
    insta::assert_snapshot!(report.violations[0], @"HLS-M05 fail master.m3u8:8: expected FRAME-RATE, found none");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_damage_never_panics(
        which in any::<prop::sample::Index>(),
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut good = ValidOutput::new();
        let bytes = good.bytes();
        let path = which.get(&bytes.keys().cloned().collect::<Vec<_>>()).clone();
        let mut data = bytes[&path].clone();
        for (at, value) in hits {
            let at = at.index(data.len());
            data[at] = value;
        }
        good.raw.insert(path, data);
        let report = good.report();
        prop_assert!(report.rules_checked > 60);
        prop_assert!(!report.summary().is_empty());
    }
}
